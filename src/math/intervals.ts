/** Confidence intervals for one figure. */

import { quantile } from './descriptive.ts';
import { createRandom } from './random.ts';
import { normalQuantile, tQuantile } from './special.ts';
import { sampleMoments, wilsonBounds } from './two-sample.ts';

export interface Interval {
  estimate: number;
  lower: number;
  upper: number;
  /** Nominal coverage, in (0, 1). */
  confidence: number;
}

/** @throws RangeError unless 0 < confidence < 1. */
export function assertConfidence(confidence: number): void {
  if (!(confidence > 0 && confidence < 1)) throw new RangeError('A confidence must lie between 0 and 1.');
}

/** Wilson's score interval for a proportion (1927); NaN when n = 0. */
export function wilson(successes: number, n: number, confidence = 0.95): Interval {
  assertConfidence(confidence);
  const estimate = successes / n;
  if (!(n > 0)) return { estimate: Number.NaN, lower: Number.NaN, upper: Number.NaN, confidence };
  const [lower, upper] = wilsonBounds(estimate, n, normalQuantile(0.5 + confidence / 2));
  return { estimate, lower: successes === 0 ? 0 : lower, upper: successes === n ? 1 : upper, confidence };
}

/** Student's interval for a mean. NaN values are dropped; one value gives an infinite width. */
export function meanInterval(values: ArrayLike<number>, confidence = 0.95): Interval {
  assertConfidence(confidence);
  const { n, mean, variance } = sampleMoments(values);
  if (n === 0) return { estimate: Number.NaN, lower: Number.NaN, upper: Number.NaN, confidence };
  const reach =
    n === 1 ? Number.POSITIVE_INFINITY : tQuantile(0.5 + confidence / 2, n - 1) * Math.sqrt(variance / n);
  return { estimate: mean, lower: mean - reach, upper: mean + reach, confidence };
}

/**
 * Percentile bootstrap (Efron 1979) for any statistic of rows. `statisticOf` receives n row positions drawn
 * with replacement (the array is reused between calls: do not keep it). Resamples where it returns NaN, such as
 * an AUC without positives, are left out of the quantiles.
 */
export function bootstrapInterval(
  statisticOf: (rows: Uint32Array) => number,
  n: number,
  options: { resamples?: number; confidence?: number; seed: number },
): Interval & { standardError: number } {
  const { resamples = 1000, confidence = 0.95, seed } = options;
  assertConfidence(confidence);
  const random = createRandom(seed);
  const rows = new Uint32Array(n);
  for (let i = 0; i < n; i++) rows[i] = i;
  const estimate = n > 0 ? statisticOf(rows) : Number.NaN;
  const draws = new Float64Array(resamples);
  let kept = 0;
  for (let r = 0; r < resamples && n > 0; r++) {
    for (let i = 0; i < n; i++) rows[i] = random.int(n);
    const value = statisticOf(rows);
    if (!Number.isNaN(value)) draws[kept++] = value;
  }
  const sorted = draws.subarray(0, kept).sort();
  return {
    estimate,
    lower: quantile(sorted, 0.5 - confidence / 2),
    upper: quantile(sorted, 0.5 + confidence / 2),
    confidence,
    standardError: Math.sqrt(sampleMoments(sorted).variance),
  };
}
