import { aggregationTypes, type TrackingDoor, views } from '../../domains/experiments/index.ts';
import { missing } from './errors.ts';
import { parseExperimentId } from './experiments.ts';
import type { Fields } from './fields.ts';
import type { MlflowRoute } from './routes.ts';
import { wireNumber } from './wire.ts';

function experimentIds(fields: Fields): number[] {
  const ids = fields.texts('experiment_ids');
  if (ids.length === 0) throw missing('experiment_ids');
  return ids.map((text, i) => parseExperimentId(text, `experiment_ids[${i}]`));
}

/** Python's way to write a time of UTC: `2026-11-21T04:00:00+00:00`. */
const isoUtc = (time: number) => new Date(time).toISOString().replace(/(?:\.000)?Z$/, '+00:00');

/** Aggregates of traces for dashboards, and how often two filters go together. */
export function traceFigureRoutes(tracking: TrackingDoor): MlflowRoute[] {
  return [
    {
      method: 'POST',
      since: 3,
      path: 'traces/metrics',
      handle: async (scope, fields) => {
        const view = fields.choice('view_type', views, { 1: 'TRACES', 2: 'SPANS', 3: 'ASSESSMENTS' });
        if (!view) throw missing('view_type');
        const metric = fields.text('metric_name');
        const figures = await tracking.queryFigures(scope, {
          experimentIds: experimentIds(fields),
          view,
          metric,
          aggregations: fields.messages('aggregations').map((one) => {
            const type = one.choice('aggregation_type', aggregationTypes, numbered);
            if (!type) throw missing(one.at('aggregation_type'));
            return {
              type,
              ...(one.has('percentile_value') && { percentile: one.number('percentile_value') }),
            };
          }),
          dimensions: fields.texts('dimensions'),
          filters: fields.texts('filters'),
          seconds: fields.optionalInteger('time_interval_seconds'),
          from: fields.optionalInteger('start_time_ms'),
          to: fields.optionalInteger('end_time_ms'),
          maxResults: fields.optionalInteger('max_results') ?? 1000,
        });
        return {
          data_points: figures.map(({ at, dimensions, values }) => ({
            metric_name: metric,
            dimensions: { ...(at !== null && { time_bucket: isoUtc(at) }), ...dimensions },
            values,
          })),
        };
      },
    },
    {
      method: 'POST',
      since: 3,
      path: 'traces/calculate-filter-correlation',
      handle: async (scope, fields) => {
        const found = await tracking.correlateFilters(scope, {
          experimentIds: experimentIds(fields),
          first: fields.text('filter_string1'),
          second: fields.text('filter_string2'),
          base: fields.optionalText('base_filter'),
        });
        return {
          npmi: wireNumber(found.npmi ?? Number.NaN),
          npmi_smoothed: wireNumber(found.npmiSmoothed ?? Number.NaN),
          filter1_count: found.first,
          filter2_count: found.second,
          joint_count: found.both,
          total_count: found.total,
        };
      },
    },
  ];
}

const numbered = { 1: 'COUNT', 2: 'SUM', 3: 'AVG', 4: 'PERCENTILE', 5: 'MIN', 6: 'MAX' } as const;
