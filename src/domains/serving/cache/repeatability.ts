import { isClose } from '../runtime/batching.ts';
import type { Runner } from '../runtime/runner.ts';
import { allocate, elementCount, type NamedTensor } from '../runtime/tensors.ts';

/** Operators of ONNX that draw at random. */
const randomOperators = [
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
];

/**
 * Why the answers of a model that runs here are not cached: it draws at random, or has given two answers to the same
 * row just now. Null when neither is known of it.
 */
export async function whyNotRepeatable(
  runner: Runner,
  operators: Readonly<Record<string, number>>,
): Promise<string | null> {
  const random = randomOperators.filter((name) => (operators[name] ?? 0) > 0);
  if (random.length > 0) return `The model draws at random (${random.join(', ')}).`;
  const row = probeRow(runner);
  const answers: NamedTensor[][] = [];
  try {
    for (let i = 0; i < 2; i++) answers.push(await runner.run(row));
  } catch {
    // A made-up row may be none that the model takes; failures are never cached anyway.
    return null;
  }
  const [first, second] = answers;
  return first.every((tensor, i) => isClose(tensor.data, second[i].data))
    ? null
    : 'The model gave two answers to the same row when it was loaded.';
}

/** One row that is not zero, so that what is multiplied by chance shows. */
function probeRow({ inputs }: Runner): NamedTensor[] {
  return inputs.map(({ name, datatype, shape }) => {
    const concrete = shape.map((size) => (size === -1 ? 1 : size));
    const data = allocate(datatype, elementCount(concrete));
    if (data instanceof Float32Array || data instanceof Float64Array) data.fill(0.5);
    return { name, datatype, shape: concrete, data };
  });
}
