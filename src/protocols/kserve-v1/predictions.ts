import type { NamedTensor } from '../../domains/serving/index.ts';
import { OipError } from '../open-inference/errors.ts';
import { dataToJson } from '../open-inference/tensors-json.ts';

/** A tensor as nested JSON lists, row-major; NaN and infinities become null. */
export function nestedJson(tensor: NamedTensor): string {
  return nest(elementsOf(tensor), tensor.shape);
}

/** Elements in nested lists of these sizes; the element itself when there are none. */
function nest(elements: string[], shape: readonly number[]): string {
  let parts = elements;
  for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
    const size = shape[dimension];
    let count = 1;
    for (const outer of shape.slice(0, dimension)) count *= outer;
    const inner = parts;
    parts = Array.from({ length: count }, (_, i) => `[${inner.slice(i * size, (i + 1) * size).join(',')}]`);
  }
  return parts[0];
}

/** The elements of a tensor as JSON texts. */
function elementsOf(tensor: NamedTensor): string[] {
  const { name, datatype, data } = tensor;
  if (datatype === 'FP16')
    throw new OipError(
      `The output "${name}" is FP16, which has no JSON form; ask the model under /v2 in binary.`,
    );
  if (datatype === 'BYTES') return (data as string[]).map((text) => JSON.stringify(text));
  const text = dataToJson(tensor);
  return text === '[]' ? [] : text.slice(1, -1).split(',');
}

/**
 * Row form of the outputs: a list with one entry a row, the value itself when there is one output, else an object by
 * name. Outputs without a dimension for the rows belong to a request of one row.
 */
export function rowsJson(outputs: readonly NamedTensor[], rows: number): string {
  const columns = outputs.map((tensor) => ({
    key: JSON.stringify(tensor.name),
    cells: cellsOf(tensor, rows),
  }));
  const [only] = columns;
  if (columns.length === 1) return `[${only.cells.join(',')}]`;
  const lines = Array.from(
    { length: rows },
    (_, row) => `{${columns.map(({ key, cells }) => `${key}:${cells[row]}`).join(',')}}`,
  );
  return `[${lines.join(',')}]`;
}

function cellsOf(tensor: NamedTensor, rows: number): string[] {
  const { shape } = tensor;
  if (shape[0] !== rows) {
    if (rows === 1) return [nestedJson(tensor)];
    throw new OipError(`The output "${tensor.name}" has no value for each row; ask the model under /v2.`);
  }
  const inner = shape.slice(1);
  const elements = elementsOf(tensor);
  const width = elements.length / rows;
  return Array.from({ length: rows }, (_, row) => {
    const mine = elements.slice(row * width, (row + 1) * width);
    return nest(mine, inner);
  });
}
