import { solveCholesky } from './cholesky.ts';
import { measureColumns, type Standardisation, standardise } from './standardisation.ts';
import {
  assertTrainable,
  type FeatureImportance,
  importanceShares,
  rowCount,
  type TrainingProgress,
  type TrainingTable,
} from './training-table.ts';
import { sigmoid } from './tree-ensemble.ts';

/** Defaults in brackets are those of `LOGISTIC_REGRESSION_DEFAULTS`. */
export interface LogisticRegressionParams {
  /** Penalty λ >= 0 in Σ log loss + λ/2 ‖w‖², the intercept is free; scikit-learn's C is 1/λ (1). */
  l2: number;
  /** Most Newton steps, >= 1 (100). */
  maxIterations: number;
  /** Done when no coefficient moves further than this in one step, > 0 (1e-9). */
  tolerance: number;
}

export const LOGISTIC_REGRESSION_DEFAULTS: LogisticRegressionParams = {
  l2: 1,
  maxIterations: 100,
  tolerance: 1e-9,
};

/**
 * Plain data that survives JSON: P(label = 1) = σ(intercept + Σ coefficients[f] · z_f) with
 * z_f = (x_f − means[f]) / scales[f], and z_f = 0 where x_f is missing.
 */
export interface LogisticRegressionModel extends Standardisation {
  kind: 'logistic-regression';
  /** Column names in the order the model wants them. */
  features: string[];
  /** Change of the log-odds per standard deviation of the feature. */
  coefficients: number[];
  intercept: number;
  /** Share of the absolute coefficients, in feature order. */
  importance: FeatureImportance[];
  /** Mean log loss of the training rows in nats, without the penalty. */
  loss: number;
  iterations: number;
  /** False when `maxIterations` ended the search. */
  converged: boolean;
}

/** Rows per block: the standardised block of a dozen features stays in the processor's cache. */
const BLOCK = 512;

/** log(1 + exp(s)) without overflow. */
function softplus(score: number): number {
  return score > 0 ? score + Math.log1p(Math.exp(-score)) : Math.log1p(Math.exp(score));
}

/** Value, gradient and Hessian (lower triangle, row-major) of the penalised loss; weight n − 1 is the intercept. */
interface Objective {
  loss: number;
  penalised: number;
  gradient: Float64Array;
  hessian: Float64Array;
}

function evaluate(
  table: TrainingTable,
  scaling: Standardisation,
  weights: Float64Array,
  l2: number,
): Objective {
  const { columns, labels } = table;
  const n = weights.length;
  const gradient = new Float64Array(n);
  const hessian = new Float64Array(n * n);
  const blocks = Array.from({ length: n }, () => new Float64Array(BLOCK));
  blocks[n - 1].fill(1);
  const residual = new Float64Array(BLOCK);
  const curvature = new Float64Array(BLOCK);
  const weighted = new Float64Array(BLOCK);
  let loss = 0;
  for (let start = 0; start < labels.length; start += BLOCK) {
    const size = Math.min(BLOCK, labels.length - start);
    residual.fill(0);
    for (let f = 0; f < n; f++) {
      const z = blocks[f];
      const column = columns[f];
      if (column !== undefined) {
        const { means, scales } = scaling;
        standardise(column, start, start + size, means[f], scales[f], z);
      }
      const weight = weights[f];
      for (let k = 0; k < size; k++) residual[k] = residual[k] + weight * z[k];
    }
    for (let k = 0; k < size; k++) {
      const score = residual[k];
      const y = labels[start + k];
      const p = sigmoid(score);
      loss += softplus(score) - y * score;
      residual[k] = p - y;
      curvature[k] = p * (1 - p);
    }
    for (let f = 0; f < n; f++) {
      const z = blocks[f];
      let slope = 0;
      for (let k = 0; k < size; k++) {
        slope += residual[k] * z[k];
        weighted[k] = curvature[k] * z[k];
      }
      gradient[f] += slope;
      for (let j = 0; j <= f; j++) {
        const other = blocks[j];
        let sum = 0;
        for (let k = 0; k < size; k++) sum += weighted[k] * other[k];
        hessian[f * n + j] += sum;
      }
    }
  }
  let norm = 0;
  for (let f = 0; f < n - 1; f++) {
    const weight = weights[f];
    norm += weight * weight;
    gradient[f] += l2 * weight;
    hessian[f * n + f] += l2;
  }
  return { loss, penalised: loss + (l2 / 2) * norm, gradient, hessian };
}

