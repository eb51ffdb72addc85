import type { Db } from '../../platform/db/database.ts';
import { type BulkTarget, insertMany, isAnyOf } from './bulk.store.ts';
import { latestOf, type MetricPoint, storeNumber } from './experiments.model.ts';
import type { PointRow } from './experiments.tables.ts';

const latestTarget: BulkTarget = {
  table: 'experiments_series',
  columns: [
    ['run_id', 'text'],
    ['key', 'text'],
    ['step', 'bigint'],
    ['time', 'bigint'],
    ['value', 'double precision'],
    ['special', 'integer'],
  ],
  suffix: `on conflict (run_id, key) do update set
    step = excluded.step, time = excluded.time, value = excluded.value, special = excluded.special
    where (excluded.step, excluded.time, excluded.value)
      > (experiments_series.step, experiments_series.time, experiments_series.value)`,
};

const pointTarget: BulkTarget = {
  table: 'experiments_points',
  columns: [
    ['series', 'bigint'],
    ['step', 'bigint'],
    ['time', 'bigint'],
    ['value', 'double precision'],
    ['special', 'integer'],
  ],
  suffix: 'on conflict do nothing',
};

/**
 * Adds points and moves the latest value of each key forward. A point that is already there, because a client
 * tried again, is left alone.
 */
export async function addMetricPoints(db: Db, runId: string, points: readonly MetricPoint[]): Promise<void> {
  if (points.length === 0) return;
  const stored = points.map(({ key, value, step, time }) => ({ key, step, time, ...storeNumber(value) }));
  const latest = latestOf(stored).sort((a, b) => (a.key < b.key ? -1 : 1));
  await insertMany(
    db,
    latestTarget,
    latest.map(({ key, step, time, value, special }) => [runId, key, step, time, value, special]),
  );
  const series = await db
    .selectFrom('experiments_series')
    .select(['id', 'key'])
    .where('run_id', '=', runId)
    .where(
      isAnyOf(
        db,
        'key',
        latest.map(({ key }) => key),
      ),
    )
    .execute();
  const idOf = new Map(series.map(({ id, key }) => [key, id]));
  const rows = stored.map(({ key, step, time, value, special }) => [
    idOf.get(key)!,
    step,
    time,
    value,
    special,
  ]);
  rows.sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]! || a[3]! - b[3]!);
  await insertMany(db, pointTarget, rows);
}

/** All points of one key by time, step and value, at most `limit`, after `offset`. */
export function metricPoints(
  db: Db,
  runId: string,
  key: string,
  limit: number,
  offset = 0,
): Promise<PointRow[]> {
  return db
    .selectFrom('experiments_points as point')
    .innerJoin('experiments_series as series', 'series.id', 'point.series')
    .selectAll('point')
    .where('series.run_id', '=', runId)
    .where('series.key', '=', key)
    .orderBy('point.time')
    .orderBy('point.step')
    .orderBy('point.value')
    .limit(limit)
    .offset(offset)
    .execute();
}
