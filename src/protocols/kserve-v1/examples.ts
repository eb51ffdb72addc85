import type { NamedTensor, Prediction, TensorSpec } from '../../domains/serving/index.ts';
import { OipError } from '../open-inference/errors.ts';
import { isObject, tensorsFromInstances } from './instances.ts';

/** Inputs of `classify` and `regress`: a list of examples, and a context whose features every example shares. */
export function tensorsFromExamples(
  body: Readonly<Record<string, unknown>>,
  specs: readonly TensorSpec[],
): NamedTensor[] {
  const { examples, context } = body;
  if (!Array.isArray(examples) || examples.length === 0 || !examples.every(isObject))
    throw new OipError('The examples are no list of objects.');
  if (context !== undefined && !isObject(context)) throw new OipError('The context is not an object.');
  return tensorsFromInstances(
    examples.map((example) => ({ ...context, ...example })),
    specs,
  );
}

/** One number an example: the score that the deployment reads out of its model. */
export function regressions({ scores }: Prediction): (number | null)[] {
  return Array.from(scores, (score) => (Number.isFinite(score) ? score : null));
}

/** Pairs of label and score for each example, of the output that holds the score; the labels are its columns. */
export function classifications({
  outputs,
  live,
  rows,
}: Prediction): [label: string, score: number | null][][] {
  const tensor = outputs.find(({ name }) => name === live.scorer.output);
  if (!tensor || tensor.datatype === 'BYTES')
    throw new OipError('The model has no output with a score a class.');
  const width = tensor.data.length / rows;
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: width }, (_, column): [string, number | null] => {
      const score = Number(tensor.data[row * width + column]);
      return [String(column), Number.isFinite(score) ? score : null];
    }),
  );
}
