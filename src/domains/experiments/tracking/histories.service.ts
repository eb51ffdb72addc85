import { sql } from 'kysely';
import type { Scope } from '../../../platform/scope.ts';
import { isAnyOf } from '../bulk.store.ts';
import { experimentsError } from '../experiments.contract.ts';
import { loadNumber, type MetricPoint } from '../experiments.model.ts';
import type { PointRow } from '../experiments.tables.ts';
import { metricPoints } from '../metrics.store.ts';
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
  const rows = await scope.db
    .selectFrom('experiments_points as point')
    .innerJoin('experiments_series as series', 'series.id', 'point.series')
    .selectAll('point')
    .select('series.run_id')
    .where(isAnyOf(scope.db, 'series.run_id', runIds))
    .where('series.key', '=', key)
    .orderBy('series.run_id')
    .orderBy('point.time')
    .orderBy('point.step')
    .orderBy('point.value')
    .limit(maxResults)
    .execute();
  return rows.map((row) => ({ ...toPoint(key, row), runId: row.run_id }));
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
  const within =
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
  const steps = await scope.db
    .selectFrom('experiments_points as point')
    .select('point.step')
    .distinct()
    .where(isAnyOf(scope.db, 'point.series', ids))
    .where(within)
    .orderBy('point.step')
    .execute();
  const wanted = thin(
    steps.map(({ step }) => step),
    maxResults,
  );
  const extremes = await scope.db
    .selectFrom('experiments_points as point')
    .select(({ fn }) => [fn.min('point.step').as('low'), fn.max('point.step').as('high')])
    .where(isAnyOf(scope.db, 'point.series', ids))
    .where(within)
    .groupBy('point.series')
    .execute();
  for (const { low, high } of extremes) wanted.add(low).add(high);
  const runOf = new Map(all.map(({ id, run_id }) => [id, run_id]));
  const rows = await scope.db
    .selectFrom('experiments_points as point')
    .selectAll('point')
    .where(isAnyOf(scope.db, 'point.series', ids))
    .where(isAnyOf(scope.db, 'point.step', [...wanted]))
    .orderBy('point.series')
    .orderBy('point.step')
    .orderBy('point.time')
    .limit(ids.length * 2500)
    .execute();
  return rows.map((row) => ({ ...toPoint(key, row), runId: runOf.get(row.series)! }));
}

/** At most `most` of the steps, evenly spread, with the first and the last. */
function thin(steps: readonly number[], most: number): Set<number> {
  if (steps.length <= most) return new Set(steps);
  const chosen = new Set<number>();
  for (let i = 0; i < most; i++)
    chosen.add(steps[Math.round((i * (steps.length - 1)) / Math.max(most - 1, 1))]!);
  return chosen;
}

const toPoint = (key: string, row: PointRow): MetricPoint => ({
  key,
  value: loadNumber(row),
  step: row.step,
  time: row.time,
});

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
