import type { NamedTensor, Prediction } from '../../domains/serving/index.ts';
import { classify } from './classification.ts';
import { OipError } from './errors.ts';
import type { InferRequest } from './infer-request.ts';
import { encodeBlob } from './tensors-binary.ts';
import { dataToJson } from './tensors-json.ts';

export type InferReply = { body: string | Buffer; headerLength: number | undefined };

/**
 * The reply to an infer request: requested outputs in the asked order and form, the prediction id, and which
 * revision and arm answered among the parameters.
 */
export function writeInferReply(model: string, request: InferRequest, prediction: Prediction): InferReply {
  if (!request.outputs && !request.binaryOutputs) {
    const body = jsonReply(model, prediction);
    if (body !== undefined) return { body, headerLength: undefined };
  }
  const blobs: Buffer[] = [];
  const outputs = selectOutputs(request, prediction.outputs).map(({ tensor, binary }) => {
    const head = outputHead(tensor);
    if (!binary) return `${head},"data":${dataToJson(tensor)}}`;
    const blob = encodeBlob(tensor);
    blobs.push(blob);
    return `${head},"parameters":{"binary_data_size":${blob.length}}}`;
  });
  const json = `${replyHead(model, prediction)}${outputs.join(',')}]}`;
  if (blobs.length === 0) return { body: json, headerLength: undefined };
  const header = Buffer.from(json);
  return { body: Buffer.concat([header, ...blobs]), headerLength: header.length };
}

/** The usual reply, all outputs as JSON, in one go; undefined when an output has no JSON form. */
function jsonReply(model: string, prediction: Prediction): string | undefined {
  const { outputs } = prediction;
  let json = replyHead(model, prediction);
  for (let i = 0; i < outputs.length; i++) {
    if (outputs[i].datatype === 'FP16') return undefined;
    json += `${i === 0 ? '' : ','}${outputHead(outputs[i])},"data":${dataToJson(outputs[i])}}`;
  }
  return `${json}]}`;
}

/** Everything before the outputs; ids that a caller chose may need escapes. */
function replyHead(model: string, { live, arm, id, recorded }: Prediction): string {
  const { revision } = live;
  return (
    `{"model_name":${quoted(model)},"model_version":"${revision.version}","id":${JSON.stringify(id)},` +
    `"parameters":{"revision":"${revision.id}","arm":"${arm}"${recorded ? '' : ',"recorded":false'}},"outputs":[`
  );
}

function outputHead({ name, datatype, shape }: NamedTensor): string {
  let sizes = '';
  for (let i = 0; i < shape.length; i++) sizes += i === 0 ? shape[i] : `,${shape[i]}`;
  return `{"name":${quoted(name)},"datatype":"${datatype}","shape":[${sizes}]`;
}

const quotedNames = new Map<string, string>();

/** A name of a model or an output as JSON; there are few of them, so they are spelt once. */
function quoted(name: string): string {
  let text = quotedNames.get(name);
  if (text === undefined) {
    if (quotedNames.size > 10_000) quotedNames.clear();
    text = JSON.stringify(name);
    quotedNames.set(name, text);
  }
  return text;
}

/** The requested outputs in the asked order, and which of them go out in binary. */
export function selectOutputs(request: InferRequest, outputs: readonly NamedTensor[]) {
  const formOf = (tensor: NamedTensor, asked: boolean | undefined) => ({
    tensor,
    // FP16 has no JSON form.
    binary: tensor.datatype === 'FP16' || (asked ?? request.binaryOutputs),
  });
  if (!request.outputs) return outputs.map((tensor) => formOf(tensor, undefined));
  return request.outputs.map(({ name, binary, classification }) => {
    const tensor = outputs.find((output) => output.name === name);
    if (!tensor) throw new OipError(`The model has no output "${name}".`);
    return formOf(classification === undefined ? tensor : classify(tensor, classification), binary);
  });
}
