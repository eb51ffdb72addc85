import { tQuantile } from '../../../math/special.ts';
import { sampleMoments } from '../../../math/two-sample.ts';

/** Limits for one new window, learned from the first windows of a reference; null while there are too few. */
export type Limits = { windows: number; centre: number; lower: number; upper: number };

/**
 * Two-sided prediction limits of level `alpha` on each side: mean ± t·s·√(1 + 1/k). `standardErrors`, when given, are
 * the errors of the values themselves: the spread is never taken to be smaller than they say it must be. `earlier`
 * groups of values (of former champions) lend their spread around their own means: one stormy week of learning then
 * does not make a champion blind. Variances are pooled by degrees of freedom.
 */
export function learnLimits(
  values: readonly number[],
  needed: number,
  alpha: number,
  standardErrors: readonly number[] = [],
  earlier: readonly (readonly number[])[] = [],
): Limits | null {
  const finite = values.filter(Number.isFinite);
  if (finite.length < Math.max(2, needed)) return null;
  const groups = [finite, ...earlier.map((group) => group.filter(Number.isFinite))].map(sampleMoments);
  let squares = 0;
  let degrees = 0;
  for (const { n, variance } of groups) {
    if (n < 2) continue;
    squares += variance * (n - 1);
    degrees += n - 1;
  }
  const errors = standardErrors.filter(Number.isFinite);
  const sampling = errors.reduce((sum, error) => sum + error * error, 0) / Math.max(1, errors.length);
  const spread = Math.sqrt(Math.max(0, squares / degrees, sampling));
  const [{ n, mean }] = groups;
  const reach = tQuantile(1 - alpha, degrees) * spread * Math.sqrt(1 + 1 / n);
  return { windows: n, centre: mean, lower: mean - reach, upper: mean + reach };
}
