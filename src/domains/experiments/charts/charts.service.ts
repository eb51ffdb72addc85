import type { Scope } from '../../../platform/scope.ts';
import { withinSteps } from '../points/columns.model.ts';
import { pointsOf, seriesOf } from '../points/points.store.ts';
import { samplePoints } from './sampling.model.ts';

type Range = { from: number; to: number };

/** About as many points as a chart of all runs together takes without effort. */
const BUDGET = 20_000;
const MOST_PARTS = 500;

export type Curve = {
  run: string;
  /** Points there are in the range. */
  count: number;
  isSampled: boolean;
  steps: number[];
  /** Milliseconds since `startedAt`. */
  times: number[];
  startedAt: number;
  /** Null where the value is not finite. */
  values: (number | null)[];
};

/**
 * One metric of up to a hundred runs, thinned so that extremes stay: more runs, fewer points of each.
 * Runs without the metric are left out.
 */
export async function curvesOf(
  scope: Scope,
  runIds: readonly string[],
  key: string,
  within?: Range,
): Promise<Curve[]> {
  const series = await seriesOf(scope.db, runIds, key);
  const parts = Math.min(MOST_PARTS, Math.floor(BUDGET / 4 / Math.max(1, series.length)));
  const curves: Curve[] = [];
  for (const one of series) {
    const all = await pointsOf(scope.db, one, key);
    const inside = within ? withinSteps(all, within) : all;
    const { points, isSampled } = samplePoints(inside, parts);
    const startedAt = points.times[0] ?? 0;
    curves.push({
      run: one.run_id,
      count: inside.steps.length,
      isSampled,
      steps: [...points.steps],
      times: Array.from(points.times, (time) => time - startedAt),
      startedAt,
      values: Array.from(points.values, (value) => (Number.isFinite(value) ? value : null)),
    });
  }
  return curves;
}
