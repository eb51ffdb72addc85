import type { BatchPoint, TrackingDoor } from '../../domains/experiments/index.ts';
import type { Json } from '../../platform/json.ts';
import { invalid, missing } from './errors.ts';
import { tagsOf } from './experiments.ts';
import type { Fields } from './fields.ts';
import type { MlflowRoute } from './routes.ts';
import { nameAndParent, runId } from './runs.ts';
import { wireMetric } from './wire.ts';

/** A point as the wire carries it; `step` is 0 when it is left out. */
function readPoint(fields: Fields): BatchPoint {
  return {
    key: fields.text('key'),
    value: fields.number('value'),
    time: fields.integer('timestamp'),
    step: fields.optionalInteger('step') ?? 0,
    modelId: fields.optionalText('model_id'),
    datasetName: fields.optionalText('dataset_name'),
    datasetDigest: fields.optionalText('dataset_digest'),
  };
}

/** Points of a list. Most are as clients write them, and a thousand at a time; the others are read field by field. */
function readPoints(fields: Fields, name: string): BatchPoint[] {
  const list = fields.json(name);
  if (!Array.isArray(list)) return fields.messages(name).map(readPoint);
  return list.map((item, i) => plainPoint(item) ?? readPoint(fields.messageIn(name, i)));
}

/** A point of a clean name and plain numbers that is about nothing else; undefined for any other. */
function plainPoint(item: Json | undefined): BatchPoint | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined;
  const { key, value, timestamp: time, step = 0 } = item;
  if (typeof key !== 'string' || !/^[\w/. :-]+$/.test(key) || typeof value !== 'number') return undefined;
  if (typeof time !== 'number' || typeof step !== 'number') return undefined;
  if (!Number.isSafeInteger(time) || !Number.isSafeInteger(step)) return undefined;
  if (item.model_id !== undefined || item.dataset_name !== undefined) return undefined;
  return { key, value, time, step };
}

/** Writes of params, tags and metrics; reads of histories. */
export function runDataRoutes(tracking: TrackingDoor): MlflowRoute[] {
  const since = 2;
  return [
    { method: 'POST', since, path: 'runs/log-batch', handle: logBatch(tracking) },
    {
      method: 'POST',
      since,
      path: 'runs/log-metric',
      handle: async (scope, fields) => {
        await tracking.logBatch(scope, runId(fields), { metrics: [readPoint(fields)] });
        return {};
      },
    },
    {
      method: 'POST',
      since,
      path: 'runs/log-parameter',
      handle: async (scope, fields) => {
        const id = runId(fields);
        const param = { key: fields.text('key'), value: fields.optionalText('value') ?? '' };
        await tracking.logBatch(scope, id, { params: [param] });
        return {};
      },
    },
    {
      method: 'POST',
      since,
      path: 'runs/set-tag',
      handle: async (scope, fields) => {
        const id = runId(fields);
        const tags = [{ key: fields.text('key'), value: fields.optionalText('value') ?? '' }];
        await tracking.logBatch(scope, id, { tags }, nameAndParent(tags));
        return {};
      },
    },
    {
      method: 'POST',
      since,
      path: 'runs/delete-tag',
      handle: async (scope, fields) => {
        await tracking.deleteRunTag(scope, runId(fields), fields.text('key'));
        return {};
      },
    },
    { method: 'GET', since, path: 'metrics/get-history', handle: history(tracking) },
    { method: 'GET', since, path: 'metrics/get-history-bulk', handle: bulkHistory(tracking) },
    { method: 'GET', since, path: 'metrics/get-history-bulk-interval', handle: intervalHistory(tracking) },
  ];
}

function logBatch(tracking: TrackingDoor): MlflowRoute['handle'] {
  return async (scope, fields) => {
    const id = runId(fields);
    const tags = tagsOf(fields);
    const batch = {
      metrics: readPoints(fields, 'metrics'),
      params: fields
        .messages('params')
        .map((param) => ({ key: param.text('key'), value: param.optionalText('value') ?? '' })),
      tags,
    };
    await tracking.logBatch(scope, id, batch, nameAndParent(tags));
    return {};
  };
}

function history(tracking: TrackingDoor): MlflowRoute['handle'] {
  return async (scope, fields) => {
    const maxResults = fields.optionalInteger('max_results');
    if (maxResults !== undefined && maxResults < 1) throw invalid('max_results', 'it is at least 1.');
    const { points, next } = await tracking.metricHistoryPage(
      scope,
      runId(fields),
      fields.text('metric_key'),
      {
        maxResults,
        pageToken: fields.optionalText('page_token'),
      },
    );
    return { metrics: points.map(wireMetric), ...(next && { next_page_token: next }) };
  };
}

function severalRuns(fields: Fields): string[] {
  const ids = [...fields.texts('run_ids'), ...fields.texts('run_id')];
  if (ids.length === 0) throw missing('run_ids');
  if (ids.length > 100) throw invalid('run_ids', 'at most 100 runs at a time.');
  return ids;
}

function bulkHistory(tracking: TrackingDoor): MlflowRoute['handle'] {
  return async (scope, fields) => {
    const most = Math.min(fields.optionalInteger('max_results') ?? 25_000, 25_000);
    if (most < 1) throw invalid('max_results', 'it is at least 1.');
    const points = await tracking.metricHistories(
      scope,
      severalRuns(fields),
      fields.text('metric_key'),
      most,
    );
    return { metrics: points.map((point) => ({ ...wireMetric(point), run_id: point.runId })) };
  };
}

function intervalHistory(tracking: TrackingDoor): MlflowRoute['handle'] {
  return async (scope, fields) => {
    const points = await tracking.sampledHistories(scope, severalRuns(fields), fields.text('metric_key'), {
      startStep: fields.optionalInteger('start_step'),
      endStep: fields.optionalInteger('end_step'),
      maxResults: fields.optionalInteger('max_results'),
    });
    return { metrics: points.map((point) => ({ ...wireMetric(point), run_id: point.runId })) };
  };
}
