import { isUtf8 } from 'node:buffer';
import {
  datatypes,
  type NamedTensor,
  type TensorData,
  type TensorSpec,
} from '../../domains/serving/index.ts';
import { OipError } from './errors.ts';
import { checkHead, type TensorHead, type WireDatatype } from './tensors-json.ts';

/** Reads blobs of the binary tensor extension one after the other. */
export type BlobReader = { take(input: unknown, size: number): NamedTensor; rest(): number };

/** A reader over the bytes that follow the JSON header. */
export function createBlobReader(bytes: Buffer): BlobReader {
  let offset = 0;
  return {
    take(input, size) {
      const head = checkHead(input);
      if (!Number.isInteger(size) || size < 0 || offset + size > bytes.length) {
        throw new OipError(`The body is shorter than binary_data_size of the input "${head.name}" says.`);
      }
      const blob = bytes.subarray(offset, offset + size);
      offset += size;
      return tensorFromBlob(head, blob);
    },
    rest: () => bytes.length - offset,
  };
}

/** A tensor from its blob: little-endian, row-major. BF16 is widened to FP32, which loses nothing. */
export function tensorFromBlob({ name, datatype, shape, count }: TensorHead, blob: Buffer): NamedTensor {
  if (datatype !== 'BF16') return { name, datatype, shape, data: decode(blob, datatype, count, name) };
  const halves = decode(blob, 'UINT16', count, name) as Uint16Array;
  const data = new Float32Array(count);
  const bits = new Uint32Array(data.buffer);
  for (let i = 0; i < count; i++) bits[i] = halves[i] << 16;
  return { name, datatype: 'FP32', shape, data };
}

function decode(
  blob: Buffer,
  datatype: Exclude<WireDatatype, 'BF16'>,
  count: number,
  name: string,
): TensorData {
  if (datatype === 'BYTES') return decodeTexts(blob, count, name);
  const { bytes, array } = datatypes[datatype];
  if (blob.length !== count * bytes) {
    throw new OipError(
      `The input "${name}" needs ${count * bytes} bytes for its shape, and has ${blob.length}.`,
    );
  }
  if (datatype === 'BOOL' && blob.some((byte) => byte > 1))
    throw new OipError(`The input "${name}" has an element that is not BOOL.`);
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
    texts.push(textOf(blob.subarray(at, at + length), name));
    at += length;
  }
  if (texts.length !== count)
    throw new OipError(`The input "${name}" needs ${count} elements, and has ${texts.length}.`);
  return texts;
}

/** An element of BYTES as the text that the models take. @throws OipError when it is not UTF-8. */
export function textOf(bytes: Buffer, name: string): string {
  if (!isUtf8(bytes)) throw new OipError(`The input "${name}" has an element that is not UTF-8 text.`);
  return bytes.toString('utf8');
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
  if (datatype === 'BYTES') return { name, datatype, shape: [1], data: [textOf(bytes, name)] };
  const known = input.shape.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const free = bytes.length / (known * datatypes[datatype].bytes);
  const shape = input.shape.map((size) => (size === -1 ? free : size));
  return createBlobReader(bytes).take({ name, datatype, shape }, bytes.length);
}
