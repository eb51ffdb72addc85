import { allocate, elementCount, type NamedTensor, type TensorSpec } from '../runtime/tensors.ts';
import type { RecordedRequest } from './recorded-requests.ts';

/**
 * What a model would be fed for a recorded request: the recorded vector cut into its numeric inputs in their order,
 * and texts from the columns. Null when the request does not fit the model's signature: another width, other inputs,
 * a vector that was too wide to be recorded, or more than one free dimension beside the rows.
 */
export function recordedFeeds(
  inputs: readonly TensorSpec[],
  { rows, values, inputs: columns }: RecordedRequest,
): NamedTensor[] | null {
  const isNumeric = ({ datatype }: TensorSpec) => datatype !== 'BYTES';
  const width = (values?.length ?? 0) / rows;
  const shapes = concreteShapes(inputs.filter(isNumeric), rows, width);
  if (shapes === null || (shapes.size > 0 && values === null)) return null;
  const feeds: NamedTensor[] = [];
  let offset = 0;
  for (const { name, datatype, shape } of inputs) {
    if (datatype === 'BYTES') {
      const concrete = shape.map((size, i) => (i === 0 && size === -1 ? rows : size));
      const data = columns?.[name];
      if (!isTexts(data) || data.length !== elementCount(concrete)) return null;
      feeds.push({ name, datatype, shape: concrete, data });
      continue;
    }
    const concrete = shapes.get(name) ?? [];
    const columnsHere = elementCount(concrete) / rows;
    const data = allocate(datatype, elementCount(concrete));
    if (!Number.isInteger(columnsHere)) return null;
    fill(data, values ?? [], width, offset, columnsHere);
    offset += columnsHere;
    feeds.push({ name, datatype, shape: concrete, data });
  }
  return feeds;
}

/** Shapes of the numeric inputs whose elements a row add up to `width`, or null. */
function concreteShapes(
  specs: readonly TensorSpec[],
  rows: number,
  width: number,
): Map<string, number[]> | null {
  const shapes = new Map(
    specs.map(({ name, shape }) => [name, shape.map((size, i) => (i === 0 && size === -1 ? rows : size))]),
  );
  const open = [...shapes.values()].filter((shape) => shape.includes(-1));
  const known = [...shapes.values()].filter((shape) => !shape.includes(-1));
  const used = known.reduce((sum, shape) => sum + elementCount(shape) / rows, 0);
  if (open.length === 0) return used === width || specs.length === 0 ? shapes : null;
  const [shape] = open;
  if (open.length > 1 || shape.indexOf(-1) !== shape.lastIndexOf(-1)) return null;
  // The one free dimension takes what the others leave.
  const free = ((width - used) * rows) / -elementCount(shape);
  if (!Number.isInteger(free) || free < 1) return null;
  shape[shape.indexOf(-1)] = free;
  return shapes;
}

/** Copies some columns of all rows. */
function fill(
  data: NamedTensor['data'],
  values: ArrayLike<number | null>,
  width: number,
  offset: number,
  columns: number,
): void {
  const isBig = data instanceof BigInt64Array || data instanceof BigUint64Array;
  const isFloat = data instanceof Float32Array || data instanceof Float64Array;
  for (let at = 0; at < data.length; at++) {
    const row = Math.floor(at / columns);
    const value = values[row * width + offset + (at - row * columns)] ?? Number.NaN;
    if (isFloat) data[at] = value;
    else if (isBig) data[at] = BigInt(Math.round(value) || 0);
    else (data as Int32Array)[at] = value || 0;
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
