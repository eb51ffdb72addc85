import { controlLimits } from '../../../math/control-limits.ts';
import { tQuantile } from '../../../math/special.ts';

/** Limits for one new window, learned from the first windows of a reference; null while there are too few. */
export type Limits = { windows: number; centre: number; lower: number; upper: number };

/**
 * Two-sided prediction limits of level `alpha` on each side. `standardErrors`, when given, are the errors of the
 * values themselves: the spread is never taken to be smaller than they say it must be.
 */
export function learnLimits(
  values: readonly number[],
  needed: number,
  alpha: number,
  standardErrors: readonly number[] = [],
): Limits | null {
  const finite = values.filter(Number.isFinite);
  if (finite.length < Math.max(2, needed)) return null;
  const { chunks, mean, std, lower, upper } = controlLimits(finite, alpha);
  const errors = standardErrors.filter(Number.isFinite);
  const sampling = Math.sqrt(
    errors.reduce((sum, error) => sum + error * error, 0) / Math.max(1, errors.length),
  );
  if (std >= sampling) return { windows: chunks, centre: mean, lower, upper };
  const reach = tQuantile(1 - alpha, chunks - 1) * sampling * Math.sqrt(1 + 1 / chunks);
  return { windows: chunks, centre: mean, lower: mean - reach, upper: mean + reach };
}
