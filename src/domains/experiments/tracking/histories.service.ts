import type { Scope } from '../../../platform/scope.ts';
import { isAnyOf } from '../bulk.store.ts';
import { experimentsError } from '../experiments.contract.ts';
import type { MetricPoint } from '../experiments.model.ts';
import { metricPoints, toPoints } from '../metrics.store.ts';
import { cutColumns, inOrder, stepsWithin } from '../points/columns.model.ts';
import { type Outline, outlineOf } from '../points/outline.store.ts';
import { pointsOf, type Series, seriesOf } from '../points/points.store.ts';
import { decodeOffset, encodeOffset } from '../search/filter.model.ts';
import { distinctSteps, placesOf, spreadOver } from './steps.model.ts';

export type RunPoint = MetricPoint & { runId: string };

/** Points of one metric of a run by time, step and value; all of them, or one page of `maxResults`. */
export async function metricHistoryPage(
  scope: Scope,
  runId: string,
  key: string,
  page: { maxResults?: number | undefined; pageToken?: string | undefined },
): Promise<{ points: MetricPoint[]; next?: string }> {
  await existing(scope, [runId]);
  const offset = decodeOffset(page.pageToken);
  const end = page.maxResults === undefined ? undefined : offset + page.maxResults;
  const points = toPoints(key, cutColumns(await metricPoints(scope.db, runId, key), offset, end));
  const isFull = end !== undefined && points.length === page.maxResults;
  return { points, ...(isFull && { next: encodeOffset(end) }) };
}

/** Points of one metric of many runs, run by run, at most `maxResults` in all. */
export async function metricHistories(
  scope: Scope,
  runIds: readonly string[],
  key: string,
  maxResults: number,
): Promise<RunPoint[]> {
  await existing(scope, runIds);
  const found: RunPoint[] = [];
  for (const series of await seriesOf(scope.db, runIds, key)) {
    if (found.length === maxResults) break;
    const points = inOrder(await pointsOf(scope.db, series, key), 'time');
    for (const point of toPoints(key, cutColumns(points, 0, maxResults - found.length))) {
      found.push({ ...point, runId: series.run_id });
    }
  }
  return found;
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
  const within = { from: startStep ?? Number.NEGATIVE_INFINITY, to: endStep ?? Number.POSITIVE_INFINITY };
  const all = await seriesOf(scope.db, runIds, key);
  const read = reader(scope, key);
  const steps: Float64Array[] = [];
  for (const series of all) steps.push(distinctSteps(stepsWithin((await read(series)).steps, within)));
  const wanted = spreadOver(steps, maxResults);
  const points: RunPoint[] = [];
  for (const [i, series] of all.entries()) {
    const outline = await read(series);
    const ends = [steps[i]![0], steps[i]!.at(-1)].filter((step) => step !== undefined);
    const places = placesOf(outline.steps, [...wanted, ...ends], mostOfRun);
    for (const point of toPoints(key, await outline.read(places))) {
      points.push({ ...point, runId: series.run_id });
    }
  }
  return points;
}

/** Points of one run in a thinned history, also when a client never counts steps. */
const mostOfRun = 2500;
const mostKept = 4_000_000;

/** Reads outlines of series; what is asked for again is kept as long as it is not too much. */
function reader(scope: Scope, key: string) {
  const kept = new Map<number, Outline>();
  let count = 0;
  return async (series: Series): Promise<Outline> => {
    const known = kept.get(series.id);
    if (known) return known;
    const outline = await outlineOf(scope.db, series, key);
    count += outline.steps.length;
    if (count <= mostKept) kept.set(series.id, outline);
    return outline;
  };
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
