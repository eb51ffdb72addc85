import type { LoggedModel, LoggedModelStatus, TrackingDoor } from '../../domains/experiments/index.ts';
import { wireFiles } from './artifacts.ts';
import { missing } from './errors.ts';
import { experimentId, parseExperimentId, tagsOf } from './experiments.ts';
import type { MlflowRoute } from './routes.ts';
import { runId } from './runs.ts';
import { pairs, wireMetric } from './wire.ts';

type WireStatus = 'LOGGED_MODEL_PENDING' | 'LOGGED_MODEL_READY' | 'LOGGED_MODEL_UPLOAD_FAILED';
const statuses: Readonly<Record<LoggedModelStatus, WireStatus>> = {
  PENDING: 'LOGGED_MODEL_PENDING',
  READY: 'LOGGED_MODEL_READY',
  FAILED: 'LOGGED_MODEL_UPLOAD_FAILED',
};
const statusNumbers = {
  1: 'LOGGED_MODEL_PENDING',
  2: 'LOGGED_MODEL_READY',
  3: 'LOGGED_MODEL_UPLOAD_FAILED',
} as const;
const wireStatuses = Object.values(statuses);

function wireLoggedModel(model: LoggedModel) {
  return {
    info: {
      model_id: model.id,
      experiment_id: String(model.experimentId),
      name: model.name,
      creation_timestamp_ms: model.createdAt,
      last_updated_timestamp_ms: model.updatedAt,
      artifact_uri: model.artifactUri,
      status: statuses[model.status],
      ...(model.modelType !== null && { model_type: model.modelType }),
      ...(model.sourceRunId !== null && { source_run_id: model.sourceRunId }),
      tags: pairs(model.tags),
    },
    data: {
      params: pairs(model.params),
      metrics: model.metrics.map((metric) => ({
        ...wireMetric(metric),
        model_id: model.id,
        run_id: metric.runId,
        ...(metric.datasetName !== null && { dataset_name: metric.datasetName }),
        ...(metric.datasetDigest !== null && { dataset_digest: metric.datasetDigest }),
      })),
    },
  };
}

/** Models that runs log, from creation to search: the chain behind every `log_model` of MLflow 3. */
export function loggedModelRoutes(tracking: TrackingDoor): MlflowRoute[] {
  const since = 2;
  return [
    {
      method: 'POST',
      since,
      path: 'logged-models',
      handle: async (scope, fields) => ({
        model: wireLoggedModel(
          await tracking.createLoggedModel(scope, {
            experimentId: experimentId(fields),
            name: fields.optionalText('name'),
            modelType: fields.optionalText('model_type'),
            sourceRunId: fields.optionalText('source_run_id'),
            params: tagsOf(fields, 'params'),
            tags: tagsOf(fields),
          }),
        ),
      }),
    },
    { method: 'POST', since, path: 'logged-models/search', handle: search(tracking) },
    {
      method: 'GET',
      since,
      path: 'logged-models/:model',
      handle: async (scope, fields, { model }) => ({
        model: wireLoggedModel(await tracking.getLoggedModel(scope, model!, fields.flag('allow_deleted'))),
      }),
    },
    {
      method: 'PATCH',
      since,
      path: 'logged-models/:model',
      handle: async (scope, fields, { model }) => {
        const asked = fields.choice('status', wireStatuses, statusNumbers);
        if (!asked) throw missing('status');
        const status = asked.replace('LOGGED_MODEL_', '').replace('UPLOAD_', '') as LoggedModelStatus;
        return { model: wireLoggedModel(await tracking.finalizeLoggedModel(scope, model!, status)) };
      },
    },
    {
      method: 'DELETE',
      since,
      path: 'logged-models/:model',
      handle: async (scope, _fields, { model }) => {
        await tracking.deleteLoggedModel(scope, model!);
        return {};
      },
    },
    ...detailRoutes(tracking),
  ];
}

function detailRoutes(tracking: TrackingDoor): MlflowRoute[] {
  const since = 2;
  return [
    {
      method: 'POST',
      since,
      path: 'logged-models/:model/params',
      handle: async (scope, fields, { model }) => {
        await tracking.addLoggedModelParams(scope, model!, tagsOf(fields, 'params'));
        return {};
      },
    },
    {
      method: 'PATCH',
      since,
      path: 'logged-models/:model/tags',
      handle: async (scope, fields, { model }) => ({
        model: wireLoggedModel(await tracking.setLoggedModelTags(scope, model!, tagsOf(fields))),
      }),
    },
    {
      method: 'DELETE',
      since,
      path: 'logged-models/:model/tags/:key',
      handle: async (scope, _fields, { model, key }) => {
        await tracking.deleteLoggedModelTag(scope, model!, key!);
        return {};
      },
    },
    {
      method: 'GET',
      since,
      path: 'logged-models/:model/artifacts/directories',
      handle: async (scope, fields, { model }) => {
        const { id, artifactUri } = await tracking.getLoggedModel(scope, model!);
        const path = tracking.checkArtifactPath(fields.optionalText('artifact_directory_path') ?? '');
        return {
          root_uri: artifactUri,
          files: await wireFiles({ scope }, tracking, { owner: id, path }, path),
        };
      },
    },
    {
      method: 'POST',
      since,
      path: 'runs/outputs',
      handle: async (scope, fields) => {
        const links = fields.messages('models').map((link) => ({
          modelId: link.text('model_id'),
          direction: 'output' as const,
          step: link.optionalInteger('step') ?? 0,
        }));
        await tracking.logInputs(scope, runId(fields), [], links);
        return {};
      },
    },
  ];
}

function search(tracking: TrackingDoor): MlflowRoute['handle'] {
  return async (scope, fields) => {
    const { models, next } = await tracking.searchLoggedModels(scope, {
      experimentIds: fields
        .texts('experiment_ids')
        .map((id, i) => parseExperimentId(id, `experiment_ids[${i}]`)),
      filter: fields.optionalText('filter'),
      datasets: fields.messages('datasets').map((dataset) => ({
        name: dataset.text('dataset_name'),
        digest: dataset.optionalText('dataset_digest'),
      })),
      orderBy: fields.messages('order_by').map((order) => ({
        field: order.text('field_name'),
        ascending: !order.has('ascending') || order.flag('ascending'),
        ...(order.has('dataset_name') && {
          dataset: { name: order.text('dataset_name'), digest: order.optionalText('dataset_digest') },
        }),
      })),
      maxResults: fields.optionalInteger('max_results') || undefined,
      pageToken: fields.optionalText('page_token'),
    });
    return { models: models.map(wireLoggedModel), ...(next && { next_page_token: next }) };
  };
}
