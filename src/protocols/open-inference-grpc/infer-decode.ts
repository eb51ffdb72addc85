import { Reader } from 'protobufjs';
import type { NamedTensor } from '../../domains/serving/index.ts';
import { readClassification } from '../open-inference/classification.ts';
import { OipError } from '../open-inference/errors.ts';
import { type InferRequest, refuseTwins } from '../open-inference/infer-request.ts';
import { tensorFromBlob } from '../open-inference/tensors-binary.ts';
import { checkHead } from '../open-inference/tensors-json.ts';
import { emptyContents, readContents, type TypedContents, tensorFromContents } from './typed-contents.ts';

/** A decoded ModelInferRequest: what the REST door reads too, and the names that REST has in its path. */
export type GrpcInferRequest = InferRequest & {
  model: string;
  version: string;
  /** Typed contents in the reply, because the request had them. */
  isTyped: boolean;
};

type WireInput = { name: string; datatype: string; shape: number[]; contents: TypedContents | null };
type Wide = ReturnType<Reader['int64']>;
type Parameters = Record<string, unknown>;

const none: Parameters = Object.freeze({});
const mostInputs = 1024;

/**
 * Reads a ModelInferRequest field by field, without an object per message in between; unknown fields are skipped.
 * @throws OipError naming what is wrong.
 */
export function decodeInferRequest(bytes: Buffer): GrpcInferRequest {
  try {
    return read(Reader.create(bytes));
  } catch (error) {
    if (error instanceof OipError) throw error;
    throw new OipError('The message is no valid ModelInferRequest.');
  }
}

function read(reader: Reader): GrpcInferRequest {
  let model = '';
  let version = '';
  let id = '';
  let parameters = none;
  const inputs: WireInput[] = [];
  const outputs: { name: string; parameters: Parameters }[] = [];
  const blobs: Buffer[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === 10) model = reader.string();
    else if (tag === 18) version = reader.string();
    else if (tag === 26) id = reader.string();
    else if (tag === 34) parameters = withParameter(parameters, reader);
    else if (tag === 42) inputs.push(readInput(reader));
    else if (tag === 50) outputs.push(readOutput(reader));
    else if (tag === 58) blobs.push(reader.bytes() as Buffer);
    else reader.skipType(tag & 7);
    if (inputs.length > mostInputs || outputs.length > mostInputs || blobs.length > mostInputs) {
      throw new OipError('The request has too many inputs or outputs.');
    }
  }
  if (inputs.length === 0) throw new OipError('The request has no inputs.');
  if (id.length > 200) throw new OipError('The id is not a text of at most 200 characters.');
  const isTyped = blobs.length === 0;
  return {
    model,
    version,
    id: id === '' ? undefined : id,
    parameters,
    tensors: tensorsOf(inputs, blobs, isTyped),
    outputs: requestedOutputs(outputs),
    binaryOutputs: true,
    isTyped,
  };
}

function tensorsOf(inputs: readonly WireInput[], blobs: readonly Buffer[], isTyped: boolean): NamedTensor[] {
  if (!isTyped && blobs.length !== inputs.length) {
    throw new OipError(`The request has ${inputs.length} inputs and ${blobs.length} raw contents.`);
  }
  const tensors: NamedTensor[] = [];
  for (let i = 0; i < inputs.length; i++) {
    const head = checkHead(inputs[i]);
    const { contents } = inputs[i];
    if (isTyped) {
      tensors.push(tensorFromContents(head, contents ?? emptyContents));
      continue;
    }
    if (contents !== null)
      throw new OipError(
        `The input "${head.name}" has typed contents beside raw contents; send one of them.`,
      );
    tensors.push(tensorFromBlob(head, blobs[i]));
  }
  refuseTwins(tensors, 'input');
  return tensors;
}

function requestedOutputs(outputs: readonly { name: string; parameters: Parameters }[]) {
  if (outputs.length === 0) return undefined;
  if (outputs.some(({ name }) => name === '')) throw new OipError('A requested output has no name.');
  refuseTwins(outputs, 'output');
  return outputs.map(({ name, parameters }) => {
    return { name, binary: undefined, classification: readClassification(parameters.classification, name) };
  });
}

function readInput(reader: Reader): WireInput {
  const end = reader.uint32() + reader.pos;
  checkEnd(reader, end);
  const input: WireInput = { name: '', datatype: '', shape: [], contents: null };
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 10) input.name = reader.string();
    else if (tag === 18) input.datatype = reader.string();
    else if (tag === 26) {
      const last = reader.uint32() + reader.pos;
      checkEnd(reader, last);
      while (reader.pos < last) input.shape.push(toNumber(reader.int64()));
    } else if (tag === 24) input.shape.push(toNumber(reader.int64()));
    else if (tag === 42) input.contents = readContents(reader, input.contents);
    else reader.skipType(tag & 7);
    if (input.shape.length > 64) throw new OipError(`The input "${input.name}" has no valid shape.`);
  }
  checkPosition(reader, end);
  return input;
}

function readOutput(reader: Reader): { name: string; parameters: Parameters } {
  const end = reader.uint32() + reader.pos;
  checkEnd(reader, end);
  let name = '';
  let parameters = none;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 10) name = reader.string();
    else if (tag === 18) parameters = withParameter(parameters, reader);
    else reader.skipType(tag & 7);
  }
  checkPosition(reader, end);
  return { name, parameters };
}

/** One entry of a map of InferParameter, added to those read before. */
function withParameter(before: Parameters, reader: Reader): Parameters {
  const parameters = before === none ? {} : before;
  const end = reader.uint32() + reader.pos;
  checkEnd(reader, end);
  let key = '';
  let value: unknown;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 10) key = reader.string();
    else if (tag === 18) value = readParameter(reader);
    else reader.skipType(tag & 7);
  }
  checkPosition(reader, end);
  // A plain assignment to this name would change what the object is.
  if (key !== '__proto__') parameters[key] = value;
  return parameters;
}

function readParameter(reader: Reader): unknown {
  const end = reader.uint32() + reader.pos;
  checkEnd(reader, end);
  let value: unknown;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 8) value = reader.bool();
    else if (tag === 16) value = toNumber(reader.int64());
    else if (tag === 26) value = reader.string();
    else if (tag === 33) value = reader.double();
    else if (tag === 40) value = toNumber(reader.uint64());
    else reader.skipType(tag & 7);
  }
  checkPosition(reader, end);
  return value;
}

/** A 64-bit number as the nearest double: exact for every shape that memory could hold. */
function toNumber({ high, low, unsigned }: Wide): number {
  return (unsigned ? high >>> 0 : high) * 2 ** 32 + (low >>> 0);
}

/** @throws OipError when a length points beyond the message. */
function checkEnd(reader: Reader, end: number): void {
  if (end > reader.len) throw new OipError('The message is no valid ModelInferRequest.');
}

/** @throws OipError when an inner message has read more than its length. */
function checkPosition(reader: Reader, end: number): void {
  if (reader.pos !== end) throw new OipError('The message is no valid ModelInferRequest.');
}
