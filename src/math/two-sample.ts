/**
 * Tests of "both samples come from one distribution".
 *
 * NaN counts as missing and is dropped. An empty sample gives NaN; two constant equal samples give p = 1.
 * All p-values are two-sided. Oracles: scipy.stats, see test/fixtures/math.
 */

import { kolmogorovSf, twoSampleKolmogorovSf } from './kolmogorov.ts';
import { midranks, sortedPresent } from './ranks.ts';
import { chiSquareSf, normalQuantile, normalSf, tQuantile, tSf } from './special.ts';

export interface TestResult {
  statistic: number;
  /** In [0, 1], or NaN when a sample is empty. */
  pValue: number;
}

export interface HomogeneityResult extends TestResult {
  degreesOfFreedom: number;
}

export interface DifferenceResult extends TestResult {
  /** Second sample minus first. */
  difference: number;
  interval: [lower: number, upper: number];
}

/** Exact p-values are computed up to this many lattice points (about ten milliseconds). */
const EXACT_LATTICE_POINTS = 4_000_000;
const EXACT_EQUAL_SIZES = 10_000;

/**
 * Kolmogorov-Smirnov, D = sup |F − G|. `auto` is exact when n·m ≤ 4e6, or n = m ≤ 10 000, and otherwise takes
 * the one-sample distribution at round(nm/(n+m)). With ties the p-value is conservative. O(n log n).
 */
export function ksTwoSample(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  method: 'auto' | 'exact' | 'asymptotic' = 'auto',
): TestResult {
  return ksTwoSampleSorted(sortedPresent(a), sortedPresent(b), method);
}

/** The same on samples that are sorted ascending and hold no NaN, so that a reference is sorted once. */
export function ksTwoSampleSorted(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  method: 'auto' | 'exact' | 'asymptotic' = 'auto',
): TestResult {
  const n = a.length;
  const m = b.length;
  if (n === 0 || m === 0) return { statistic: Number.NaN, pValue: Number.NaN };
  const d = supremumDistance(a, b);
  const isExact =
    method === 'exact' ||
    (method === 'auto' && (n * m <= EXACT_LATTICE_POINTS || (n === m && n <= EXACT_EQUAL_SIZES)));
  const effective = Math.max(1, Math.round((n * m) / (n + m)));
  return { statistic: d, pValue: isExact ? twoSampleKolmogorovSf(d, n, m) : kolmogorovSf(d, effective) };
}

function supremumDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let i = 0;
  let j = 0;
  let d = 0;
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i], b[j]);
    while (i < a.length && a[i] === value) i++;
    while (j < b.length && b[j] === value) j++;
    d = Math.max(d, Math.abs(i / a.length - j / b.length));
  }
  return d;
}

/**
 * Pearson's χ² on the 2×K table of counts, without Yates' correction. Columns empty in both samples are
 * dropped; a single remaining column gives statistic 0, p = 1.
 *
 * @throws RangeError when the samples do not have the same number of bins.
 */
export function chiSquareHomogeneity(first: ArrayLike<number>, second: ArrayLike<number>): HomogeneityResult {
  return homogeneity(
    first,
    second,
    (observed, expected) => ((observed - expected) * (observed - expected)) / expected,
  );
}

/** The likelihood-ratio form, 2 Σ o ln(o/e), of the same test. */
export function gTestHomogeneity(first: ArrayLike<number>, second: ArrayLike<number>): HomogeneityResult {
  return homogeneity(first, second, (observed, expected) =>
    observed > 0 ? 2 * observed * Math.log(observed / expected) : 0,
  );
}

function homogeneity(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  cell: (observed: number, expected: number) => number,
): HomogeneityResult {
  if (first.length !== second.length) throw new RangeError('Both samples need the same bins.');
  let n = 0;
  let m = 0;
  for (let i = 0; i < first.length; i++) {
    n += first[i];
    m += second[i];
  }
  if (!(n > 0 && m > 0)) return { statistic: Number.NaN, pValue: Number.NaN, degreesOfFreedom: 0 };
  let statistic = 0;
  let columns = 0;
  for (let i = 0; i < first.length; i++) {
    const column = first[i] + second[i];
    if (column === 0) continue;
    columns++;
    statistic += cell(first[i], (column * n) / (n + m)) + cell(second[i], (column * m) / (n + m));
  }
  if (columns === 1) return { statistic: 0, pValue: 1, degreesOfFreedom: 0 };
  statistic = Math.max(0, statistic);
  return { statistic, pValue: chiSquareSf(statistic, columns - 1), degreesOfFreedom: columns - 1 };
}

/** What a t-test needs to know of a sample; `variance` has divisor n − 1. */
export interface SampleMoments {
  n: number;
  mean: number;
  variance: number;
}

/** n, mean and variance (divisor n − 1) of the values present; two passes. */
export function sampleMoments(values: ArrayLike<number>): SampleMoments {
  let n = 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    n++;
    sum += values[i];
  }
  const mean = sum / n;
  let squares = 0;
  let residual = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    const deviation = values[i] - mean;
    squares += deviation * deviation;
    residual += deviation;
  }
  return { n, mean, variance: (squares - (residual * residual) / n) / (n - 1) };
}

/**
 * Welch's t-test on the difference of means (variances may differ), with its confidence interval. Needs two
 * values in each sample.
 */
