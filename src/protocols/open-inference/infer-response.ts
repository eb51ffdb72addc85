import type { NamedTensor, Prediction } from '../../domains/serving/index.ts';
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
  const { live, arm, id, recorded } = prediction;
  const blobs: Buffer[] = [];
  const outputs = selectOutputs(request, prediction.outputs).map(({ tensor, binary }) => {
    const head = `{"name":${JSON.stringify(tensor.name)},"datatype":"${tensor.datatype}","shape":[${tensor.shape.join(',')}]`;
    if (!binary) return `${head},"data":${dataToJson(tensor)}}`;
    const blob = encodeBlob(tensor);
    blobs.push(blob);
    return `${head},"parameters":{"binary_data_size":${blob.length}}}`;
  });
  const json =
    `{"model_name":${JSON.stringify(model)},"model_version":"${live.revision.version}","id":${JSON.stringify(id)},` +
    `"parameters":{"revision":"${live.revision.id}","arm":"${arm}"${recorded ? '' : ',"recorded":false'}},` +
    `"outputs":[${outputs.join(',')}]}`;
  if (blobs.length === 0) return { body: json, headerLength: undefined };
  const header = Buffer.from(json);
  return { body: Buffer.concat([header, ...blobs]), headerLength: header.length };
}

function selectOutputs(request: InferRequest, outputs: readonly NamedTensor[]) {
  const formOf = (tensor: NamedTensor, asked: boolean | undefined) => ({
    tensor,
    // FP16 has no JSON form.
    binary: asked ?? (request.binaryOutputs || tensor.datatype === 'FP16'),
  });
  if (!request.outputs) return outputs.map((tensor) => formOf(tensor, undefined));
  return request.outputs.map(({ name, binary }) => {
    const tensor = outputs.find((output) => output.name === name);
    if (!tensor) throw new OipError(`The model has no output "${name}".`);
    return formOf(tensor, binary);
  });
}
