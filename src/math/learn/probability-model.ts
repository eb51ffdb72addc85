import { type LogisticRegressionModel, predictLogisticProbability } from './logistic-regression.ts';
import { type GradientBoostingModel, predictBoostedProbability } from './tree-ensemble.ts';

/** A trained binary classifier of either kind. */
export type ProbabilityModel = GradientBoostingModel | LogisticRegressionModel;

/**
 * Probability of label 1 per row, float32 [N]; `columns` are column-major in the order of `model.features`,
 * NaN means missing.
 * @throws RangeError when the columns do not fit the model.
 */
export function predictProbability(model: ProbabilityModel, columns: readonly Float32Array[]): Float32Array {
  return model.kind === 'gradient-boosting'
    ? predictBoostedProbability(model, columns)
    : predictLogisticProbability(model, columns);
}
