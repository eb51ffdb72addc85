/** Limits learned from how much a figure moves between chunks of the reference. */

import { tQuantile } from './special.ts';
import { sampleMoments } from './two-sample.ts';

export interface ControlLimits {
  /** Reference chunks used (NaN dropped). */
  chunks: number;
  mean: number;
  /** Divisor chunks − 1. */
  std: number;
  lower: number;
  upper: number;
  /** Chance that one new chunk passes one given limit although nothing changed. */
  alpha: number;
}

/**
 * Prediction limits for one new chunk: mean ± t(chunks − 1, 1 − alpha) · s · √(1 + 1/chunks). Each side has
 * level alpha; take alpha/2 when both count. Assumes roughly normal, independent chunks. Unlike mean ± 3 std,
 * the false-alarm rate does not grow when few chunks were seen. Fewer than two chunks give NaN limits.
 *
 * Source: G. J. Hahn, W. Q. Meeker, "Statistical Intervals" (1991), prediction interval for one observation.
 *
 * @throws RangeError unless 0 < alpha < 0.5.
 */
export function controlLimits(values: ArrayLike<number>, alpha = 0.00135): ControlLimits {
  if (!(alpha > 0 && alpha < 0.5))
    throw new RangeError('The level of a control limit must lie between 0 and 0.5.');
  const { n, mean, variance } = sampleMoments(values);
  const std = n > 1 ? Math.sqrt(Math.max(0, variance)) : Number.NaN;
  const reach = tQuantile(1 - alpha, n - 1) * std * Math.sqrt(1 + 1 / n);
  return { chunks: n, mean, std, lower: mean - reach, upper: mean + reach, alpha };
}

/**
 * True when at least `m` of the last `k` flags are set (the newest flag is last). With fewer than k flags it
 * looks at those there are.
 *
 * @throws RangeError unless 1 ≤ m ≤ k.
 */
export function persists(flags: readonly boolean[], m = 3, k = 5): boolean {
  if (!(m >= 1 && m <= k)) throw new RangeError('Persistence needs 1 ≤ m ≤ k.');
  let set = 0;
  for (let i = Math.max(0, flags.length - k); i < flags.length; i++) if (flags[i]) set++;
  return set >= m;
}
