import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../../../platform/db/database.ts';
import { selectRows } from '../../../platform/db/rows.ts';
import type { Scope } from '../../../platform/scope.ts';
import { isAnyOf } from '../bulk.store.ts';
import { experimentsError } from '../experiments.contract.ts';
import type { MetricPoint } from '../experiments.model.ts';
import { metricPoints, type PointColumns, pointColumns, toPoint } from '../metrics.store.ts';
import { decodeOffset, encodeOffset } from '../search/filter.model.ts';

export type RunPoint = MetricPoint & { runId: string };

/** Points of one metric of a run by time, step and value; all of them, or one page of `maxResults`. */
export async function metricHistoryPage(
  scope: Scope,
  runId: string,
  key: string,
  page: { maxResults?: number | undefined; pageToken?: string | undefined },
): Promise<{ points: MetricPoint[]; next?: string }> {
  await existing(scope, [runId]);
  const limit = page.maxResults ?? Number.MAX_SAFE_INTEGER - 1;
  const offset = decodeOffset(page.pageToken);
  const rows = await metricPoints(scope.db, runId, key, limit, offset);
  return {
    points: rows.map((row) => toPoint(key, row)),
    ...(rows.length === limit && { next: encodeOffset(offset + limit) }),
  };
}

/** Points of one metric of many runs, run by run, at most `maxResults` in all. */
export async function metricHistories(
  scope: Scope,
  runIds: readonly string[],
  key: string,
  maxResults: number,
): Promise<RunPoint[]> {
  await existing(scope, runIds);
  const rows = await selectRows<[...PointColumns, runId: string]>(
    scope.db,
    sql`select ${pointColumns}, series.run_id from experiments_points as point
      join experiments_series as series on series.id = point.series
      where ${isAnyOf(scope.db, 'series.run_id', runIds)} and series.key = ${key}
      order by series.run_id, point.time, point.step, point.value limit ${maxResults}`,
  );
  return rows.map((row) => ({ ...toPoint(key, row), runId: row[4] }));
}

export type Sampling = {
  startStep?: number | undefined;
  endStep?: number | undefined;
  maxResults?: number | undefined;
};

/**
 * Points of one metric of up to 100 runs, thinned to about `maxResults` steps that are spread evenly over all of
 * them; the first and the last step of each run always stay.
 * @throws experiments.search.invalid
 */
export async function sampledHistories(
  scope: Scope,
  runIds: readonly string[],
  key: string,
  sampling: Sampling,
): Promise<RunPoint[]> {
  const { startStep, endStep, maxResults = 2500 } = sampling;
  if (runIds.length > 100) {
    throw experimentsError('experiments.search.invalid', 'Ask for at most 100 runs at a time.');
  }
  if ((startStep === undefined) !== (endStep === undefined) || (startStep ?? 0) > (endStep ?? 0)) {
    throw experimentsError(
      'experiments.search.invalid',
      'Give start_step and end_step together, in this order.',
    );
  }
  if (!Number.isInteger(maxResults) || maxResults < 1 || maxResults > 2500) {
    throw experimentsError('experiments.search.invalid', 'max_results is a whole number from 1 to 2500.');
  }
  await existing(scope, runIds);
  const range =
    startStep === undefined
      ? sql<boolean>`1 = 1`
      : sql<boolean>`point.step between ${startStep} and ${endStep}`;
  const all = await scope.db
    .selectFrom('experiments_series as series')
    .select(['series.id', 'series.run_id'])
    .where(isAnyOf(scope.db, 'series.run_id', runIds))
    .where('series.key', '=', key)
    .execute();
  const ids = all.map(({ id }) => id);
  if (ids.length === 0) return [];
  const among =
    ids.length === 1 ? sql<boolean>`point.series = ${ids[0]}` : isAnyOf(scope.db, 'point.series', ids);
  const within = sql<boolean>`${among} and ${range}`;
  const wanted = await spreadSteps(scope.db, within, maxResults);
  for (const { low, high } of await endsOf(scope.db, ids, range)) {
    if (low !== null) wanted.add(low).add(high);
  }
  const runOf = new Map(all.map(({ id, run_id }) => [id, run_id]));
  const rows = await selectRows<[...PointColumns, series: number]>(
    scope.db,
    sql`select ${pointColumns}, point.series from experiments_points as point
      where ${among} and ${isAnyOf(scope.db, 'point.step', [...wanted])}
      order by point.series, point.step, point.time limit ${ids.length * 2500}`,
  );
  return rows.map((row) => ({ ...toPoint(key, row), runId: runOf.get(row[4])! }));
}

/** The first and the last step of each series within a range, each found by its key. */
async function endsOf(
  db: Db,
  series: readonly number[],
  range: RawBuilder<boolean>,
): Promise<{ low: number | null; high: number }[]> {
  const end = (
    which: 'min' | 'max',
  ) => sql`(select ${sql.raw(which)}(point.step) from experiments_points as point
    where point.series = series.id and ${range})`;
  const { rows } = await sql<{
    low: number | null;
    high: number;
  }>`select ${end('min')} as low, ${end('max')} as high
    from experiments_series as series where ${isAnyOf(db, 'series.id', series)}`.execute(db);
  return rows;
}

/**
 * At most `most` of the steps, evenly spread, with the first and the last. Steps that keep one distance, as most
 * runs log them, are told by their number and their ends and never read one by one.
 */
async function spreadSteps(db: Db, within: RawBuilder<boolean>, most: number): Promise<Set<number>> {
  const points = sql`experiments_points as point where ${within}`;
  const steps = (what: string) => sql`(select ${sql.raw(what)} from ${points})`;
  // Three subqueries: the ends are then found by the key, and only the count reads along it.
  const { rows } = await sql<{ low: number | null; high: number; count: number }>`select
    ${steps('min(point.step)')} as low, ${steps('max(point.step)')} as high,
    ${steps('count(distinct point.step)')} as count`.execute(db);
  const { low, high, count } = rows[0]!;
  if (low === null) return new Set();
  const places = spread(count, most);
  const distance = count === 1 ? 1 : (high - low) / (count - 1);
  if (Number.isInteger(distance) && (distance === 1 || (await areApart(db, points, low, distance)))) {
    return new Set(places.map((place) => low + place * distance));
  }
  const all = await selectRows<[number]>(
    db,
    sql`select distinct point.step from ${points} order by point.step`,
  );
  return new Set(places.map((place) => all[place]![0]));
}

async function areApart(
  db: Db,
  points: RawBuilder<unknown>,
  low: number,
  distance: number,
): Promise<boolean> {
  const odd = await sql`select 1 from ${points} and (point.step - ${low}) % ${distance} != 0 limit 1`.execute(
    db,
  );
  return odd.rows.length === 0;
}

/** At most `most` of the numbers below `count`, evenly spread, with the first and the last. */
function spread(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.round((i * (count - 1)) / Math.max(most - 1, 1)));
}

async function existing(scope: Scope, ids: readonly string[]): Promise<void> {
  const found = await scope.db
    .selectFrom('experiments_runs')
    .select('id')
    .where(isAnyOf(scope.db, 'id', ids))
    .execute();
  if (found.length < new Set(ids).size) {
    throw experimentsError('experiments.run.not_found', 'There is no run with this id.');
  }
}
