import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Db } from '../../../platform/db/database.ts';
import { isAnyOf } from '../bulk.store.ts';

/*
 * Down-sampling by M4: the range of steps is cut into equal parts, and of each part the first, the last, the least and
 * the greatest point stay, so that a line through them covers the same pixels as a line through all.
 * U. Jugel, Z. Jerzak, G. Hackenbroich, V. Markl: M4: A Visualization-Oriented Time Series Data Aggregation.
 * PVLDB 7(10), 2014.
 */

export type Sample = { step: number; time: number; value: number; special: number };
export type Series = { id: number; run_id: string };
export type Range = { from: number; to: number };

export function seriesOf(db: Db, runIds: readonly string[], key: string): Promise<Series[]> {
  return db
    .selectFrom('experiments_series')
    .select(['id', 'run_id'])
    .where(isAnyOf(db, 'run_id', runIds))
    .where('key', '=', key)
    .execute();
}

/**
 * Points of a series by step: all of them when there are at most four per part, else finite ones only: the first, the
 * last, the least and the greatest of each part. Gives other work a turn between parts.
 */
export async function samplePoints(
  db: Db,
  series: number,
  parts: number,
  within?: Range,
): Promise<{ points: Sample[]; count: number; isSampled: boolean }> {
  const inside = within === undefined ? sql`1 = 1` : sql`step >= ${within.from} and step <= ${within.to}`;
  const most = parts * 4;
  const { rows: all } = await sql<Sample>`select step, time, value, special from experiments_points
    where series = ${series} and ${inside} order by step, time, value limit ${most + 1}`.execute(db);
  if (all.length <= most) return { points: all, count: all.length, isSampled: false };
  const { rows } = await sql<{ low: number; high: number; count: number }>`select
    (select min(step) from experiments_points where series = ${series} and ${inside}) as low,
    (select max(step) from experiments_points where series = ${series} and ${inside}) as high,
    (select count(*) from experiments_points where series = ${series} and ${inside}) as count`.execute(db);
  const { low, high, count } = rows[0]!;
  const points =
    low === high
      ? await sampleByTime(db, series, low, parts)
      : await sampleParts(db, series, 'step', { from: low, to: high }, parts);
  return { points, count: Number(count), isSampled: true };
}

/** For clients that never count steps: parts of time instead. */
async function sampleByTime(db: Db, series: number, step: number, parts: number): Promise<Sample[]> {
  const { rows } = await sql<Range>`select
    (select min(time) from experiments_points where series = ${series} and step = ${step}) as "from",
    (select max(time) from experiments_points where series = ${series} and step = ${step}) as "to"`.execute(
    db,
  );
  return sampleParts(db, series, 'time', rows[0]!, parts, step);
}

async function sampleParts(
  db: Db,
  series: number,
  axis: 'step' | 'time',
  { from, to }: Range,
  parts: number,
  step?: number,
): Promise<Sample[]> {
  const width = (to - from + 1) / parts;
  const points: Sample[] = [];
  for (let part = 0; part < parts; part++) {
    const low = Math.ceil(from + part * width);
    const high = Math.ceil(from + (part + 1) * width) - 1;
    if (high < low) continue;
    points.push(...(await cornersOf(db, series, axis, { from: low, to: high }, step)));
    if (part % 16 === 15) await setImmediate();
  }
  return points;
}

/** First, last, least and greatest finite point of one part, by step and without doubles. */
async function cornersOf(
  db: Db,
  series: number,
  axis: 'step' | 'time',
  { from, to }: Range,
  step?: number,
): Promise<Sample[]> {
  const column = sql.ref(axis);
  const isAt = step === undefined ? sql`` : sql` and step = ${step}`;
  const one = (order: string) => sql`select * from (select step, time, value, special from experiments_points
    where series = ${series}${isAt} and ${column} >= ${from} and ${column} <= ${to} and special = 0
    order by ${sql.raw(order)} limit 1) as corner`;
  const { rows } = await sql<Sample>`${one('step, time, value')} union ${one('value, step')}
    union ${one('value desc, step')} union ${one('step desc, time desc, value desc')}
    order by step, time, value`.execute(db);
  return rows;
}
