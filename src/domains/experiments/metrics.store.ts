import type { Db } from '../../platform/db/database.ts';
import { type BulkTarget, insertMany } from './bulk.store.ts';
import { isLater, type MetricPoint, storeNumber } from './experiments.model.ts';
import { type Columns, inOrder, makeColumns } from './points/columns.model.ts';
import { appendPoints, pointsOf, seriesOf } from './points/points.store.ts';

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
  suffix: `on conflict (run_id, key) do update set ${['step', 'time', 'value', 'special']
    .map((column) => `${column} = excluded.${column}`)
    .join(', ')} where ${isNewer}`,
};

export type PointsOfRun = { runId: string; points: readonly MetricPoint[] };

/**
 * Adds points of runs and moves the latest value of each key forward. A point that is already there, because a
 * client tried again, counts once.
 */
export async function addMetricPoints(db: Db, added: readonly PointsOfRun[]): Promise<void> {
  const byRun = new Map<string, Map<string, MetricPoint[]>>();
  for (const { runId, points } of added) {
    if (points.length === 0) continue;
    const byKey = byRun.get(runId) ?? new Map<string, MetricPoint[]>();
    byRun.set(runId, byKey);
    for (const point of points) {
      const known = byKey.get(point.key);
      if (known) known.push(point);
      else byKey.set(point.key, [point]);
    }
  }
  if (byRun.size === 0) return;
  const latest: unknown[][] = [];
  for (const runId of [...byRun.keys()].sort()) {
    const byKey = byRun.get(runId)!;
    for (const key of [...byKey.keys()].sort()) {
      const { step, time, value, special } = latestOf(byKey.get(key)!);
      latest.push([runId, key, step, time, value, special]);
    }
  }
  await insertMany(db, latestTarget, latest);
  await appendPoints(db, byRun);
}

/** The latest of points of one metric, as it is stored. */
function latestOf(points: readonly MetricPoint[]) {
  let latest = points[0]!;
  let stored = storeNumber(latest.value);
  for (let i = 1; i < points.length; i++) {
    const point = points[i]!;
    if (point.step < latest.step) continue;
    const number = storeNumber(point.value);
    const { step, time } = point;
    if (!isLater({ step, time, value: number.value }, { ...latest, value: stored.value })) continue;
    latest = point;
    stored = number;
  }
  return { step: latest.step, time: latest.time, ...stored };
}

export function toPoints(key: string, { steps, times, values }: Columns): MetricPoint[] {
  return Array.from(steps, (step, i) => ({ key, value: values[i]!, step, time: times[i]! }));
}

/** All points of one metric of a run by time, step and value. */
export async function metricPoints(db: Db, runId: string, key: string): Promise<Columns> {
  const [series] = await seriesOf(db, [runId], key);
  return series ? inOrder(await pointsOf(db, series, key), 'time') : makeColumns(0);
}