export function welchT(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  confidence = 0.95,
): DifferenceResult & { degreesOfFreedom: number } {
  return welchTFromMoments(sampleMoments(a), sampleMoments(b), confidence);
}

/** The same from merged moments. `statistic` has scipy's sign (first minus second), `difference` does not. */
export function welchTFromMoments(
  a: SampleMoments,
  b: SampleMoments,
  confidence = 0.95,
): DifferenceResult & { degreesOfFreedom: number } {
  const difference = b.mean - a.mean;
  const partA = a.variance / a.n;
  const partB = b.variance / b.n;
  const squaredError = partA + partB;
  if (squaredError === 0) {
    const statistic = difference === 0 ? 0 : -Math.sign(difference) * Number.POSITIVE_INFINITY;
    const pValue = difference === 0 ? 1 : 0;
    return {
      statistic,
      pValue,
      difference,
      interval: [difference, difference],
      degreesOfFreedom: a.n + b.n - 2,
    };
  }
  const degreesOfFreedom =
    (squaredError * squaredError) / ((partA * partA) / (a.n - 1) + (partB * partB) / (b.n - 1));
  const error = Math.sqrt(squaredError);
  const statistic = -difference / error;
  const reach = tQuantile(0.5 + confidence / 2, degreesOfFreedom) * error;
  return {
    statistic,
    pValue: 2 * tSf(Math.abs(statistic), degreesOfFreedom),
    difference,
    interval: [difference - reach, difference + reach],
    degreesOfFreedom,
  };
}

/**
 * Mann-Whitney U of the first sample. Exact when the smaller sample has at most 8 values, the larger at most
 * 10 000 and nothing is tied; otherwise normal with tie and continuity correction (scipy's rule).
 */
export function mannWhitneyU(a: ArrayLike<number>, b: ArrayLike<number>): TestResult {
  const first = sortedPresent(a);
  const second = sortedPresent(b);
  const n = first.length;
  const m = second.length;
  if (n === 0 || m === 0) return { statistic: Number.NaN, pValue: Number.NaN };
  const pooled = new Float64Array(n + m);
  pooled.set(first);
  pooled.set(second, n);
  const { ranks, tieTerm } = midranks(pooled);
  let rankSum = 0;
  for (let i = 0; i < n; i++) rankSum += ranks[i];
  const statistic = rankSum - (n * (n + 1)) / 2;
  const extreme = Math.max(statistic, n * m - statistic);
  if (Math.min(n, m) <= 8 && Math.max(n, m) <= 10_000 && tieTerm === 0) {
    return {
      statistic,
      pValue: Math.min(1, 2 * rankSumTail(n * m - extreme, Math.min(n, m), Math.max(n, m))),
    };
  }
  const total = n + m;
  const deviation = Math.sqrt(((n * m) / 12) * (total + 1 - tieTerm / (total * (total - 1))));
  if (!(deviation > 0)) return { statistic, pValue: 1 };
  const z = (extreme - (n * m) / 2 - 0.5) / deviation;
  return { statistic, pValue: Math.min(1, 2 * normalSf(z)) };
}

/** P(U ≤ u) from the Gaussian binomial coefficient, one factor (1 − x^(m+i))/(1 − x^i) at a time. */
function rankSumTail(u: number, n: number, m: number): number {
  const counts = new Float64Array(u + 1);
  counts[0] = 1;
  let orderings = 1;
  for (let i = 1; i <= n; i++) {
    for (let k = u; k >= m + i; k--) counts[k] -= counts[k - m - i];
    for (let k = i; k <= u; k++) counts[k] += counts[k - i];
    orderings *= (m + i) / i;
  }
  let below = 0;
  for (let k = 0; k <= u; k++) below += counts[k];
  return below / orderings;
}

/**
 * Two proportions: pooled z-test, and Newcombe's (1998, method 10) interval for second minus first, which
 * stays sensible at 0 and 1.
 */
export function zTwoProportions(
  successesA: number,
  nA: number,
  successesB: number,
  nB: number,
  confidence = 0.95,
): DifferenceResult {
  if (!(nA > 0 && nB > 0)) {
    const nan = Number.NaN;
    return { statistic: nan, pValue: nan, difference: nan, interval: [nan, nan] };
  }
  const a = successesA / nA;
  const b = successesB / nB;
  const difference = b - a;
  const pooled = (successesA + successesB) / (nA + nB);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / nA + 1 / nB));
  const statistic = error > 0 ? (a - b) / error : 0;
  const z = normalQuantile(0.5 + confidence / 2);
  const [lowerA, upperA] = wilsonBounds(a, nA, z);
  const [lowerB, upperB] = wilsonBounds(b, nB, z);
  const down = Math.hypot(b - lowerB, upperA - a);
  const up = Math.hypot(upperB - b, a - lowerA);
  const pValue = Math.min(1, 2 * normalSf(Math.abs(statistic)));
  return { statistic, pValue, difference, interval: [difference - down, difference + up] };
}

/** Wilson score bounds of a share; `z` is the normal quantile of the wanted confidence. */
export function wilsonBounds(share: number, n: number, z: number): [lower: number, upper: number] {
  const centre = share + (z * z) / (2 * n);
  const reach = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return [Math.max(0, (centre - reach) / scale), Math.min(1, (centre + reach) / scale)];
}
