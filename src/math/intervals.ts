/** Confidence intervals for one figure. */

import { normalQuantile } from './special.ts';

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
  const z = normalQuantile(0.5 + confidence / 2);
  const centre = estimate + (z * z) / (2 * n);
  const reach = z * Math.sqrt((estimate * (1 - estimate)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return {
    estimate,
    lower: successes === 0 ? 0 : Math.max(0, (centre - reach) / scale),
    upper: successes === n ? 1 : Math.min(1, (centre + reach) / scale),
    confidence,
  };
}
