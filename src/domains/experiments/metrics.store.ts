import { sql } from 'kysely';
import type { Db } from '../../platform/db/database.ts';
import { selectRows } from '../../platform/db/rows.ts';
import { type BulkTarget, insertMany } from './bulk.store.ts';
import {
  latestOf,
  loadNumber,
  type MetricPoint,
  type StoredNumber,
  storeNumber,
} from './experiments.model.ts';

const isNewer = '(excluded.step, excluded.time, excluded.value) > (stored.step, stored.time, stored.value)';
const latestTarget: BulkTarget = {
  table: 'experiments_series as stored',
  columns: [
    ['run_id', 'text'],
    ['key', 'text'],
    ['step', 'bigint'],
    ['time', 'bigint'],
    ['value', 'double precision'],
    ['special', 'integer'],
  ],
  // Always an update, for only then does the statement return the series that were there.
  suffix: `on conflict (run_id, key) do update set ${['step', 'time', 'value', 'special']
    .map((column) => `${column} = case when ${isNewer} then excluded.${column} else stored.${column} end`)
    .join(', ')} returning id, run_id, key`,
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

export type PointsOfRun = { runId: string; points: readonly MetricPoint[] };

/**
 * Adds points of runs and moves the latest value of each key forward. A point that is already there, because a
 * client tried again, is left alone.
 */
export async function addMetricPoints(db: Db, added: readonly PointsOfRun[]): Promise<void> {
  const byRun = new Map<string, StoredPoint[]>();
  for (const { runId, points } of added) {
    if (points.length === 0) continue;
    const known = byRun.get(runId) ?? [];
    for (const { key, value, step, time } of points) known.push({ key, step, time, ...storeNumber(value) });
    byRun.set(runId, known);
  }
  const latest: unknown[][] = [];
  for (const runId of [...byRun.keys()].sort()) {
    const last = latestOf(byRun.get(runId)!).sort((a, b) => (a.key < b.key ? -1 : 1));
    for (const { key, step, time, value, special } of last) {
      latest.push([runId, key, step, time, value, special]);
    }
  }
  const series = await insertMany<{ id: number; run_id: string; key: string }>(db, latestTarget, latest);
  const idsOf = new Map<string, Map<string, number>>();
  for (const { id, run_id, key } of series) {
    const ids = idsOf.get(run_id);
    if (ids) ids.set(key, id);
    else idsOf.set(run_id, new Map([[key, id]]));
  }
  const rows: [number, number, number, number, number][] = [];
  for (const [runId, points] of byRun) {
    const ids = idsOf.get(runId)!;
    for (const { key, step, time, value, special } of points) {
      rows.push([ids.get(key)!, step, time, value, special]);
    }
  }
  rows.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]);
  await insertMany(db, pointTarget, rows);
}

type StoredPoint = Omit<MetricPoint, 'value'> & StoredNumber;

export type PointColumns = [step: number, time: number, value: number, special: number];
export const pointColumns = sql.raw('point.step, point.time, point.value, point.special');

export function toPoint(
  key: string,
  [step, time, value, special]: Readonly<PointColumns | [...PointColumns, unknown]>,
): MetricPoint {
  return { key, value: loadNumber({ value, special }), step, time };
}

/** All points of one key by time, step and value, at most `limit`, after `offset`. */
export function metricPoints(
  db: Db,
  runId: string,
  key: string,
  limit: number,
  offset = 0,
): Promise<PointColumns[]> {
  return selectRows<PointColumns>(
    db,
    sql`select ${pointColumns} from experiments_points as point
      where point.series = (select id from experiments_series where run_id = ${runId} and key = ${key})
      order by point.time, point.step, point.value limit ${limit} offset ${offset}`,
  );
}
