import { aucInterval, brierScore, logLoss } from '../../math/classification.ts';
import {
  GRADIENT_BOOSTING_DEFAULTS,
  type GradientBoostingParams,
  trainGradientBoosting,
} from '../../math/learn/gradient-boosting.ts';
import {
  LOGISTIC_REGRESSION_DEFAULTS,
  type LogisticRegressionModel,
  type LogisticRegressionParams,
  trainLogisticRegression,
} from '../../math/learn/logistic-regression.ts';
import { type ProbabilityModel, predictProbability } from '../../math/learn/probability-model.ts';
import {
  assertTrainable,
  type TrainingProgress,
  type TrainingTable,
} from '../../math/learn/training-table.ts';

export const TRAINERS = ['gradient-boosting', 'logistic-regression', 'base-rate'] as const;
export type TrainerName = (typeof TRAINERS)[number];

export type Training = {
  model: ProbabilityModel;
  /** Every parameter that was used, defaults included. */
  params: Record<string, string>;
  /** Loss after each tree or iteration, mean nats per row. */
  history: { step: number; loss: number }[];
};

/**
 * Trains one of the built-in baselines. `params` are those of the trainer; what is left out keeps its default.
 * @throws RangeError for an unknown or illegal parameter, or a table that cannot be learnt from.
 */
export function train(
  trainer: TrainerName,
  table: TrainingTable,
  params: Readonly<Record<string, unknown>>,
  seed: number,
  onProgress?: TrainingProgress,
): Training {
  const history: Training['history'] = [];
  const progress: TrainingProgress = (step, total, loss) => {
    history.push({ step, loss });
    onProgress?.(step, total, loss);
  };
  switch (trainer) {
    case 'gradient-boosting': {
      const known = [...Object.keys(GRADIENT_BOOSTING_DEFAULTS), 'earlyStoppingRounds', 'validationShare'];
      const all = {
        ...GRADIENT_BOOSTING_DEFAULTS,
        seed,
        ...onlyNumbers(params, known),
      } as GradientBoostingParams;
      return { model: trainGradientBoosting(table, all, progress), params: asTexts(all), history };
    }
    case 'logistic-regression': {
      const known = Object.keys(LOGISTIC_REGRESSION_DEFAULTS);
      const all = {
        ...LOGISTIC_REGRESSION_DEFAULTS,
        ...onlyNumbers(params, known),
      } as LogisticRegressionParams;
      return { model: trainLogisticRegression(table, all, progress), params: asTexts(all), history };
    }
    case 'base-rate':
      onlyNumbers(params, []);
      return { model: trainBaseRate(table), params: {}, history };
  }
}

/** The constant that predicts the share of positive labels, whatever the features say: the honest baseline. */
function trainBaseRate(table: TrainingTable): LogisticRegressionModel {
  assertTrainable(table);
  let positives = 0;
  for (const label of table.labels) positives += label;
  const rate = positives / table.labels.length;
  return {
    kind: 'logistic-regression',
    features: [...table.names],
    means: table.names.map(() => 0),
    scales: table.names.map(() => 1),
    coefficients: table.names.map(() => 0),
    intercept: Math.log(rate / (1 - rate)),
    importance: table.names.map((feature) => ({ feature, importance: 0 })),
    loss: -(rate * Math.log(rate) + (1 - rate) * Math.log(1 - rate)),
    iterations: 0,
    converged: true,
  };
}

/** Figures on the rows that the model was trained on; the honest ones come from an evaluation. */
export function trainingMetrics(model: ProbabilityModel, table: TrainingTable): Record<string, number> {
  const probabilities = predictProbability(model, table.columns);
  let positives = 0;
  for (const label of table.labels) positives += label;
  return {
    'train.rows': table.labels.length,
    'train.labelRate': positives / table.labels.length,
    'train.auc': aucInterval(table.labels, probabilities).estimate,
    'train.logLoss': logLoss(table.labels, probabilities),
    'train.brier': brierScore(table.labels, probabilities),
  };
}

function onlyNumbers(
  params: Readonly<Record<string, unknown>>,
  known: readonly string[],
): Record<string, number> {
  const result: Record<string, number> = {};
  for (const [name, value] of Object.entries(params)) {
    if (!known.includes(name)) {
      throw new RangeError(
        `This trainer has no parameter "${name}". It knows ${known.join(', ') || 'none'}.`,
      );
    }
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isFinite(number)) {
      throw new RangeError(`The parameter "${name}" is not a number.`);
    }
    result[name] = number;
  }
  return result;
}

function asTexts(params: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );
}
