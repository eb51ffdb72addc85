import type { DatasetInput, Pair, TrackingDoor } from '../../domains/experiments/index.ts';
import { invalid, missing } from './errors.ts';
import { experimentId, parseExperimentId, stagesOf, tagsOf } from './experiments.ts';
import type { Fields } from './fields.ts';
import type { MlflowRoute } from './routes.ts';
import { runsText } from './runs-text.ts';
import { TAG, wireRun, wireRunInfo } from './wire.ts';

/** `run_id`, or `run_uuid` as older clients call it. */
export function runId(fields: Fields): string {
  const id = fields.optionalText('run_id') || fields.optionalText('run_uuid');
  if (!id) throw missing(fields.at('run_id'));
  if (!/^[a-zA-Z0-9][\w-]{0,255}$/.test(id)) throw invalid(fields.at('run_id'), 'it is not the id of a run.');
  return id;
}

const statuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const;
const statusNumbers = { 1: 'RUNNING', 2: 'SCHEDULED', 3: 'FINISHED', 4: 'FAILED', 5: 'KILLED' } as const;
type Status = Lowercase<(typeof statuses)[number]>;

/** What tags say of the run itself. */
export function nameAndParent(tags: readonly Pair[]): { name?: string; parent?: string } {
  const tagged = (key: string) => tags.findLast((tag) => tag.key === key)?.value;
  const [name, parent] = [tagged(TAG.runName), tagged(TAG.parentRun)];
  return { ...(name && { name }), ...(parent && { parent }) };
}

export function runRoutes(tracking: TrackingDoor): MlflowRoute[] {
  const since = 2;
  return [
    { method: 'POST', since, path: 'runs/create', handle: createRun(tracking) },
    {
      method: 'GET',
      since,
      path: 'runs/get',
      handle: async (scope, fields) => ({ run: wireRun(await tracking.getTrackedRun(scope, runId(fields))) }),
    },
    {
      method: 'POST',
      since,
      path: 'runs/update',
      handle: async (scope, fields) => {
        const id = runId(fields);
        const status = fields.choice('status', statuses, statusNumbers)?.toLowerCase() as Status | undefined;
        const name = fields.optionalText('run_name') || undefined;
        if (name) await tracking.logBatch(scope, id, { tags: [{ key: TAG.runName, value: name }] });
        const run = await tracking.updateRun(scope, id, {
          name,
          status,
          endedAt: fields.optionalInteger('end_time'),
        });
        return { run_info: wireRunInfo(run) };
      },
    },
    {
      method: 'POST',
      since,
      path: 'runs/delete',
      handle: async (scope, fields) => {
        await tracking.deleteRun(scope, runId(fields));
        return {};
      },
    },
    {
      method: 'POST',
      since,
      path: 'runs/restore',
      handle: async (scope, fields) => {
        await tracking.restoreRun(scope, runId(fields));
        return {};
      },
    },
    { method: 'POST', since, path: 'runs/search', handle: searchRuns(tracking) },
    { method: 'POST', since, path: 'runs/log-model', handle: logModel(tracking) },
    { method: 'POST', since, path: 'runs/log-inputs', handle: logInputs(tracking) },
    { method: 'POST', since, path: 'experiments/search-datasets', handle: searchDatasets(tracking) },
  ];
}

function createRun(tracking: TrackingDoor): MlflowRoute['handle'] {
  return async (scope, fields) => {
    const tags = tagsOf(fields);
    const tagged = nameAndParent(tags);
    const given = fields.optionalText('run_name') || undefined;
    if (given !== undefined && tagged.name !== undefined && given !== tagged.name) {
      throw invalid('run_name', `it differs from the tag '${TAG.runName}'.`);
    }
    const name = given ?? tagged.name ?? tracking.randomRunName();
    const run = await tracking.openRun(scope, {
      experimentId: experimentId(fields),
      name,
      parent: tagged.parent,
      user: fields.optionalText('user_id') || undefined,
      startedAt: fields.optionalInteger('start_time'),
      tags: tagged.name === undefined ? [...tags, { key: TAG.runName, value: name }] : tags,
    });
    return { run: wireRun(run) };
  };
}

function searchRuns(tracking: TrackingDoor): MlflowRoute['handle'] {
  return async (scope, fields) => {
    const { next, ...page } = await tracking.searchTrackedRuns(scope, {
      experimentIds: fields
        .texts('experiment_ids')
        .map((id, i) => parseExperimentId(id, `experiment_ids[${i}]`)),
      stages: stagesOf(fields, 'run_view_type'),
      filter: fields.optionalText('filter'),
      orderBy: fields.texts('order_by'),
      maxResults: fields.optionalInteger('max_results') ?? 1000,
      pageToken: fields.optionalText('page_token'),
    });
    const token = next === undefined ? '' : `,"next_page_token":${JSON.stringify(next)}`;
    return `{"runs":${runsText(page)}${token}}`;
  };
}

function logInputs(tracking: TrackingDoor): MlflowRoute['handle'] {
  return async (scope, fields) => {
    const inputs = fields.messages('datasets').map((input): DatasetInput => {
      const dataset = input.optionalMessage('dataset');
      if (!dataset) throw missing(input.at('dataset'));
      const tags = Object.fromEntries(tagsOf(input).map(({ key, value }) => [key, value]));
      const { [TAG.datasetContext]: context, ...others } = tags;
      return {
        dataset: {
          name: dataset.text('name'),
          digest: dataset.text('digest'),
          sourceType: dataset.text('source_type'),
          source: dataset.text('source'),
          schema: dataset.optionalText('schema') ?? null,
          profile: dataset.optionalText('profile') ?? null,
        },
        context: context ?? null,
        tags: others,
      };
    });
    const models = fields.messages('models').map((model) => ({
      modelId: model.text('model_id'),
      direction: 'input' as const,
      step: 0,
    }));
    await tracking.logInputs(scope, runId(fields), inputs, models);
    return {};
  };
}

function searchDatasets(tracking: TrackingDoor): MlflowRoute['handle'] {
  return async (scope, fields) => {
    const ids = fields.texts('experiment_ids').map((id, i) => parseExperimentId(id, `experiment_ids[${i}]`));
    if (ids.length === 0) throw missing('experiment_ids');
    if (ids.length > 20) throw invalid('experiment_ids', 'at most 20 at a time.');
    const summaries = await tracking.datasetSummaries(scope, ids);
    return {
      dataset_summaries: summaries.map(({ experimentId: id, name, digest, context }) => ({
        experiment_id: String(id),
        name,
        digest,
        ...(context !== null && { context }),
      })),
    };
  };
}

/** How clients before version 3 note a model: a list in a tag of the run. */
function logModel(tracking: TrackingDoor): MlflowRoute['handle'] {
  return async (scope, fields) => {
    const id = runId(fields);
    const model = parseJson(fields.text('model_json'));
    if (model === undefined) throw invalid('model_json', 'it is not JSON.');
    const { tags } = await tracking.getTrackedRun(scope, id);
    const known = parseJson(tags[TAG.modelHistory] ?? '[]');
    const value = JSON.stringify([...(Array.isArray(known) ? known : []), model]);
    await tracking.logBatch(scope, id, { tags: [{ key: TAG.modelHistory, value }] });
    return {};
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