function largest(values: Float64Array): number {
  let found = 0;
  for (const value of values) found = Math.max(found, Math.abs(value));
  return found;
}

function assertParams(params: LogisticRegressionParams): void {
  const { l2, maxIterations, tolerance } = params;
  if (!(l2 >= 0 && Number.isFinite(l2)))
    throw new RangeError(`Parameter l2 must be a number from 0, not ${l2}.`);
  if (!(Number.isInteger(maxIterations) && maxIterations >= 1)) {
    throw new RangeError(`Parameter maxIterations must be a whole number from 1, not ${maxIterations}.`);
  }
  if (!(tolerance > 0)) throw new RangeError(`Parameter tolerance must be above 0, not ${tolerance}.`);
}

/**
 * Trains an L2-penalised logistic regression by Newton's method with step halving. Features are standardised
 * and missing values take the mean. Cost per step is rows × features² / 2, so it suits up to a few hundred
 * features. With `l2` 0 and separable classes no optimum exists: `converged` is false then.
 * @throws RangeError when a parameter is out of range or the table cannot be learnt from.
 * Source: Hastie, Tibshirani & Friedman, The Elements of Statistical Learning (2nd ed.), section 4.4.1.
 */
export function trainLogisticRegression(
  table: TrainingTable,
  params: LogisticRegressionParams,
  onProgress?: TrainingProgress,
): LogisticRegressionModel {
  assertParams(params);
  assertTrainable(table);
  const scaling = measureColumns(table.columns);
  const n = table.columns.length + 1;
  const rows = table.labels.length;
  let weights = new Float64Array(n);
  let current = evaluate(table, scaling, weights, params.l2);
  let converged = false;
  let iterations = 0;
  while (!converged && iterations < params.maxIterations) {
    iterations++;
    const step = current.gradient;
    solveCholesky(current.hessian, step);
    let next: Objective;
    let moved: Float64Array<ArrayBuffer>;
    for (;;) {
      moved = weights.map((weight, f) => weight - step[f]);
      next = evaluate(table, scaling, moved, params.l2);
      // Near the optimum the loss only changes by rounding; a tiny step is then taken as it is.
      if (next.penalised <= current.penalised || largest(step) <= params.tolerance * 1e3) break;
      for (let f = 0; f < n; f++) step[f] = step[f] / 2;
    }
    converged = largest(step) <= params.tolerance;
    weights = moved;
    current = next;
    onProgress?.(iterations, params.maxIterations, current.loss / rows);
  }
  const coefficients = Array.from(weights.subarray(0, n - 1));
  return {
    kind: 'logistic-regression',
    features: [...table.names],
    ...scaling,
    coefficients,
    intercept: weights[n - 1],
    importance: importanceShares(table.names, coefficients.map(Math.abs)),
    loss: current.loss / rows,
    iterations,
    converged,
  };
}

/**
 * Probability of label 1 per row, float32 [N]; `columns` are column-major in the model's feature order, NaN
 * means missing.
 * @throws RangeError when the columns do not fit the model.
 */
export function predictLogisticProbability(
  model: LogisticRegressionModel,
  columns: readonly Float32Array[],
): Float32Array {
  const rows = rowCount(columns, model.features);
  const scores = new Float64Array(rows).fill(model.intercept);
  const z = new Float64Array(rows);
  for (let f = 0; f < columns.length; f++) {
    const coefficient = model.coefficients[f];
    standardise(columns[f], 0, rows, model.means[f], model.scales[f], z);
    for (let i = 0; i < rows; i++) scores[i] = scores[i] + coefficient * z[i];
  }
  const probabilities = new Float32Array(rows);
  for (let i = 0; i < rows; i++) probabilities[i] = sigmoid(scores[i]);
  return probabilities;
}
