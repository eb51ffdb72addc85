import type { Value } from '../../../features/index.ts';
import { allocate, type NamedTensor, type TensorData, type TensorSpec } from '../../runtime/tensors.ts';
import type { Column, Part } from '../plan/graph.plan.ts';

/** Tensors of one request by part: of a node's outputs, or of what the graph was fed. */
export type TensorOf = (part: Part) => NamedTensor;

/** Rows of a request: some, in order, or null for all of them. */
export type Rows = Int32Array | null;

const shapeOf = (spec: TensorSpec, rows: number) => [rows, ...spec.shape.slice(1)];

/** An empty tensor for all rows; free sizes are those of `like`. */
export function emptyTensor(spec: TensorSpec, rows: number, like?: NamedTensor): NamedTensor {
  const shape = shapeOf(spec, rows).map((size, i) => (size < 0 ? (like?.shape[i] ?? 1) : size));
  const length = shape.reduce((product, size) => product * size, 1);
  return { name: spec.name, datatype: spec.datatype, shape, data: allocate(spec.datatype, length) };
}

/** A tensor under the name and the shape that a reader expects, when nothing has to be copied for it. */
function passed(spec: TensorSpec, part: Part, tensor: NamedTensor, rows: number): NamedTensor | undefined {
  if (part.count >= 0 || tensor.datatype !== spec.datatype) return undefined;
  const { name, datatype, shape: wanted } = spec;
  const { shape, data } = tensor;
  if (shape.length === wanted.length) {
    let fits = true;
    for (let i = 1; i < wanted.length; i++) if (wanted[i] >= 0 && wanted[i] !== shape[i]) fits = false;
    if (fits) return name === tensor.name ? tensor : { name, datatype, shape, data };
  }
  return wanted.indexOf(-1, 1) < 0 ? { name, datatype, shape: shapeOf(spec, rows), data } : undefined;
}

/** The tensor that a reader gets: its parts side by side, of the rows that it is asked for. */
export function gathered(
  spec: TensorSpec,
  parts: readonly Part[],
  tensorOf: TensorOf,
  rows: Rows,
  allRows: number,
): NamedTensor {
  const first = tensorOf(parts[0]);
  if (rows === null && parts.length === 1) {
    const same = passed(spec, parts[0], first, allRows);
    if (same) return same;
  }
  const count = rows === null ? allRows : rows.length;
  const widths = parts.map((part) => (part.count >= 0 ? part.count : tensorOf(part).data.length / allRows));
  const width = widths.reduce((sum, one) => sum + one, 0);
  const inner = spec.shape.slice(1);
  const shape = inner.includes(-1)
    ? parts.length === 1 && parts[0].count < 0
      ? first.shape.slice(1)
      : [width]
    : inner;
  const data = allocate(spec.datatype, count * width);
  let offset = 0;
  parts.forEach((part, i) => {
    copyColumns(tensorOf(part), part.from, widths[i], allRows, rows, data, width, offset, spec.datatype);
    offset += widths[i];
  });
  return { name: spec.name, datatype: spec.datatype, shape: [count, ...shape], data };
}

function copyColumns(
  { data: from }: NamedTensor,
  column: number,
  width: number,
  allRows: number,
  rows: Rows,
  to: TensorData,
  stride: number,
  offset: number,
  datatype: TensorSpec['datatype'],
): void {
  const step = from.length / allRows;
  const count = rows === null ? allRows : rows.length;
  const isText = datatype === 'BYTES';
  const target = to as unknown as unknown[];
  for (let i = 0; i < count; i++) {
    const start = (rows === null ? i : rows[i]) * step + column;
    for (let j = 0; j < width; j++) {
      const value = from[start + j];
      target[i * stride + offset + j] = isText
        ? String(value)
        : converted(value as number | bigint, datatype);
    }
  }
}

/** A number in the form of another type. @throws Error for what no whole number can be */
function converted(value: number | bigint, datatype: TensorSpec['datatype']): number | bigint {
  if (datatype === 'FP32' || datatype === 'FP64') return Number(value);
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Error(`A value that is no number cannot become ${datatype}.`);
  if (datatype === 'INT64' || datatype === 'UINT64')
    return typeof value === 'bigint' ? value : BigInt(Math.round(value));
  return typeof value === 'bigint' ? Number(value) : Math.round(value);
}

/** Puts the outputs for some rows in their places among all rows. */
export function scatter(into: NamedTensor, part: NamedTensor, rows: Int32Array): void {
  const width = part.data.length / rows.length;
  const target = into.data as unknown as unknown[];
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < width; j++) target[rows[i] * width + j] = part.data[i * width + j];
  }
}

/** The value of a column at a row, as the expression language has it; a number that is none is missing. */
export function valueAt({ part, type }: Column, { data }: NamedTensor, allRows: number, row: number): Value {
  const width = data.length / allRows;
  const value = data[row * width + part.from];
  if (typeof value === 'string') return value;
  if (type === 'boolean') return Number(value) !== 0;
  const number = typeof value === 'bigint' ? Number(value) : value;
  return Number.isNaN(number) ? null : number;
}

const onlyRow = new Int32Array(1);

/** All rows of a request by number. */
export function everyRow(rows: number): Int32Array {
  if (rows === 1) return onlyRow;
  const all = new Int32Array(rows);
  for (let i = 0; i < rows; i++) all[i] = i;
  return all;
}

/** Whether the numbers of a row all are; what is no floating point always is. */
export function areFinite({ datatype, data }: NamedTensor, allRows: number, row: number): boolean {
  if (datatype !== 'FP32' && datatype !== 'FP64') return true;
  const width = data.length / allRows;
  for (let i = row * width; i < (row + 1) * width; i++) if (!Number.isFinite(data[i] as number)) return false;
  return true;
}

/** Writes one value of a row; null as what its type has for it. */
export function put({ datatype, data }: NamedTensor, row: number, value: Value): void {
  const target = data as unknown as unknown[];
  if (datatype === 'BYTES') target[row] = value === null ? '' : String(value);
  else if (datatype === 'BOOL') target[row] = value === true ? 1 : 0;
  else if (datatype === 'INT64') target[row] = BigInt(Number(value ?? 0));
  else target[row] = value === null ? Number.NaN : value;
}
