import { sql } from 'kysely';
import type { Db } from '../../platform/db/database.ts';
import type { RunWithExperiment } from './runs.store.ts';

export type Comparison = { key: string; operator: '>' | '>=' | '<' | '<=' | '=' | '!='; value: number };

export type RunSearch = {
  experimentId: number;
  status?: string;
  parent?: string;
  metric?: Comparison;
  param?: { key: string; value: string };
  tag?: { key: string; value: string };
  /** A metric's name, or null for the start time. */
  orderByMetric: string | null;
  order: 'asc' | 'desc';
  limit: number;
  /** Sort value and id of the last run of the page before. */
  after?: { value: number; id: string };
};

export type FoundRun = RunWithExperiment & { sort_value: number };

/**
 * One page of active runs by start time or by the latest value of a metric (runs without it, or with NaN,
 * are left out then), continued by key rather than by offset.
 */
export async function searchRuns(db: Db, search: RunSearch): Promise<FoundRun[]> {
  const { orderByMetric, order, after } = search;
  const sortValue = orderByMetric === null ? sql<number>`run.started_at` : sql<number>`sorted.value`;
  let query = db
    .selectFrom('experiments_runs as run')
    .innerJoin('experiments_experiments as experiment', 'experiment.id', 'run.experiment_id')
    .selectAll('run')
    .select(['experiment.name as experiment', sortValue.as('sort_value')])
    .where('run.experiment_id', '=', search.experimentId)
    .where('run.stage', '=', 'active');
  if (orderByMetric !== null) {
    query = query.innerJoin('experiments_series as sorted', (join) =>
      join
        .onRef('sorted.run_id', '=', 'run.id')
        .on('sorted.key', '=', orderByMetric)
        .on('sorted.special', '!=', 1),
    ) as typeof query;
  }
  if (search.status !== undefined) query = query.where('run.status', '=', search.status);
  if (search.parent !== undefined) query = query.where('run.parent_id', '=', search.parent);
  const { metric, param, tag } = search;
  if (metric) {
    query = query.where((where) =>
      where.exists(
        where
          .selectFrom('experiments_series as metric')
          .select('metric.run_id')
          .whereRef('metric.run_id', '=', 'run.id')
          .where('metric.key', '=', metric.key)
          .where('metric.special', '!=', 1)
          .where('metric.value', metric.operator, metric.value),
      ),
    );
  }
  for (const [table, pair] of [
    ['experiments_params', param],
    ['experiments_run_tags', tag],
  ] as const) {
    if (!pair) continue;
    query = query.where((where) =>
      where.exists(
        where
          .selectFrom(`${table} as pair`)
          .select('pair.run_id')
          .whereRef('pair.run_id', '=', 'run.id')
          .where('pair.key', '=', pair.key)
          .where('pair.value', '=', pair.value),
      ),
    );
  }
  if (after) {
    query = query.where(
      order === 'desc'
        ? sql<boolean>`(${sortValue}, run.id) < (${after.value}, ${after.id})`
        : sql<boolean>`(${sortValue}, run.id) > (${after.value}, ${after.id})`,
    );
  }
  return query.orderBy(sortValue, order).orderBy('run.id', order).limit(search.limit).execute();
}
