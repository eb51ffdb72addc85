import type { InferenceSession, Tensor } from 'onnxruntime-node';
import {
  type Datatype,
  datatypeOf,
  type NamedTensor,
  onnxTypeOf,
  type TensorData,
  type TensorSpec,
} from './tensors.ts';

/** An ONNX Runtime session in this thread. Loading and running block the thread. */
export type OnnxSession = {
  readonly inputs: TensorSpec[];
  readonly outputs: TensorSpec[];
  run(feeds: readonly NamedTensor[]): Promise<NamedTensor[]>;
  release(): Promise<void>;
};

/** Loads a model from a file, one thread per run and no spinning threads after it. */
export async function openOnnxSession(path: string, threads: number): Promise<OnnxSession> {
  const ort = await import('onnxruntime-node');
  const session = await ort.InferenceSession.create(path, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  });
  const outputs = session.outputMetadata.map(specOf);
  return {
    inputs: session.inputMetadata.map(specOf),
    outputs,
    async run(feeds) {
      const values: Record<string, Tensor> = {};
      for (const { name, datatype, shape, data } of feeds) {
        values[name] =
          datatype === 'FP16'
            ? halfTensor(ort, data as Uint16Array, shape)
            : new ort.Tensor(onnxTypeOf(datatype) as 'float32', data as Float32Array, shape);
      }
      const results = await session.run(values);
      return outputs.map(({ name, datatype }) => {
        const { dims, data } = results[name];
        return {
          name,
          datatype,
          shape: dims,
          data: datatype === 'FP16' ? bitsOf(data) : (data as TensorData),
        };
      });
    },
    release: () => session.release(),
  };
}

/**
 * Where the language has Float16Array, the library's constructor makes one of the bits, which its native part does
 * not know (it sees an empty array); so the bits go in as uint16 and the type is set afterwards.
 */
function halfTensor(
  ort: typeof import('onnxruntime-node'),
  bits: Uint16Array,
  shape: readonly number[],
): Tensor {
  return Object.assign(new ort.Tensor('uint16', bits, shape), { type: 'float16' }) as unknown as Tensor;
}

function bitsOf(data: Tensor.DataType): Uint16Array {
  const { buffer, byteOffset, length } = data as Uint16Array;
  return new Uint16Array(buffer, byteOffset, length);
}

function specOf(meta: InferenceSession.ValueMetadata): TensorSpec {
  const datatype: Datatype | undefined = meta.isTensor ? datatypeOf(meta.type) : undefined;
  if (!meta.isTensor || datatype === undefined) {
    throw new Error(`"${meta.name}" is not a tensor that can be served (export without ZipMap).`);
  }
  return {
    name: meta.name,
    datatype,
    shape: meta.shape.map((size) => (typeof size === 'number' ? size : -1)),
  };
}
