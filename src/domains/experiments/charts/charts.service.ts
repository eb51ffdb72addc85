import type { Scope } from '../../../platform/scope.ts';
import { type Range, samplePoints, seriesOf } from './sampling.store.ts';

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
  for (const { id, run_id } of series) {
    const { points, count, isSampled } = await samplePoints(scope.db, id, parts, within);
    const startedAt = points[0]?.time ?? 0;
    curves.push({
      run: run_id,
      count,
      isSampled,
      steps: points.map(({ step }) => step),
      times: points.map(({ time }) => time - startedAt),
      startedAt,
      values: points.map(({ value, special }) => (special === 0 ? value : null)),
    });
  }
  return curves;
}
