/**
 * Quality of a binary classifier.
 *
 * Notation: y labels, 1 positive and 0 negative; s scores (any real number for ranking metrics, probabilities
 * in [0, 1] for losses and calibration). Shapes [n]. What is not defined (no rows, one class, a NaN score) is
 * NaN. Different lengths throw a RangeError.
 *
 * Oracles: scikit-learn and statsmodels, see test/fixtures/math.
 */

import { assertSameLength } from './calibration.ts';
import { delongComponents } from './delong.ts';
import { assertConfidence, type Interval, wilson } from './intervals.ts';
import { argsort, midranks } from './ranks.ts';
import { normalQuantile } from './special.ts';

export {
  type CalibrationBin,
  type CalibrationFit,
  calibrationCurve,
  calibrationSlopeIntercept,
  expectedCalibrationError,
} from './calibration.ts';

/** The clip of log loss: the distance from 1 to the next double, as scikit-learn. */
const PROBABILITY_EPSILON = 2.220446049250313e-16;

/** Area under the ROC curve = P(score of a positive > score of a negative), ties count half. O(n log n). */
export function rocAuc(y: ArrayLike<number>, scores: ArrayLike<number>): number {
  assertSameLength(y, scores);
  const { ranks } = midranks(scores);
  let positives = 0;
  let rankSum = 0;
  for (let i = 0; i < y.length; i++) {
    if (Number.isNaN(scores[i])) return Number.NaN;
    if (y[i] === 1) {
      positives++;
      rankSum += ranks[i];
    }
  }
  const negatives = y.length - positives;
  if (positives === 0 || negatives === 0) return Number.NaN;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/**
 * AUC with DeLong's interval, cut to [0, 1]. Where DeLong's variance is 0 (perfect separation) the bound is
 * Wilson's at the size of the smaller class, so that few rows never look certain.
 * Source: E. R. DeLong et al. (1988); X. Sun, W. Xu (2014) for O(n log n).
 */
export function aucInterval(
  y: ArrayLike<number>,
  scores: ArrayLike<number>,
  confidence = 0.95,
): Interval & { standardError: number } {
  assertSameLength(y, scores);
  assertConfidence(confidence);
  const components = delongComponents(y, [scores]);
  if (components === undefined) {
    const nan = Number.NaN;
    return { estimate: nan, lower: nan, upper: nan, confidence, standardError: nan };
  }
  const estimate = components.auc[0];
  const standardError = Math.sqrt(components.covariance[0][0]);
  if (standardError > 0) {
    const reach = normalQuantile(0.5 + confidence / 2) * standardError;
    const lower = Math.max(0, estimate - reach);
    return { estimate, lower, upper: Math.min(1, estimate + reach), confidence, standardError };
  }
  const size = Math.min(components.positives, components.negatives);
  return { ...wilson(estimate * size, size, confidence), estimate, standardError };
}

interface ThresholdSteps {
  /** Distinct scores, descending; counts are of rows with a score at or above it. */
  thresholds: Float64Array;
  truePositives: Float64Array;
  falsePositives: Float64Array;
  count: number;
  positives: number;
  negatives: number;
}

function thresholdSteps(y: ArrayLike<number>, scores: ArrayLike<number>): ThresholdSteps | undefined {
  assertSameLength(y, scores);
  const n = y.length;
  const order = argsort(scores);
  if (n === 0 || Number.isNaN(scores[order[n - 1]])) return undefined;
  const thresholds = new Float64Array(n);
  const truePositives = new Float64Array(n);
  const falsePositives = new Float64Array(n);
  let count = 0;
  let positives = 0;
  for (let k = n - 1; k >= 0; k--) {
    const row = order[k];
    if (y[row] === 1) positives++;
    if (k > 0 && scores[order[k - 1]] === scores[row]) continue;
    thresholds[count] = scores[row];
    truePositives[count] = positives;
    falsePositives[count++] = n - k - positives;
  }
  return { thresholds, truePositives, falsePositives, count, positives, negatives: n - positives };
}

export interface RocPoint {
  falsePositiveRate: number;
  truePositiveRate: number;
  /** Lowest score called positive; null at the start, where nothing is. */
  threshold: number | null;
}

/**
 * ROC curve from (0, 0) to (1, 1) with at most about `maxPoints` points: those where either rate has moved by a
 * step of 2/maxPoints since the point before. Empty when one class is missing.
 */
export function rocCurve(y: ArrayLike<number>, scores: ArrayLike<number>, maxPoints = 200): RocPoint[] {
  const steps = thresholdSteps(y, scores);
  if (steps === undefined || steps.positives === 0 || steps.negatives === 0) return [];
  const points: RocPoint[] = [{ falsePositiveRate: 0, truePositiveRate: 0, threshold: null }];
  const step = 2 / maxPoints;
  for (let k = 0; k < steps.count; k++) {
    const falsePositiveRate = steps.falsePositives[k] / steps.negatives;
    const truePositiveRate = steps.truePositives[k] / steps.positives;
    const kept = points[points.length - 1];
    const moved =
      falsePositiveRate - kept.falsePositiveRate >= step || truePositiveRate - kept.truePositiveRate >= step;
    if (moved || steps.count < maxPoints || k === steps.count - 1) {
      points.push({ falsePositiveRate, truePositiveRate, threshold: steps.thresholds[k] });
    }
  }
  return points;
}

/** Log loss per row in nats, −ln of the probability given to what happened, probabilities clipped by 2.2e-16. */
export function logLosses(y: ArrayLike<number>, probabilities: ArrayLike<number>): Float64Array {
  return losses(y, probabilities, (label, p) => {
    const given = label === 1 ? p : 1 - p;
    return -Math.log(Math.min(1 - PROBABILITY_EPSILON, Math.max(PROBABILITY_EPSILON, given)));
  });
}

/** Squared error of the probability per row, in [0, 1]. */
export function brierLosses(y: ArrayLike<number>, probabilities: ArrayLike<number>): Float64Array {
  return losses(y, probabilities, (label, p) => (p - label) * (p - label));
}

function losses(
  y: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  lossOf: (label: number, p: number) => number,
): Float64Array {
  assertSameLength(y, probabilities);
  const result = new Float64Array(y.length);
  for (let i = 0; i < y.length; i++) result[i] = lossOf(y[i], probabilities[i]);
  return result;
}

/** Mean log loss in nats, ≥ 0. */
export function logLoss(y: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  return mean(logLosses(y, probabilities));
}

/** Mean squared error of the probability, in [0, 1]. */
export function brierScore(y: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  return mean(brierLosses(y, probabilities));
}

function mean(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

export interface ConfusionCounts {
  truePositives: number;
  falsePositives: number;
  trueNegatives: number;
  falseNegatives: number;
}

/** Counts when scores at or above `threshold` are called positive. A NaN score is called negative. */
export function confusionAt(
  y: ArrayLike<number>,
  scores: ArrayLike<number>,
  threshold = 0.5,
): ConfusionCounts {
  assertSameLength(y, scores);
  const counts = { truePositives: 0, falsePositives: 0, trueNegatives: 0, falseNegatives: 0 };
  for (let i = 0; i < y.length; i++) {
    if (scores[i] >= threshold) counts[y[i] === 1 ? 'truePositives' : 'falsePositives']++;
    else counts[y[i] === 1 ? 'falseNegatives' : 'trueNegatives']++;
  }
  return counts;
}
