/**
 * Column-major training data for binary classification, shared by all learners of this folder.
 * `columns[f][i]` is feature `f` of row `i`; NaN means "missing"; labels are 0 or 1.
 */
export interface TrainingTable {
  readonly columns: readonly Float32Array[];
  readonly names: readonly string[];
  readonly labels: Uint8Array;
}

/** Share of one feature in a model's explanation; the shares of a model add up to 1 (or are all 0). */
export interface FeatureImportance {
  feature: string;
  importance: number;
}

/**
 * Called after each tree or iteration with its number (from 1), the planned total and the mean log loss in
 * nats per row. What it throws ends the training and reaches the caller.
 */
export type TrainingProgress = (step: number, total: number, loss: number) => void;

/**
 * Checks that a table can be learnt from.
 * @throws RangeError when shapes differ, names repeat, a label is not 0 or 1, one class is absent, or a
 *   feature value is infinite (clip it, or store NaN for "unknown").
 */
export function assertTrainable(table: TrainingTable): void {
  const { columns, names, labels } = table;
  if (columns.length === 0) throw new RangeError('The table has no feature columns.');
  if (names.length !== columns.length) {
    throw new RangeError(`The table has ${columns.length} columns but ${names.length} names.`);
  }
  if (new Set(names).size !== names.length) throw new RangeError('Two feature columns have the same name.');
  let positives = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (label > 1) throw new RangeError(`Label ${label} in row ${i} is neither 0 nor 1.`);
    positives += label;
  }
  if (positives === 0 || positives === labels.length) {
    throw new RangeError('The labels must hold both classes, 0 and 1.');
  }
  for (let f = 0; f < columns.length; f++) {
    const column = columns[f];
    if (column.length !== labels.length) {
      throw new RangeError(
        `Column "${names[f]}" has ${column.length} rows, the labels have ${labels.length}.`,
      );
    }
    for (let i = 0; i < column.length; i++) {
      const x = column[i];
      if (x === Number.POSITIVE_INFINITY || x === Number.NEGATIVE_INFINITY) {
        throw new RangeError(`Column "${names[f]}" holds an infinite value in row ${i}.`);
      }
    }
  }
}

/**
 * Checks that columns fit a model and returns their number of rows.
 * @throws RangeError when the number of columns differs from the model's, or their lengths differ.
 */
export function rowCount(columns: readonly Float32Array[], features: readonly string[]): number {
  if (columns.length !== features.length) {
    throw new RangeError(`The model wants ${features.length} columns, ${columns.length} were given.`);
  }
  const rows = columns[0]?.length ?? 0;
  for (const column of columns) {
    if (column.length !== rows) throw new RangeError('The feature columns differ in length.');
  }
  return rows;
}

/** Scales non-negative weights, one per feature, to shares that add up to 1; all-zero weights stay 0. */
export function importanceShares(
  features: readonly string[],
  weights: ArrayLike<number>,
): FeatureImportance[] {
  let total = 0;
  for (let f = 0; f < features.length; f++) total += weights[f];
  return features.map((feature, f) => ({
    feature,
    importance: total > 0 ? weights[f] / total : 0,
  }));
}
