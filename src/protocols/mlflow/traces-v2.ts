import { randomBytes } from 'node:crypto';
import type { TrackingDoor } from '../../domains/experiments/index.ts';
import { missing } from './errors.ts';
import { experimentId, parseExperimentId } from './experiments.ts';
import type { Fields } from './fields.ts';
import type { MlflowRoute } from './routes.ts';
import { wireTraceInfoV2 } from './traces-wire.ts';

const statuses = ['TRACE_STATUS_UNSPECIFIED', 'OK', 'ERROR', 'IN_PROGRESS'] as const;

const record = (fields: Fields, name: string) =>
  Object.fromEntries(
    fields.messages(name).map((pair) => [pair.text('key'), pair.optionalText('value') ?? '']),
  );

/** Traces in the form of version 2: opened, then ended; spans are an artifact of theirs. */
export function traceRoutesV2(tracking: TrackingDoor): MlflowRoute[] {
  return [
    {
      method: 'POST',
      since: 2,
      path: 'traces',
      handle: async (scope, fields) => ({
        trace_info: wireTraceInfoV2(
          await tracking.recordTrace(scope, {
            id: `tr-${randomBytes(16).toString('hex')}`,
            experimentId: experimentId(fields),
            clientRequestId: null,
            requestedAt: fields.integer('timestamp_ms'),
            durationMs: null,
            state: 'IN_PROGRESS',
            info: {},
            tags: record(fields, 'tags'),
            metadata: record(fields, 'request_metadata'),
          }),
        ),
      }),
    },
    {
      method: 'PATCH',
      since: 2,
      path: 'traces/:trace',
      handle: async (scope, fields, { trace }) => {
        const status = fields.choice('status', statuses, { ...statuses }) ?? 'TRACE_STATUS_UNSPECIFIED';
        return {
          trace_info: wireTraceInfoV2(
            await tracking.endTrace(scope, trace!, {
              at: fields.integer('timestamp_ms'),
              state: status === 'TRACE_STATUS_UNSPECIFIED' ? 'STATE_UNSPECIFIED' : status,
              tags: record(fields, 'tags'),
              metadata: record(fields, 'request_metadata'),
            }),
          ),
        };
      },
    },
    {
      method: 'GET',
      since: 2,
      path: 'traces/:trace/info',
      handle: async (scope, _fields, { trace }) => ({
        trace_info: wireTraceInfoV2(await tracking.getTrace(scope, trace!)),
      }),
    },
    {
      method: 'GET',
      since: 2,
      path: 'traces',
      handle: async (scope, fields) => {
        const ids = fields.texts('experiment_ids');
        if (ids.length === 0) throw missing('experiment_ids');
        const { traces, next } = await tracking.searchTraces(scope, {
          experimentIds: ids.map((text, i) => parseExperimentId(text, `experiment_ids[${i}]`)),
          filter: fields.optionalText('filter'),
          orderBy: fields.texts('order_by'),
          maxResults: fields.optionalInteger('max_results') ?? 100,
          pageToken: fields.optionalText('page_token'),
        });
        return { traces: traces.map(wireTraceInfoV2), ...(next && { next_page_token: next }) };
      },
    },
  ];
}
