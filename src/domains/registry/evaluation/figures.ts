import {
  calibrationCurve,
  calibrationSlopeIntercept,
  expectedCalibrationError,
} from '../../../math/calibration.ts';
import { aucInterval, brierLosses, confusionAt, logLosses, rocCurve } from '../../../math/classification.ts';
import { delongPairedTest, pairedLossTest } from '../../../math/compare.ts';
import type { Comparison, Difference, Figure, ModelFigures } from './evaluation.contract.ts';

/** Rows that are judged together. `clusters` names the unit of each row that counts as one piece of evidence. */
export type Rows = { labels: Uint8Array; clusters: Int32Array | undefined };

/** A number as JSON can hold it: what is not finite is null. */
export function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function figure(value: number, lower: number, upper: number): Figure {
  return { value: orNull(value), lower: orNull(lower), upper: orNull(upper) };
}

/** Area under the ROC curve with DeLong's interval. */
export function aucFigure({ labels }: Rows, scores: Float32Array): Figure {
  const { estimate, lower, upper } = aucInterval(labels, scores);
  return figure(estimate, lower, upper);
}

/** Mean of per-row losses with an interval that is robust to clusters. */
export function lossFigure({ clusters }: Rows, losses: Float64Array): Figure {
  const { difference, interval } = pairedLossTest(new Float64Array(losses.length), losses, clusters);
  return figure(difference, ...interval);
}

/** Candidate − other on paired per-row losses. */
export function lossDifference({ clusters }: Rows, other: Float64Array, candidate: Float64Array): Difference {
  const { difference, interval, pValue } = pairedLossTest(other, candidate, clusters);
  return { ...figure(difference, ...interval), pValue: orNull(pValue) };
}

/** Candidate − other on the same rows. */
export function compare(rows: Rows, other: Float32Array, candidate: Float32Array): Comparison {
  const auc = delongPairedTest(rows.labels, other, candidate);
  return {
    auc: { ...figure(auc.difference, ...auc.interval), pValue: orNull(auc.pValue) },
    logLoss: lossDifference(rows, logLosses(rows.labels, other), logLosses(rows.labels, candidate)),
    brier: lossDifference(rows, brierLosses(rows.labels, other), brierLosses(rows.labels, candidate)),
  };
}

/** All figures of one model; `scores` are probabilities. */
export function modelFigures(
  rows: Rows,
  scores: Float32Array,
  threshold: number,
  digest: string | null,
): ModelFigures {
  const { labels } = rows;
  const { truePositives, trueNegatives, falsePositives, falseNegatives } = confusionAt(
    labels,
    scores,
    threshold,
  );
  const fit = calibrationSlopeIntercept(labels, scores);
  const around = (value: number, error: number) => figure(value, value - 1.96 * error, value + 1.96 * error);
  let sum = 0;
  for (const score of scores) sum += score;
  return {
    digest,
    auc: aucFigure(rows, scores),
    logLoss: lossFigure(rows, logLosses(labels, scores)),
    brier: lossFigure(rows, brierLosses(labels, scores)),
    accuracy: orNull((truePositives + trueNegatives) / labels.length),
    precision: orNull(truePositives / (truePositives + falsePositives)),
    recall: orNull(truePositives / (truePositives + falseNegatives)),
    ece: orNull(expectedCalibrationError(labels, scores)),
    calibrationSlope: around(fit.slope, fit.slopeStandardError),
    calibrationIntercept: around(fit.intercept, fit.interceptStandardError),
    meanScore: orNull(sum / scores.length),
    calibration: calibrationCurve(labels, scores),
    roc: rocCurve(labels, scores, 100).map(({ falsePositiveRate, truePositiveRate }) => ({
      falsePositiveRate,
      truePositiveRate,
    })),
  };
}
