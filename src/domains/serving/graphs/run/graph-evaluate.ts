import type { Value } from '../../../features/index.ts';
import type { Formula, Part } from '../plan/graph.plan.ts';
import { type TensorOf, valueAt } from './graph-values.ts';

/** What expressions read of one request. */
export type Reading = {
  readonly tensorOf: TensorOf;
  /** Whether a node was left out for a row; its values are null then. */
  isMissing(node: number, row: number): boolean;
  readonly rows: number;
};

/** An expression as a function of the row's number. */
export function evaluator(
  { tensorOf, isMissing, rows }: Reading,
  { evaluate, columns }: Formula,
): (row: number) => Value {
  const tensors = columns.map(({ part }) => tensorOf(part));
  const values: Record<string, Value> = {};
  return (row) => {
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i];
      values[column.name] = isMissing(column.part.node, row) ? null : valueAt(column, tensors[i], rows, row);
    }
    return evaluate(values);
  };
}

/** The place of a row's largest value, or its label; null where one of them is no number. */
export function largest(
  { tensorOf, isMissing, rows }: Reading,
  { argmax: part, labels }: { argmax: Part; labels: readonly string[] | null },
): (row: number) => Value {
  const { data } = tensorOf(part);
  const width = data.length / rows;
  return (row) => {
    if (isMissing(part.node, row)) return null;
    let best = 0;
    for (let i = 0; i < width; i++) {
      const value = Number(data[row * width + i]);
      if (Number.isNaN(value)) return null;
      if (value > Number(data[row * width + best])) best = i;
    }
    return labels ? labels[best] : best;
  };
}
