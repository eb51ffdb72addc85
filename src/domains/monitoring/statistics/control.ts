import { sampleMoments } from '../../../math/descriptive.ts';
import { tQuantile } from '../../../math/special.ts';

/** Limits for one new window, learned from the windows or chunks that teach. */
export type Limits = { windows: number; centre: number; lower: number; upper: number };

/** A figure of one teaching window, with its own error from the rows it has (NaN where that is unknown). */
export type Taught = { value: number; error: number };

export type NewWindow = {
  /** Fewest teaching windows of each of the own groups; with fewer in all of them there are no limits yet. */
  needed: readonly number[];
  /** Level on each side. */
  alpha: number;
  /** Own error of the figure in the window to judge, and its degrees of freedom; 0 and infinity when unknown. */
  error?: number;
  degrees?: number;
};

/** Correlation of neighbouring windows that limits allow for: weather, sales and failures last longer than a day. */
const dependence = 0.3;

/**
 * Two-sided prediction limits for one new window: mean ± t·√V with V = s²·(1 + v) + max(0, e² − ē²).
 *
 * The mean is that of the first of the `own` leading groups with enough values; s² is the variance between windows
 * around the means of their groups, pooled over all groups: one stormy week does not make a champion blind, nor a calm
 * one nervous. v is the variance of the mean, 1/k for independent windows; neighbours are taken to be correlated, which
 * makes v larger, s² of a group larger than it looks, and its degrees of freedom fewer. s² is never taken to be smaller
 * than the windows' own mean squared error ē². A window with fewer rows than those that taught has a larger error e of
 * its own, which is added. The degrees of freedom are Satterthwaite's.
 *
 * Sources: G. J. Hahn, W. Q. Meeker, "Statistical Intervals" (1991), prediction interval for one observation;
 * F. E. Satterthwaite, "An approximate distribution of estimates of variance components" (1946);
 * G. V. Bayley, J. M. Hammersley, "The effective number of independent observations" (1946).
 */
export function learnLimits(
  groups: readonly (readonly Taught[])[],
  own: number,
  { needed, alpha, error = 0, degrees = Number.POSITIVE_INFINITY }: NewWindow,
): Limits | null {
  const known = groups.map((group) => group.filter(({ value }) => Number.isFinite(value)));
  const centre = known.slice(0, own).find((group, i) => group.length >= Math.max(2, needed[i] ?? 2));
  if (!centre) return null;
  let squares = 0;
  let divisor = 0;
  let freedom = 0;
  for (const group of known) {
    const { n, variance } = sampleMoments(group.map(({ value }) => value));
    if (n < 2) continue;
    squares += variance * (n - 1);
    divisor += n * (1 - varianceOfMean(n));
    freedom += ((n - 1) * (1 - dependence ** 2)) / (1 + dependence ** 2);
  }
  const errors = known.flat().filter((one) => Number.isFinite(one.error));
  const sampling = errors.reduce((sum, one) => sum + one.error ** 2, 0) / Math.max(1, errors.length);
  const { n, mean } = sampleMoments(centre.map(({ value }) => value));
  const between = Math.max(squares / divisor, sampling, 0) * (1 + varianceOfMean(n));
  const added = errors.length > 0 ? Math.max(0, error ** 2 - sampling) : 0;
  const variance = between + added;
  const satterthwaite = variance ** 2 / (between ** 2 / freedom + added ** 2 / degrees);
  const reach = variance > 0 ? tQuantile(1 - alpha, satterthwaite) * Math.sqrt(variance) : 0;
  return { windows: n, centre: mean, lower: mean - reach, upper: mean + reach };
}

/** Variance of the mean of n neighbours, in units of the variance of one. */
function varianceOfMean(n: number): number {
  let sum = 1;
  for (let lag = 1; lag < n; lag++) sum += 2 * (1 - lag / n) * dependence ** lag;
  return sum / n;
}
