/**
 * DeLong's covariance of AUCs measured on the same rows.
 *
 * Notation: positives X_1…X_m, negatives Y_1…Y_n; V10_i share of negatives that X_i beats, V01_j share of
 * positives that beat Y_j (ties half); covariance = cov(V10)/m + cov(V01)/n with divisors m − 1 and n − 1.
 *
 * Sources: E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson (1988), Biometrics 44; X. Sun, W. Xu (2014), "Fast
 * implementation of DeLong's algorithm", IEEE Signal Processing Letters 21 (midranks, O(n log n)).
 */

import { midranks } from './ranks.ts';

export interface DelongComponents {
  auc: number[];
  /** Shape [models][models]. */
  covariance: number[][];
  positives: number;
  negatives: number;
}

/** Undefined when a class is missing or a score is NaN. With one row in a class its share of variance counts 0. */
export function delongComponents(
  y: ArrayLike<number>,
  models: readonly ArrayLike<number>[],
): DelongComponents | undefined {
  let positives = 0;
  for (let i = 0; i < y.length; i++) if (y[i] === 1) positives++;
  const negatives = y.length - positives;
  if (positives === 0 || negatives === 0) return undefined;
  const auc: number[] = [];
  const beats: Float64Array[] = [];
  const beaten: Float64Array[] = [];
  for (const scores of models) {
    const placed = placements(y, scores, positives, negatives);
    if (placed === undefined) return undefined;
    beats.push(placed.beats);
    beaten.push(placed.beaten);
    auc.push(placed.auc);
  }
  const covariance = models.map((_, a) =>
    models.map(
      (_, b) =>
        centredProduct(beats[a], beats[b], auc[a], auc[b]) / positives +
        centredProduct(beaten[a], beaten[b], auc[a], auc[b]) / negatives,
    ),
  );
  return { auc, covariance, positives, negatives };
}

function placements(
  y: ArrayLike<number>,
  scores: ArrayLike<number>,
  positives: number,
  negatives: number,
): { beats: Float64Array; beaten: Float64Array; auc: number } | undefined {
  const positiveScores = new Float64Array(positives);
  const negativeScores = new Float64Array(negatives);
  let p = 0;
  let q = 0;
  for (let i = 0; i < y.length; i++) {
    if (Number.isNaN(scores[i])) return undefined;
    if (y[i] === 1) positiveScores[p++] = scores[i];
    else negativeScores[q++] = scores[i];
  }
  const pooled = new Float64Array(positives + negatives);
  pooled.set(positiveScores);
  pooled.set(negativeScores, positives);
  const overall = midranks(pooled).ranks;
  const amongPositives = midranks(positiveScores).ranks;
  const amongNegatives = midranks(negativeScores).ranks;
  const beats = new Float64Array(positives);
  const beaten = new Float64Array(negatives);
  let wins = 0;
  for (let i = 0; i < positives; i++) {
    wins += overall[i] - amongPositives[i];
    beats[i] = (overall[i] - amongPositives[i]) / negatives;
  }
  for (let j = 0; j < negatives; j++)
    beaten[j] = 1 - (overall[positives + j] - amongNegatives[j]) / positives;
  return { beats, beaten, auc: wins / positives / negatives };
}

function centredProduct(a: Float64Array, b: Float64Array, meanA: number, meanB: number): number {
  if (a.length < 2) return 0;
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - meanA) * (b[i] - meanB);
  return sum / (a.length - 1);
}
