/**
 * Whether predicted probabilities mean what they say.
 *
 * Sources: M. P. Naeini et al. (2015) (expected calibration error, here with equal-count bins); D. R. Cox (1958),
 * "Two further applications of a model for binary regression" (slope and intercept).
 */

import { wilson } from './intervals.ts';
import { argsort } from './ranks.ts';

/** @throws RangeError when the lengths differ. */
export function assertSameLength(a: ArrayLike<number>, b: ArrayLike<number>): void {
  if (a.length !== b.length) throw new RangeError('Labels and scores need the same length.');
}

export interface CalibrationBin {
  n: number;
  /** Mean predicted probability in the bin. */
  predicted: number;
  /** Share of positives in the bin, with Wilson's bounds. */
  observed: number;
  lower: number;
  upper: number;
}

/**
 * Reliability curve over bins of equal count by rising probability. Equal probabilities are never split, so a
 * score with few distinct values gives fewer bins. Empty when there is no row or a probability is NaN.
 */
export function calibrationCurve(
  y: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  bins = 10,
  confidence = 0.95,
): CalibrationBin[] {
  assertSameLength(y, probabilities);
  const n = y.length;
  const order = argsort(probabilities);
  if (n === 0 || Number.isNaN(probabilities[order[n - 1]])) return [];
  const curve: CalibrationBin[] = [];
  let start = 0;
  for (let b = 1; b <= bins; b++) {
    let end = Math.max(start, Math.floor((b * n) / bins));
    while (end > start && end < n && probabilities[order[end]] === probabilities[order[end - 1]]) end++;
    if (end === start) continue;
    let predicted = 0;
    let positives = 0;
    for (let k = start; k < end; k++) {
      predicted += probabilities[order[k]];
      if (y[order[k]] === 1) positives++;
    }
    const rate = wilson(positives, end - start, confidence);
    curve.push({
      n: end - start,
      predicted: predicted / (end - start),
      observed: rate.estimate,
      lower: rate.lower,
      upper: rate.upper,
    });
    start = end;
  }
  return curve;
}

/** Mean |predicted − observed| over the bins of the curve, weighted by rows, in [0, 1]. Biased upwards when bins are small. */
export function expectedCalibrationError(
  y: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  bins = 10,
): number {
  const curve = calibrationCurve(y, probabilities, bins);
  if (curve.length === 0) return Number.NaN;
  let sum = 0;
  for (const bin of curve) sum += bin.n * Math.abs(bin.predicted - bin.observed);
  return sum / y.length;
}

export interface CalibrationFit {
  /** 1 is right; below 1 the model is over-confident. */
  slope: number;
  /** 0 is right, at the fitted slope. */
  intercept: number;
  slopeStandardError: number;
  interceptStandardError: number;
}

/**
 * Logistic regression of y on ln(p/(1 − p)) by Newton's method (maximum likelihood; p clipped by 1e-15).
 * NaN in all fields when one class is missing, all probabilities are equal, or the classes are separated.
 */
export function calibrationSlopeIntercept(
  y: ArrayLike<number>,
  probabilities: ArrayLike<number>,
): CalibrationFit {
  assertSameLength(y, probabilities);
  const x = new Float64Array(y.length);
  for (let i = 0; i < x.length; i++) {
    const p = Math.min(1 - 1e-15, Math.max(1e-15, probabilities[i]));
    x[i] = Math.log(p) - Math.log1p(-p);
  }
  const nan = Number.NaN;
  const undefinedFit = { slope: nan, intercept: nan, slopeStandardError: nan, interceptStandardError: nan };
  let intercept = 0;
  let slope = 1;
  let deviance = logisticDeviance(y, x, intercept, slope);
  for (let iteration = 0; iteration < 100; iteration++) {
    const { g0, g1, h00, h01, h11 } = logisticDerivatives(y, x, intercept, slope);
    const determinant = h00 * h11 - h01 * h01;
    if (!(determinant > 1e-12 * h00 * h11)) return undefinedFit;
    const step0 = (h11 * g0 - h01 * g1) / determinant;
    const step1 = (h00 * g1 - h01 * g0) / determinant;
    let scale = 1;
    let next = logisticDeviance(y, x, intercept + step0, slope + step1);
    while (!(next <= deviance * (1 + 1e-12)) && scale > 1e-6) {
      scale /= 2;
      next = logisticDeviance(y, x, intercept + scale * step0, slope + scale * step1);
    }
    intercept += scale * step0;
    slope += scale * step1;
    deviance = next;
    if (Math.abs(step0) + Math.abs(step1) < 1e-12 * (1 + Math.abs(slope) + Math.abs(intercept))) {
      const slopeStandardError = Math.sqrt(h00 / determinant);
      return { slope, intercept, slopeStandardError, interceptStandardError: Math.sqrt(h11 / determinant) };
    }
  }
  return undefinedFit;
}

function logisticDerivatives(
  y: ArrayLike<number>,
  x: Float64Array,
  intercept: number,
  slope: number,
): { g0: number; g1: number; h00: number; h01: number; h11: number } {
  let g0 = 0;
  let g1 = 0;
  let h00 = 0;
  let h01 = 0;
  let h11 = 0;
  for (let i = 0; i < x.length; i++) {
    const p = 1 / (1 + Math.exp(-(intercept + slope * x[i])));
    const weight = p * (1 - p);
    g0 += y[i] - p;
    g1 += (y[i] - p) * x[i];
    h00 += weight;
    h01 += weight * x[i];
    h11 += weight * x[i] * x[i];
  }
  return { g0, g1, h00, h01, h11 };
}

/** −2 log likelihood. */
function logisticDeviance(y: ArrayLike<number>, x: Float64Array, intercept: number, slope: number): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const z = intercept + slope * x[i];
    const margin = y[i] === 1 ? -z : z;
    sum += margin > 0 ? margin + Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin));
  }
  return 2 * sum;
}
