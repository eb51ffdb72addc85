/** Two models judged on the same rows: is the second better, and by how much? */

import { delongComponents } from './delong.ts';
import { assertConfidence } from './intervals.ts';
import { normalQuantile, normalSf, tQuantile, tSf } from './special.ts';

export interface AucComparison {
  aucA: number;
  aucB: number;
  /** B − A: above 0 when B ranks better. */
  difference: number;
  interval: [lower: number, upper: number];
  z: number;
  pValue: number;
}

/**
 * DeLong's test of equal AUC on paired scores. Undefined cases (one class, NaN scores) give NaN. Where the
 * difference has no variance, p is 1 for equal AUCs and otherwise 0.
 *
 * @throws RangeError when the lengths differ or the confidence is not in (0, 1).
 */
export function delongPairedTest(
  y: ArrayLike<number>,
  scoresA: ArrayLike<number>,
  scoresB: ArrayLike<number>,
  confidence = 0.95,
): AucComparison {
  assertConfidence(confidence);
  if (y.length !== scoresA.length || y.length !== scoresB.length) {
    throw new RangeError('Labels and both scores need the same length.');
  }
  const components = delongComponents(y, [scoresA, scoresB]);
  const nan = Number.NaN;
  if (components === undefined) {
    return { aucA: nan, aucB: nan, difference: nan, interval: [nan, nan], z: nan, pValue: nan };
  }
  const [aucA, aucB] = components.auc;
  const [[varianceA, covariance], [, varianceB]] = components.covariance;
  const difference = aucB - aucA;
  const variance = varianceA + varianceB - 2 * covariance;
  // Equal rankings leave rounding noise.
  const error = variance > 1e-14 * (varianceA + varianceB) ? Math.sqrt(variance) : 0;
  const { statistic, pValue } = testOfZero(difference, error, normalSf);
  const reach = error * normalQuantile(0.5 + confidence / 2);
  return { aucA, aucB, difference, interval: [difference - reach, difference + reach], z: statistic, pValue };
}

export interface LossComparison {
  /** Mean of loss B − loss A: below 0 when B is better. */
  difference: number;
  interval: [lower: number, upper: number];
  standardError: number;
  degreesOfFreedom: number;
  statistic: number;
  pValue: number;
}

/**
 * Paired t-test on per-row losses. With one cluster id per row (a user, a device, a day) the error is
 * cluster-robust, √(G/(G − 1) · Σ_g (Σ_{i∈g} (d_i − d̄))²)/n on G − 1 degrees of freedom, so that many rows of
 * one unit do not count as many facts. Rows where a loss is NaN are dropped. One row or cluster gives a NaN test.
 *
 * Source: K.-Y. Liang, S. L. Zeger (1986); C. A. Cameron, D. L. Miller (2015), "A practitioner's guide to
 * cluster-robust inference".
 *
 * @throws RangeError when the lengths differ or the confidence is not in (0, 1).
 */
export function pairedLossTest(
  lossA: ArrayLike<number>,
  lossB: ArrayLike<number>,
  clusters?: ArrayLike<number | string>,
  confidence = 0.95,
): LossComparison {
  assertConfidence(confidence);
  if (lossA.length !== lossB.length || (clusters !== undefined && clusters.length !== lossA.length)) {
    throw new RangeError('Both losses and the clusters need the same length.');
  }
  let n = 0;
  let sum = 0;
  for (let i = 0; i < lossA.length; i++) {
    const d = lossB[i] - lossA[i];
    if (Number.isNaN(d)) continue;
    n++;
    sum += d;
  }
  const difference = sum / n;
  let squares = 0;
  const residuals = new Map<number | string, number>();
  for (let i = 0; i < lossA.length; i++) {
    const residual = lossB[i] - lossA[i] - difference;
    if (Number.isNaN(residual)) continue;
    if (clusters === undefined) squares += residual * residual;
    else residuals.set(clusters[i], (residuals.get(clusters[i]) ?? 0) + residual);
  }
  for (const residual of residuals.values()) squares += residual * residual;
  const groups = clusters === undefined ? n : residuals.size;
  const degreesOfFreedom = groups - 1;
  if (degreesOfFreedom < 1) {
    const nan = Number.NaN;
    return {
      difference,
      interval: [nan, nan],
      standardError: nan,
      degreesOfFreedom,
      statistic: nan,
      pValue: nan,
    };
  }
  const error = Math.sqrt((groups / (groups - 1)) * squares) / n;
  const standardError = error > 1e-15 * Math.abs(difference) ? error : 0;
  const { statistic, pValue } = testOfZero(difference, standardError, (t) => tSf(t, degreesOfFreedom));
  const reach = standardError * tQuantile(0.5 + confidence / 2, degreesOfFreedom);
  const interval: [number, number] = [difference - reach, difference + reach];
  return { difference, interval, standardError, degreesOfFreedom, statistic, pValue };
}

function testOfZero(
  difference: number,
  error: number,
  upperTail: (value: number) => number,
): { statistic: number; pValue: number } {
  if (error > 0) {
    const statistic = difference / error;
    return { statistic, pValue: 2 * upperTail(Math.abs(statistic)) };
  }
  if (difference === 0) return { statistic: 0, pValue: 1 };
  return { statistic: Math.sign(difference) * Number.POSITIVE_INFINITY, pValue: 0 };
}
