import { type BinnedTable, binTable } from './feature-binning.ts';
import { sampleRows, stratifiedSplit } from './row-sample.ts';
import {
  assertTrainable,
  importanceShares,
  type TrainingProgress,
  type TrainingTable,
} from './training-table.ts';
import { addTreeScores, type GradientBoostingModel, type RegressionTree } from './tree-ensemble.ts';
import { createTreeGrower } from './tree-grower.ts';

/** Defaults in brackets are those of `GRADIENT_BOOSTING_DEFAULTS`. */
export interface GradientBoostingParams {
  /** Most trees, >= 1 (100). */
  trees: number;
  /** Shrinkage of each tree, > 0 (0.1). */
  learningRate: number;
  /** Most leaves per tree, >= 2 (31). */
  leaves: number;
  /** Fewest training rows in a leaf, >= 1 (20). */
  minSamplesLeaf: number;
  /** L2 penalty on leaf values, >= 0 (0). */
  l2: number;
  /** Most bins per feature without the one of missing values, 2 to 255 (255). */
  bins: number;
  /** Seeds the choice of rows for quantiles (beyond 200 000 rows) and for validation (0). */
  seed: number;
  /**
   * Stop when the loss on held-out rows has not improved for so many trees, and keep the trees up to the best
   * one. Left out: train all trees on all rows.
   */
  earlyStoppingRounds?: number;
  /** Share of each class held out for early stopping, in (0, 1) (0.1). */
  validationShare?: number;
}

export const GRADIENT_BOOSTING_DEFAULTS: GradientBoostingParams = {
  trees: 100,
  learningRate: 0.1,
  leaves: 31,
  minSamplesLeaf: 20,
  l2: 0,
  bins: 255,
  seed: 0,
};

/** Product of probabilities that is folded into the log loss before it can underflow. */
const SMALLEST_PRODUCT = 1e-150;

function assertParams(params: GradientBoostingParams): void {
  const rules: [name: keyof GradientBoostingParams, isValid: boolean, wanted: string][] = [
    ['trees', Number.isInteger(params.trees) && params.trees >= 1, 'a whole number from 1'],
    ['learningRate', params.learningRate > 0 && Number.isFinite(params.learningRate), 'a number above 0'],
    ['leaves', Number.isInteger(params.leaves) && params.leaves >= 2, 'a whole number from 2'],
    [
      'minSamplesLeaf',
      Number.isInteger(params.minSamplesLeaf) && params.minSamplesLeaf >= 1,
      'a whole number from 1',
    ],
    ['l2', params.l2 >= 0 && Number.isFinite(params.l2), 'a number from 0'],
    [
      'bins',
      Number.isInteger(params.bins) && params.bins >= 2 && params.bins <= 255,
      'a whole number, 2 to 255',
    ],
    ['seed', Number.isInteger(params.seed), 'a whole number'],
  ];
  const { earlyStoppingRounds: rounds, validationShare: share } = params;
  if (rounds !== undefined) {
    rules.push(['earlyStoppingRounds', Number.isInteger(rounds) && rounds >= 1, 'a whole number from 1']);
  }
  if (share !== undefined)
    rules.push(['validationShare', share > 0 && share < 1, 'a number between 0 and 1']);
  for (const [name, isValid, wanted] of rules) {
    if (!isValid) throw new RangeError(`Parameter ${name} must be ${wanted}, not ${params[name]}.`);
  }
}

/**
 * First and second derivative of the log loss by the score, g = p − y and h = p(1 − p), written to
 * `gradients[2 * row]` and `[2 * row + 1]`. Returns the mean log loss of the rows in nats.
 */
function logLossGradients(
  scores: Float64Array,
  labels: Uint8Array,
  rows: Int32Array,
  gradients: Float32Array | undefined,
): number {
  let product = 1;
  let loss = 0;
  for (let k = 0; k < rows.length; k++) {
    const row = rows[k];
    const y = labels[row];
    const p = 1 / (1 + Math.exp(-scores[row]));
    if (gradients !== undefined) {
      gradients[2 * row] = p - y;
      gradients[2 * row + 1] = p * (1 - p);
    }
    // One logarithm per many rows: the loss is −log of the product of the labels' probabilities.
    product *= Math.abs(1 - y - p) + SMALLEST_PRODUCT;
    if (product < SMALLEST_PRODUCT) {
      loss -= Math.log(product);
      product = 1;
    }
  }
  return (loss - Math.log(product)) / rows.length;
}

function gainByFeature(trees: readonly RegressionTree[], features: number): Float64Array {
  const gains = new Float64Array(features);
  for (const tree of trees) {
    for (let k = 0; k < tree.feature.length; k++) {
      const f = tree.feature[k];
      if (f >= 0) gains[f] = gains[f] + tree.gain[k];
    }
  }
  return gains;
}

/** Log-odds of the training labels: the score of a model without trees. */
function logOdds(labels: Uint8Array, rows: Int32Array): number {
  let positives = 0;
  for (let k = 0; k < rows.length; k++) positives += labels[rows[k]];
  return Math.fround(Math.log(positives / (rows.length - positives)));
}

/**
 * Trains gradient-boosted trees for binary classification on the log loss: second-order boosting over binned
 * features, leaf-wise growth, missing values with a learnt direction. Equal input gives an equal model.
 * `onProgress` gets the validation loss with early stopping, else the training loss.
 * @throws RangeError when a parameter is out of range or the table cannot be learnt from.
 * Source: Friedman, Greedy Function Approximation: A Gradient Boosting Machine (2001); Chen & Guestrin,
 * XGBoost (2016); Ke et al., LightGBM (2017); the defaults of scikit-learn's HistGradientBoostingClassifier.
 */
export function trainGradientBoosting(
  table: TrainingTable,
  params: GradientBoostingParams,
  onProgress?: TrainingProgress,
): GradientBoostingModel {
  assertParams(params);
  assertTrainable(table);
  const { columns, labels } = table;
  const patience = params.earlyStoppingRounds;
  const parts =
    patience === undefined
      ? { training: sampleRows(labels.length, labels.length, 0), validation: new Int32Array(0) }
      : stratifiedSplit(labels, params.validationShare ?? 0.1, params.seed);

  const binned: BinnedTable = binTable(columns, parts.training, params.bins, params.seed);
  const grower = createTreeGrower(binned, parts.training, params);
  const baseline = logOdds(labels, parts.training);
  const scores = new Float64Array(labels.length).fill(baseline);
  const gradients = new Float32Array(labels.length * 2);
  logLossGradients(scores, labels, parts.training, gradients);

  const trees: RegressionTree[] = [];
  const loss: GradientBoostingModel['loss'] = { training: [], validation: [] };
  let best = { trees: params.trees, loss: Number.POSITIVE_INFINITY };
  for (let t = 1; t <= params.trees; t++) {
    const tree = grower.grow(gradients, scores);
    trees.push(tree);
    let current = logLossGradients(scores, labels, parts.training, gradients);
    loss.training.push(current);
    if (patience !== undefined) {
      addTreeScores(tree, columns, parts.validation, scores);
      current = logLossGradients(scores, labels, parts.validation, undefined);
      loss.validation.push(current);
      if (current < best.loss) best = { trees: t, loss: current };
    }
    onProgress?.(t, params.trees, current);
    if (patience !== undefined && t - best.trees >= patience) break;
  }
  const kept = trees.slice(0, best.trees);
  return {
    kind: 'gradient-boosting',
    features: [...table.names],
    baseline,
    trees: kept,
    importance: importanceShares(table.names, gainByFeature(kept, columns.length)),
    loss,
  };
}
