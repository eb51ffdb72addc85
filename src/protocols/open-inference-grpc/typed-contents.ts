import type { Reader, Writer } from 'protobufjs';
import type { Datatype, NamedTensor } from '../../domains/serving/index.ts';
import { OipError } from '../open-inference/errors.ts';
import { textOf } from '../open-inference/tensors-binary.ts';
import { convert, type TensorHead, type WireDatatype } from '../open-inference/tensors-json.ts';

/** InferTensorContents: the elements of each field that the sender filled, by field number. */
export type TypedContents = { [field: number]: (boolean | number | bigint | Buffer)[] };

export const emptyContents: TypedContents = Object.freeze({});

const [bools, ints, longs, uints, ulongs, floats, doubles, texts] = [1, 2, 3, 4, 5, 6, 7, 8];

/** Which field carries the elements of a datatype; the 16-bit floats have none. */
const fields: Partial<Record<WireDatatype, number>> = {
  BOOL: bools,
  INT8: ints,
  INT16: ints,
  INT32: ints,
  INT64: longs,
  UINT8: uints,
  UINT16: uints,
  UINT32: uints,
  UINT64: ulongs,
  FP32: floats,
  FP64: doubles,
  BYTES: texts,
};

const packed = 2;

/** Reads an InferTensorContents; a message that comes twice is merged, as the format asks. */
export function readContents(reader: Reader, before: TypedContents | null): TypedContents {
  const contents = before ?? {};
  const end = reader.uint32() + reader.pos;
  if (end > reader.len) throw new OipError('The message is no valid ModelInferRequest.');
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    const readOne = readers[field];
    if (readOne === undefined) {
      reader.skipType(tag & 7);
      continue;
    }
    contents[field] ??= [];
    const elements = contents[field];
    if ((tag & 7) !== packed || field === texts) {
      elements.push(readOne(reader));
      continue;
    }
    const last = reader.uint32() + reader.pos;
    if (last > end) throw new OipError('The message is no valid ModelInferRequest.');
    while (reader.pos < last) elements.push(readOne(reader));
  }
  if (reader.pos !== end) throw new OipError('The message is no valid ModelInferRequest.');
  return contents;
}

const readers: { [field: number]: (reader: Reader) => boolean | number | bigint | Buffer } = {
  [bools]: (reader) => reader.bool(),
  [ints]: (reader) => reader.int32(),
  [longs]: (reader) => toBigInt(reader.int64()),
  [uints]: (reader) => reader.uint32(),
  [ulongs]: (reader) => toBigInt(reader.uint64()),
  [floats]: (reader) => reader.float(),
  [doubles]: (reader) => reader.double(),
  [texts]: (reader) => reader.bytes() as Buffer,
};

function toBigInt({ high, low, unsigned }: ReturnType<Reader['int64']>): bigint {
  return (BigInt(unsigned ? high >>> 0 : high) << 32n) | BigInt(low >>> 0);
}

/** A tensor from its typed contents. @throws OipError for another field, another count, or a value out of range. */
export function tensorFromContents(head: TensorHead, contents: TypedContents): NamedTensor {
  const { name, datatype, shape, count } = head;
  const field = fields[datatype];
  if (field === undefined)
    throw new OipError(`The input "${name}" is ${datatype}, which has no typed contents; send it raw.`);
  for (const other in contents) {
    if (Number(other) !== field && contents[other].length > 0)
      throw new OipError(`The input "${name}" is ${datatype} and has contents of another type.`);
  }
  const elements = contents[field] ?? [];
  if (elements.length !== count)
    throw new OipError(
      `The input "${name}" needs ${count} elements for its shape, and has ${elements.length}.`,
    );
  const known = datatype as Datatype;
  const values = field === texts ? elements.map((bytes) => textOf(bytes as Buffer, name)) : elements;
  return { name, datatype: known, shape, data: convert(values, known, name) };
}

/** Writes the elements of an output as InferTensorContents into `writer`. */
export function writeContents(writer: Writer, { datatype, data }: NamedTensor): void {
  const field = fields[datatype] as number;
  if (field === texts) {
    for (const text of data as string[]) writer.uint32((texts << 3) | 2).string(text);
    return;
  }
  writer.uint32((field << 3) | packed).fork();
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (field === floats) writer.float(value as number);
    else if (field === doubles) writer.double(value as number);
    else if (field === ints) writer.int32(value as number);
    else if (field === uints || field === bools) writer.uint32(value as number);
    else if (field === longs) writer.int64(String(value));
    else writer.uint64(String(value));
  }
  writer.ldelim();
}
