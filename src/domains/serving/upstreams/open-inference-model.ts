import type { TensorSpec } from '../runtime/tensors.ts';
import { callRemote } from './remote-call.ts';
import type { RemoteModel } from './remote-model.ts';
import { fromJsonValues, knownDatatype, toJsonValues } from './remote-tensors.ts';

type WireTensor = { name?: unknown; datatype?: unknown; shape?: unknown; data?: unknown };

/**
 * A model behind the Open Inference Protocol v2 over REST: Triton, MLServer, KServe, another Houston. Its interface
 * is what its metadata says.
 */
export async function openInferenceModel(
  base: string,
  model: string,
  timeoutMs: number,
): Promise<RemoteModel> {
  const address = `${base}/v2/models/${encodeURIComponent(model)}`;
  const metadata = (await callRemote(address, timeoutMs)) as {
    inputs?: WireTensor[];
    outputs?: WireTensor[];
  };
  const specsOf = (tensors: WireTensor[] | undefined, what: string): TensorSpec[] => {
    if (!Array.isArray(tensors) || tensors.length === 0)
      throw new Error(`The metadata of the upstream names no ${what}.`);
    return tensors.map(({ name, datatype, shape }) => ({
      name: String(name),
      datatype: knownDatatype(datatype),
      shape: Array.isArray(shape) ? shape.map(Number) : [-1],
    }));
  };
  return {
    inputs: specsOf(metadata?.inputs, 'inputs'),
    outputs: specsOf(metadata?.outputs, 'outputs'),
    async predict(feeds, headers) {
      const inputs = feeds.map((feed) => ({
        name: feed.name,
        datatype: feed.datatype,
        shape: feed.shape,
        data: toJsonValues(feed),
      }));
      const reply = (await callRemote(`${address}/infer`, timeoutMs, { inputs }, headers)) as {
        outputs?: WireTensor[];
      };
      if (!Array.isArray(reply?.outputs)) throw new Error('The upstream answered without outputs.');
      return reply.outputs.map(({ name, datatype, shape, data }) =>
        fromJsonValues(String(name), knownDatatype(datatype), shape as number[], data),
      );
    },
  };
}
