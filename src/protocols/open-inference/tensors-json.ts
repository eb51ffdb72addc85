import {
  allocate,
  type Datatype,
  datatypes,
  type NamedTensor,
  type TensorData,
} from '../../domains/serving/index.ts';
import { OipError } from './errors.ts';

/** Deeper nesting than this is refused before anything walks into it. */
const mostDimensions = 32;
const mostElements = 64 * 1024 * 1024;

const integerRanges: Partial<Record<Datatype, readonly [number, number]>> = {
  UINT8: [0, 255],
  UINT16: [0, 65_535],
  UINT32: [0, 4_294_967_295],
  INT8: [-128, 127],
  INT16: [-32_768, 32_767],
  INT32: [-2_147_483_648, 2_147_483_647],
};

/** Datatypes that a caller may send; BF16 becomes FP32 on the way in. */
export type WireDatatype = Datatype | 'BF16';
export type TensorHead = { name: string; datatype: WireDatatype; shape: number[]; count: number };

/** Checks the name, datatype and shape of an input and returns its element count. */
export function checkHead(input: unknown): TensorHead {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new OipError('An input is not an object.');
  const { name, datatype, shape } = input as Record<string, unknown>;
  if (typeof name !== 'string' || name === '') throw new OipError('An input has no name.');
  if (!isDatatype(datatype)) {
    throw new OipError(`The input "${name}" has no datatype that this server knows.`);
  }
  if (!Array.isArray(shape) || shape.length > mostDimensions)
    throw new OipError(`The input "${name}" has no valid shape.`);
  let count = 1;
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 0)
      throw new OipError(`The input "${name}" has a dimension that is no size.`);
    count *= size;
    if (count > mostElements) throw new OipError(`The input "${name}" has too many elements.`);
  }
  return { name, datatype, shape, count };
}

function isDatatype(text: unknown): text is WireDatatype {
  return text === 'BYTES' || text === 'BF16' || (typeof text === 'string' && Object.hasOwn(datatypes, text));
}

/** Reads an input given as JSON; `data` may be flat or nested, row-major. */
export function tensorFromJson(input: { data?: unknown }): NamedTensor {
  const { name, datatype, shape, count } = checkHead(input);
  if (!Array.isArray(input.data)) throw new OipError(`The input "${name}" has no data.`);
  if (datatype === 'FP16' || datatype === 'BF16')
    throw new OipError(`The input "${name}" is ${datatype}, which has no JSON form; send it in binary.`);
  const flat = Array.isArray(input.data[0]) ? flatten(input.data, name, count) : input.data;
  if (flat.length !== count) {
    throw new OipError(`The input "${name}" needs ${count} elements for its shape, and has ${flat.length}.`);
  }
  return { name, datatype, shape, data: convert(flat, datatype, name) };
}

function flatten(data: unknown[], name: string, count: number): unknown[] {
  const flat: unknown[] = [];
  const walk = (values: unknown[], depth: number) => {
    if (depth > mostDimensions) throw new OipError(`The data of the input "${name}" is nested too deeply.`);
    for (const value of values) {
      if (Array.isArray(value)) walk(value, depth + 1);
      else if (flat.length > count)
        throw new OipError(`The input "${name}" has more elements than its shape.`);
      else flat.push(value);
    }
  };
  walk(data, 1);
  return flat;
}

/** Flat values as the array of their datatype. @throws OipError when one of them is none. */
export function convert(values: readonly unknown[], datatype: Datatype, name: string): TensorData {
  const wrong = () => new OipError(`The input "${name}" has an element that is not ${datatype}.`);
  const { length } = values;
  if (datatype === 'FP32' || datatype === 'FP64') {
    const out = datatype === 'FP32' ? new Float32Array(length) : new Float64Array(length);
    for (let i = 0; i < length; i++) {
      const value = values[i];
      if (typeof value === 'number') out[i] = value;
      else if (value === null) out[i] = Number.NaN;
      else if (typeof value === 'bigint') out[i] = Number(value);
      else throw wrong();
    }
    return out;
  }
  if (datatype === 'BYTES') {
    for (const value of values) if (typeof value !== 'string') throw wrong();
    return values as unknown as string[];
  }
  if (datatype === 'BOOL') {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      const value = values[i];
      if (value !== true && value !== false && value !== 0 && value !== 1) throw wrong();
      out[i] = Number(value);
    }
    return out;
  }
  if (datatype === 'INT64' || datatype === 'UINT64') {
    const out = allocate(datatype, length) as BigInt64Array;
    for (let i = 0; i < length; i++) {
      const value = values[i];
      if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) throw wrong();
      out[i] = BigInt(value as number | bigint);
      // What does not fit has wrapped around.
      if (out[i] !== BigInt(value as number | bigint)) throw wrong();
    }
    return out;
  }
  const out = allocate(datatype, length) as Int32Array;
  const [low, high] = integerRanges[datatype] ?? [0, 0];
  for (let i = 0; i < length; i++) {
    const value = values[i];
    if (!Number.isInteger(value) || (value as number) < low || (value as number) > high) throw wrong();
    out[i] = value as number;
  }
  return out;
}

/** The elements of a tensor as JSON array text; NaN and infinities become null. */
export function dataToJson({ data, datatype }: NamedTensor): string {
  if (datatype === 'BYTES') return JSON.stringify(data);
  const { length } = data;
  let text = '[';
  for (let i = 0; i < length; i++) {
    if (i > 0) text += ',';
    const value = data[i];
    if (datatype === 'BOOL') text += value ? 'true' : 'false';
    else if (typeof value === 'bigint') text += value.toString();
    else if (datatype === 'FP32') text += float32Text(value as number);
    else text += Number.isFinite(value as number) ? String(value) : 'null';
  }
  return `${text}]`;
}

const scales = [1e6, 1e7, 1e8, 1e9];

/** The shortest decimal text that reads back as this float32; `null` when it is not finite. */
export function float32Text(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return Object.is(value, -0) ? '0' : String(value);
  if (value - value !== 0) return 'null';
  const size = Math.abs(value);
  if (size >= 0.01 && size < 1000) {
    for (const scale of scales) {
      const rounded = Math.round(value * scale) / scale;
      if (Math.fround(rounded) === value) return String(rounded);
    }
  }
  for (let digits = 6; digits <= 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return String(rounded);
  }
  return String(value);
}
