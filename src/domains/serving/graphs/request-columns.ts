import type { NamedTensor, TensorSpec } from '../runtime/tensors.ts';

/** The prefix of a request's column that is fed beside the vector of features. */
export const besidePrefix = 'request.';

/** Adds the columns of a request that a graph reads beside the vector, in the form of its inputs. */
export function addColumns(
  feeds: NamedTensor[],
  inputs: readonly TensorSpec[],
  columns: Readonly<Record<string, ArrayLike<unknown>>>,
  rows: number,
): void {
  for (let i = 1; i < inputs.length; i++) {
    const { name, datatype } = inputs[i];
    const values = columns[name.slice(besidePrefix.length)];
    feeds.push({ name, datatype, shape: [rows], data: typed(datatype, values) });
  }
}

function typed(datatype: TensorSpec['datatype'], values: ArrayLike<unknown>): NamedTensor['data'] {
  if (datatype === 'BYTES') return Array.from(values, (value) => String(value ?? ''));
  if (datatype === 'BOOL') return Uint8Array.from(values as ArrayLike<number>, Number);
  return Float64Array.from(values as ArrayLike<number>, Number);
}
