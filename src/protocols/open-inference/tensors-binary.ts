import {
  datatypes,
  type NamedTensor,
  type TensorData,
  type TensorSpec,
} from '../../domains/serving/index.ts';
import { OipError } from './errors.ts';
import { checkHead } from './tensors-json.ts';

/** Reads blobs of the binary tensor extension one after the other. */
export type BlobReader = { take(input: unknown, size: number): NamedTensor; rest(): number };

/** A reader over the bytes that follow the JSON header. */
export function createBlobReader(bytes: Buffer): BlobReader {
  let offset = 0;
  return {
    take(input, size) {
      const { name, datatype, shape, count } = checkHead(input);
      if (!Number.isInteger(size) || size < 0 || offset + size > bytes.length) {
        throw new OipError(`The body is shorter than binary_data_size of the input "${name}" says.`);
      }
      const blob = bytes.subarray(offset, offset + size);
      offset += size;
      return { name, datatype, shape, data: decode(blob, datatype, count, name) };
    },
    rest: () => bytes.length - offset,
  };
}

function decode(blob: Buffer, datatype: NamedTensor['datatype'], count: number, name: string): TensorData {
  if (datatype === 'BYTES') return decodeTexts(blob, count, name);
  const { bytes, array } = datatypes[datatype];
  if (blob.length !== count * bytes) {
    throw new OipError(
      `The input "${name}" needs ${count * bytes} bytes for its shape, and has ${blob.length}.`,
    );
  }
  // A view needs alignment; what lies askew behind the JSON is copied.
  if (blob.byteOffset % bytes === 0) return new array(blob.buffer, blob.byteOffset, count);
  const copy = new Uint8Array(blob);
  return new array(copy.buffer, 0, count);
}

function decodeTexts(blob: Buffer, count: number, name: string): string[] {
  const texts: string[] = [];
  let at = 0;
  while (at < blob.length) {
    if (texts.length === count) throw new OipError(`The input "${name}" has more elements than its shape.`);
    if (at + 4 > blob.length) throw new OipError(`The input "${name}" ends inside an element.`);
    const length = blob.readUInt32LE(at);
    at += 4;
    if (at + length > blob.length) throw new OipError(`The input "${name}" ends inside an element.`);
    texts.push(blob.toString('utf8', at, at + length));
    at += length;
  }
  if (texts.length !== count)
    throw new OipError(`The input "${name}" needs ${count} elements, and has ${texts.length}.`);
  return texts;
}

/** A tensor as a blob: little-endian, row-major; BYTES as length and bytes of each element. */
export function encodeBlob({ data, datatype }: NamedTensor): Buffer {
  if (datatype === 'BYTES') {
    const parts: Buffer[] = [];
    for (const text of data as string[]) {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      parts.push(length, bytes);
    }
    return Buffer.concat(parts);
  }
  const { buffer, byteOffset, byteLength } = data as Float32Array;
  return Buffer.from(buffer, byteOffset, byteLength);
}

/**
 * The raw form (header length 0): the body is the one input of the model. Allowed when it has a single input with
 * at most one free dimension.
 */
export function rawTensor(bytes: Buffer, inputs: readonly TensorSpec[]): NamedTensor {
  const [input] = inputs;
  if (inputs.length !== 1 || input.shape.filter((size) => size === -1).length > 1) {
    throw new OipError('A raw body needs a model with one input and at most one free dimension.');
  }
  const { name, datatype } = input;
  if (datatype === 'BYTES') return { name, datatype, shape: [1], data: [bytes.toString('utf8')] };
  const known = input.shape.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const free = bytes.length / (known * datatypes[datatype].bytes);
  const shape = input.shape.map((size) => (size === -1 ? free : size));
  return createBlobReader(bytes).take({ name, datatype, shape }, bytes.length);
}
