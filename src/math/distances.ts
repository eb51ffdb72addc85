/**
 * How far two samples are apart.
 *
 * Binned distances take counts (or shares) of the same bins, first the reference, then the current window; they
 * normalise both sides. All are 0 for equal shares; an empty side gives NaN. Shapes: [bins].
 *
 * Small shifts are tied to each other: KL ≈ PSI/2, Hellinger² ≈ PSI/8, JS distance² ≈ PSI/8 (nats).
 */

import { sortedPresent } from './ranks.ts';
import { chiSquareQuantile, chiSquareSf, devianceTerm } from './special.ts';

/**
 * Population stability index Σ (p − q) ln(p/q), in nats, ≥ 0, symmetric, on smoothed shares
 * (c + 0.5)/(n + 0.5 B). Bins empty on both sides are not counted: they say nothing about a shift, and
 * smoothing would turn them into one when the sides differ in size.
 */
export function psi(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  let sum = 0;
  for (const part of psiContributions(reference, current)) sum += part;
  return sum;
}

/** The summands of `psi`, per bin, each ≥ 0: which bins moved. */
export function psiContributions(reference: ArrayLike<number>, current: ArrayLike<number>): Float64Array {
  const bins = occupiedBins(reference, current);
  const parts = new Float64Array(reference.length);
  const n = total(reference);
  const m = total(current);
  if (n === 0 || m === 0) return parts.fill(Number.NaN);
  for (let i = 0; i < parts.length; i++) {
    if (reference[i] + current[i] === 0) continue;
    const p = (reference[i] + 0.5) / (n + 0.5 * bins);
    const q = (current[i] + 0.5) / (m + 0.5 * bins);
    parts[i] = (p - q) * Math.log(p / q);
  }
  return parts;
}

/** Bins that hold at least one row on either side: the B of `psiNullQuantile` and `psiPValue`. */
export function occupiedBins(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  if (reference.length !== current.length) throw new RangeError('Both sides need the same bins.');
  let bins = 0;
  for (let i = 0; i < reference.length; i++) if (reference[i] + current[i] > 0) bins++;
  return bins;
}

/**
 * The PSI that two samples of n and m rows from one distribution exceed with probability alpha:
 * χ²(B − 1) quantile · (1/n + 1/m). B. Yurdakul (2018), "Statistical properties of population stability index".
 * Holds when expected counts are about 5 or more. With rarer bins the smoothing makes it conservative (it misses
 * shifts); test long-tailed categories with `chiSquareHomogeneity`.
 */
export function psiNullQuantile(bins: number, n: number, m: number, alpha: number): number {
  return bins <= 1 ? 0 : chiSquareQuantile(1 - alpha, bins - 1) * (1 / n + 1 / m);
}

/** Probability that two samples of one distribution reach this PSI; 1 with a single bin. */
export function psiPValue(value: number, bins: number, n: number, m: number): number {
  if (Number.isNaN(value)) return Number.NaN;
  return bins <= 1 ? 1 : chiSquareSf(value / (1 / n + 1 / m), bins - 1);
}

/** Jensen-Shannon distance, √(½ KL(p‖m) + ½ KL(q‖m)) with base 2: in [0, 1]. */
export function jensenShannonDistance(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  const sum = sumOverShares(reference, current, (p, q) => {
    const middle = 0.5 * (p + q);
    return devianceTerm(p, middle) + devianceTerm(q, middle);
  });
  return Math.sqrt(Math.min(1, sum / 2 / Math.LN2));
}

/** Hellinger distance ‖√p − √q‖ / √2, in [0, 1]. */
export function hellinger(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  return Math.sqrt(sumOverShares(reference, current, (p, q) => (Math.sqrt(p) - Math.sqrt(q)) ** 2) / 2);
}

/** Total variation ½ Σ |p − q|, in [0, 1]. */
export function totalVariation(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  return sumOverShares(reference, current, (p, q) => Math.abs(p - q)) / 2;
}

/** Largest change of a share, max |p − q|, in [0, 1]. */
export function lInfinity(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  let largest = 0;
  const sum = sumOverShares(reference, current, (p, q) => {
    largest = Math.max(largest, Math.abs(p - q));
    return 0;
  });
  return sum === 0 ? largest : sum;
}

/** KL(reference ‖ current) = Σ p ln(p/q) in nats, unsmoothed: Infinity when the current side misses a bin. */
export function kullbackLeibler(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  return sumOverShares(reference, current, (p, q) => devianceTerm(p, q));
}

function sumOverShares(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  termOf: (p: number, q: number) => number,
): number {
  if (reference.length !== current.length) throw new RangeError('Both sides need the same bins.');
  const n = total(reference);
  const m = total(current);
  if (!(n > 0 && m > 0)) return Number.NaN;
  let sum = 0;
  for (let i = 0; i < reference.length; i++) sum += termOf(reference[i] / n, current[i] / m);
  return sum;
}

function total(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += counts[i];
  return sum;
}

/**
 * Wasserstein-1 (earth mover's) distance ∫ |F − G| between two samples, in the column's unit. NaN values are
 * dropped. Divide by the reference's standard deviation to compare columns.
 */
export function wasserstein1(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return wasserstein1Sorted(sortedPresent(a), sortedPresent(b));
}

/** The same on samples that are sorted ascending and hold no NaN. O(n + m). */
export function wasserstein1Sorted(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length;
  const m = b.length;
  if (n === 0 || m === 0) return Number.NaN;
  let i = 0;
  let j = 0;
  let area = 0;
  let previous = Math.min(a[0], b[0]);
  while (i < n || j < m) {
    const value = j >= m || (i < n && a[i] <= b[j]) ? a[i] : b[j];
    if (value > previous) area += Math.abs(i / n - j / m) * (value - previous);
    previous = value;
    while (i < n && a[i] === value) i++;
    while (j < m && b[j] === value) j++;
  }
  return area;
}
