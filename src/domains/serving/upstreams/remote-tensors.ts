import {
  allocate,
  type Datatype,
  datatypes,
  elementCount,
  type NamedTensor,
  type TensorData,
} from '../runtime/tensors.ts';

/** Elements of a tensor as JSON values; what JSON cannot say is null. */
export function toJsonValues({ data, datatype }: NamedTensor): unknown[] {
  return Array.from(data as ArrayLike<unknown>, (value) => {
    if (datatype === 'BOOL') return value === 1;
    if (typeof value === 'number' && !Number.isFinite(value)) return null;
    return value;
  });
}

/** A tensor of JSON values, flat or nested row by row. @throws Error when they are not of the datatype or shape */
export function fromJsonValues(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  values: unknown,
): NamedTensor {
  const flat = Array.isArray(values) ? values.flat(32) : [values];
  if (flat.length !== elementCount(shape)) {
    throw new Error(`The output "${name}" of the upstream has ${flat.length} elements, not [${shape}].`);
  }
  const data = allocate(datatype, flat.length);
  flat.forEach((value, i) => {
    setElement(data, i, value, datatype);
  });
  return { name, datatype, shape, data };
}

function setElement(data: TensorData, i: number, value: unknown, datatype: Datatype): void {
  if (datatype === 'BYTES') (data as string[])[i] = String(value ?? '');
  else if (typeof value === 'string') throw new Error('The upstream gave a text where a number was due.');
  else if (datatype === 'INT64' || datatype === 'UINT64') (data as BigInt64Array)[i] = BigInt(Number(value));
  else (data as Float64Array)[i] = value === null ? Number.NaN : Number(value);
}

/** Values row by row: `[[1, 2], [3, 4]]` for the shape [2, 2]. */
export function nested(values: readonly unknown[], shape: readonly number[]): unknown {
  if (shape.length <= 1) return values;
  const size = elementCount(shape.slice(1));
  return Array.from({ length: shape[0] }, (_, i) =>
    nested(values.slice(i * size, (i + 1) * size), shape.slice(1)),
  );
}

/** Datatype and shape of JSON values, as far as they tell: numbers are FP64. */
export function describeValues(values: readonly unknown[]): { datatype: Datatype; shape: number[] } {
  const shape: number[] = [];
  let at: unknown = values;
  while (Array.isArray(at)) {
    shape.push(at.length);
    at = at[0];
  }
  return { datatype: typeof at === 'string' ? 'BYTES' : typeof at === 'boolean' ? 'BOOL' : 'FP64', shape };
}

/** A datatype that this server can pass on. @throws Error */
export function knownDatatype(text: unknown): Datatype {
  if (text === 'BYTES' || (typeof text === 'string' && Object.hasOwn(datatypes, text) && text !== 'FP16'))
    return text as Datatype;
  throw new Error(`The upstream has tensors of ${String(text).slice(0, 20)}, which cannot be passed on.`);
}
