import type { Trace, TrackingDoor } from '../../domains/experiments/index.ts';
import type { Scope } from '../../platform/scope.ts';
import { MlflowError, missing } from './errors.ts';
import { experimentId, parseExperimentId } from './experiments.ts';
import type { Fields } from './fields.ts';
import type { MlflowRoute } from './routes.ts';
import { readTrace, wireSpan, wireTraceInfo } from './traces-wire.ts';

/** Traces and their spans in the form of version 3. */
export function traceRoutes(tracking: TrackingDoor): MlflowRoute[] {
  return [
    {
      method: 'POST',
      since: 3,
      path: 'traces',
      handle: async (scope, fields) => {
        const { trace, assessments } = readTrace(fields);
        return {
          trace: { trace_info: wireTraceInfo(await tracking.recordTrace(scope, trace, assessments)) },
        };
      },
    },
    {
      method: 'GET',
      since: 3,
      path: 'traces/:trace',
      handle: async (scope, _fields, { trace }) => ({
        trace: { trace_info: wireTraceInfo(await tracking.getTrace(scope, trace!)) },
      }),
    },
    {
      method: 'GET',
      since: 3,
      path: 'traces/get',
      handle: async (scope, fields) => ({
        trace: await whole(tracking, scope, fields.text('trace_id'), fields.flag('allow_partial')),
      }),
    },
    {
      method: 'GET',
      since: 3,
      path: 'traces/batchGet',
      handle: async (scope, fields) => {
        const traces = await named(tracking, scope, fields);
        const spans = await tracking.spansOf(
          scope,
          traces.map(({ id }) => id),
        );
        const complete = traces.filter(({ id }) => spans.has(id)).filter(isComplete);
        return {
          traces: complete.map((trace) => ({
            trace_info: wireTraceInfo(trace),
            spans: spans.get(trace.id)!.map(wireSpan),
          })),
        };
      },
    },
    {
      method: 'POST',
      since: 3,
      path: 'traces/batchGetInfos',
      handle: async (scope, fields) => ({
        trace_infos: (await named(tracking, scope, fields)).map(wireTraceInfo),
      }),
    },
    { method: 'POST', since: 3, path: 'traces/search', handle: search(tracking) },
    ...changes(tracking, 2),
    ...changes(tracking, 3),
    ...links(tracking),
  ];
}

function named(tracking: TrackingDoor, scope: Scope, fields: Fields): Promise<Trace[]> {
  const ids = fields.texts('trace_ids');
  if (ids.length === 0) throw missing('trace_ids');
  const experiments = fields.has('experiment_ids')
    ? fields.texts('experiment_ids').map((text, i) => parseExperimentId(text, `experiment_ids[${i}]`))
    : undefined;
  return tracking.getTraces(scope, ids, experiments);
}

/** How many spans the client said that there are; spans may come after the trace. */
function isComplete({ metadata, spans }: Trace): boolean {
  const told = /"num_spans": ?(\d+)/.exec(metadata['mlflow.trace.sizeStats'] ?? '')?.[1];
  return spans > 0 && (told === undefined || spans >= Number(told));
}

const waits = [250, 500, 1000, 1000];

/** A trace with its spans; waits a moment for those that are still on their way. */
async function whole(tracking: TrackingDoor, scope: Scope, id: string, isPartial: boolean) {
  for (let attempt = 0; ; attempt++) {
    const trace = await tracking.getTrace(scope, id);
    if (isPartial || isComplete(trace)) {
      const spans = await tracking.spansOf(scope, [id]);
      return { trace_info: wireTraceInfo(trace), spans: (spans.get(id) ?? []).map(wireSpan) };
    }
    if (attempt === waits.length) {
      throw new MlflowError(
        'RESOURCE_DOES_NOT_EXIST',
        `Trace with ID ${id} is not fully exported yet, please try again later.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, waits[attempt]));
  }
}

function search(tracking: TrackingDoor): MlflowRoute['handle'] {
  return async (scope, fields) => {
    const experimentIds = fields.messages('locations').flatMap((location) => {
      const experiment = location.optionalMessage('mlflow_experiment');
      return experiment
        ? [parseExperimentId(experiment.text('experiment_id'), experiment.at('experiment_id'))]
        : [];
    });
    const { traces, next } = await tracking.searchTraces(scope, {
      experimentIds,
      filter: fields.optionalText('filter'),
      orderBy: fields.texts('order_by'),
      maxResults: fields.optionalInteger('max_results') ?? 100,
      pageToken: fields.optionalText('page_token'),
    });
    return { traces: traces.map(wireTraceInfo), ...(next && { next_page_token: next }) };
  };
}

/** Tags and deletion; the Python client asks for them in version 2, pages and other clients in version 3. */
function changes(tracking: TrackingDoor, since: 2 | 3): MlflowRoute[] {
  return [
    {
      method: 'PATCH',
      since,
      path: 'traces/:trace/tags',
      handle: async (scope, fields, { trace }) => {
        await tracking.setTraceTag(scope, trace!, fields.text('key'), fields.optionalText('value') ?? '');
        return {};
      },
    },
    {
      method: 'DELETE',
      since,
      path: 'traces/:trace/tags',
      handle: async (scope, fields, { trace }) => {
        await tracking.deleteTraceTag(scope, trace!, fields.text('key'));
        return {};
      },
    },
    {
      method: 'POST',
      since,
      path: 'traces/delete-traces',
      handle: async (scope, fields) => {
        const ids = fields.texts('request_ids');
        const until = fields.optionalInteger('max_timestamp_millis');
        if (ids.length === 0 && until === undefined) throw missing('request_ids');
        const most = Math.min(Math.max(fields.optionalInteger('max_traces') ?? 1000, 1), 100_000);
        const which = ids.length > 0 ? { ids } : { until: until!, most };
        return { traces_deleted: await tracking.deleteTraces(scope, experimentId(fields), which) };
      },
    },
  ];
}

function links(tracking: TrackingDoor): MlflowRoute[] {
  return [
    {
      method: 'POST',
      since: 2,
      path: 'traces/link-to-run',
      handle: async (scope, fields) => {
        const ids = fields.texts('trace_ids');
        if (ids.length === 0) throw missing('trace_ids');
        await tracking.linkTracesToRun(scope, ids, fields.text('run_id'));
        return {};
      },
    },
    {
      method: 'POST',
      since: 2,
      path: 'traces/link-prompts',
      handle: async (scope, fields) => {
        const prompts = fields.messages('prompt_versions');
        if (prompts.length === 0) throw missing('prompt_versions');
        const targets = prompts.map((prompt) => `${prompt.text('name')}/${prompt.text('version')}`);
        await tracking.linkPrompts(scope, fields.text('trace_id'), targets);
        return {};
      },
    },
  ];
}
