import { Writer } from 'protobufjs';
import type { NamedTensor, Prediction } from '../../domains/serving/index.ts';
import { selectOutputs } from '../open-inference/infer-response.ts';
import { encodeBlob } from '../open-inference/tensors-binary.ts';
import type { GrpcInferRequest } from './infer-decode.ts';
import { writeContents } from './typed-contents.ts';

/**
 * A ModelInferResponse: raw contents, or typed ones when the request was typed and every output has such a form;
 * parameters say which revision and arm answered.
 */
export function encodeInferResponse(request: GrpcInferRequest, prediction: Prediction): Buffer {
  const outputs = selectOutputs(request, prediction.outputs).map(({ tensor }) => tensor);
  const isTyped = request.isTyped && outputs.every(({ datatype }) => datatype !== 'FP16');
  const { revision } = prediction.live;
  const writer = Writer.create();
  writer.uint32(10).string(request.model);
  writer.uint32(18).string(String(revision.version));
  writer.uint32(26).string(prediction.id);
  writeText(writer, 'revision', revision.id);
  writeText(writer, 'arm', prediction.arm);
  if (!prediction.recorded) writeFalse(writer, 'recorded');
  for (const output of outputs) writeOutput(writer, output, isTyped);
  if (!isTyped) for (const output of outputs) writer.uint32(50).bytes(encodeBlob(output));
  return writer.finish() as Buffer;
}

function writeOutput(writer: Writer, output: NamedTensor, isTyped: boolean): void {
  const { name, datatype, shape } = output;
  writer.uint32(42).fork();
  writer.uint32(10).string(name).uint32(18).string(datatype);
  writer.uint32(26).fork();
  for (const size of shape) writer.int64(size);
  writer.ldelim();
  if (isTyped) {
    writer.uint32(42).fork();
    writeContents(writer, output);
    writer.ldelim();
  }
  writer.ldelim();
}

/** An entry of the map of parameters. */
function writeText(writer: Writer, key: string, text: string): void {
  writer.uint32(34).fork().uint32(10).string(key);
  writer.uint32(18).fork().uint32(26).string(text).ldelim().ldelim();
}

function writeFalse(writer: Writer, key: string): void {
  writer.uint32(34).fork().uint32(10).string(key);
  writer.uint32(18).fork().uint32(8).bool(false).ldelim().ldelim();
}
