import type { NewTrace, Trace, TrackingDoor } from '../../domains/experiments/index.ts';
import type { JsonObject } from '../../platform/json.ts';
import { invalid, missing } from './errors.ts';
import { experimentId, parseExperimentId } from './experiments.ts';
import type { Fields } from './fields.ts';
import type { MlflowRoute } from './routes.ts';

/** Fields of a trace that clients get back as they sent them. */
const kept = ['request_preview', 'response_preview'] as const;

function readTrace(fields: Fields): NewTrace {
  const info = fields.optionalMessage('trace')?.optionalMessage('trace_info');
  if (!info) throw missing('trace.trace_info');
  const experiment = info.optionalMessage('trace_location')?.optionalMessage('mlflow_experiment');
  if (!experiment) throw missing(info.at('trace_location'));
  const requestedAt = Date.parse(info.text('request_time'));
  if (Number.isNaN(requestedAt)) throw invalid(info.at('request_time'), 'it is an RFC 3339 time.');
  const duration = /^(\d{1,12}(?:\.\d+)?)s$/.exec(info.optionalText('execution_duration') ?? '')?.[1];
  return {
    id: info.text('trace_id'),
    experimentId: experimentId(experiment),
    clientRequestId: info.optionalText('client_request_id') ?? null,
    requestedAt,
    durationMs: duration === undefined ? null : Math.round(Number(duration) * 1000),
    state: info.optionalText('state') ?? 'STATE_UNSPECIFIED',
    info: Object.fromEntries(
      kept.flatMap((name) => (info.has(name) ? [[name, info.text(name).slice(0, 10_240)]] : [])),
    ) as JsonObject,
    tags: info.record('tags'),
    metadata: info.record('trace_metadata'),
  };
}

function wireTraceInfo(trace: Trace) {
  return {
    trace_id: trace.id,
    ...(trace.clientRequestId !== null && { client_request_id: trace.clientRequestId }),
    trace_location: {
      type: 'MLFLOW_EXPERIMENT',
      mlflow_experiment: { experiment_id: String(trace.experimentId) },
    },
    ...trace.info,
    request_time: new Date(trace.requestedAt).toISOString(),
    ...(trace.durationMs !== null && { execution_duration: `${(trace.durationMs / 1000).toFixed(3)}s` }),
    state: trace.state,
    trace_metadata: trace.metadata,
    tags: trace.tags,
  };
}

/** Traces in the form of version 3; tags and deletion in that of version 2, which clients still use for them. */
export function traceRoutes(tracking: TrackingDoor): MlflowRoute[] {
  return [
    {
      method: 'POST',
      since: 3,
      path: 'traces',
      handle: async (scope, fields) => ({
        trace: { trace_info: wireTraceInfo(await tracking.recordTrace(scope, readTrace(fields))) },
      }),
    },
    {
      method: 'GET',
      since: 3,
      path: 'traces/:trace',
      handle: async (scope, _fields, { trace }) => ({
        trace: { trace_info: wireTraceInfo(await tracking.getTrace(scope, trace!)) },
      }),
    },
    { method: 'POST', since: 3, path: 'traces/search', handle: search(tracking) },
    {
      method: 'PATCH',
      since: 2,
      path: 'traces/:trace/tags',
      handle: async (scope, fields, { trace }) => {
        await tracking.setTraceTag(scope, trace!, fields.text('key'), fields.optionalText('value') ?? '');
        return {};
      },
    },
    {
      method: 'DELETE',
      since: 2,
      path: 'traces/:trace/tags',
      handle: async (scope, fields, { trace }) => {
        await tracking.deleteTraceTag(scope, trace!, fields.text('key'));
        return {};
      },
    },
    {
      method: 'POST',
      since: 2,
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
