import {
  type LiveRevision,
  latencyQuantile,
  type ServingDoor,
  type TensorSpec,
} from '../../domains/serving/index.ts';

const spec = ({ name, datatype, shape }: TensorSpec) => ({ name, datatype, shape });

/** Model metadata of the protocol. */
export function modelMetadata(name: string, live: LiveRevision, versions: string[]) {
  return {
    name,
    versions,
    platform: 'onnx_onnxv1',
    inputs: live.inputs.map(spec),
    outputs: live.runner.outputs.map(spec),
    properties: { revision: live.revision.id, model: live.revision.model },
  };
}

/** The part of Triton's model configuration that clients read. */
export function modelConfig(name: string, live: LiveRevision) {
  const tensor = ({ name: tensorName, datatype, shape }: TensorSpec) => ({
    name: tensorName,
    data_type: `TYPE_${datatype === 'BYTES' ? 'STRING' : datatype}`,
    dims: shape,
  });
  return {
    name,
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    max_batch_size: 0,
    input: live.inputs.map(tensor),
    output: live.runner.outputs.map(tensor),
  };
}

/** Statistics of one revision in the form of the statistics extension. */
export function modelStatistics(name: string, live: LiveRevision) {
  const { meter, revision } = live;
  const succeeded = meter.requests - meter.errors;
  const nanoseconds = (ms: number) => Math.round(ms * 1e6);
  const duration = (count: number, ms: number) => ({ count, ns: nanoseconds(ms) });
  return {
    name,
    version: String(revision.version),
    last_inference: meter.lastInference,
    inference_count: meter.rows,
    execution_count: meter.executions,
    inference_stats: {
      success: duration(succeeded, meter.latency.sumMs),
      fail: duration(meter.errors, 0),
      queue: duration(succeeded, 0),
      compute_input: duration(succeeded, Math.max(0, meter.latency.sumMs - meter.computeMs)),
      compute_infer: duration(succeeded, Math.min(meter.computeMs, meter.latency.sumMs)),
      compute_output: duration(succeeded, 0),
      cache_hit: duration(0, 0),
      cache_miss: duration(0, 0),
    },
    batch_stats: [],
    p99_ms: latencyQuantile(meter.latency, 0.99),
  };
}

/** Every deployment as an entry of the repository index. */
export function repositoryIndex(serving: ServingDoor, onlyReady: boolean) {
  return serving
    .liveRoutes()
    .filter((route) => !onlyReady || route.champion !== null)
    .map(({ deployment, champion, error }) => ({
      name: deployment,
      ...(champion && { version: String(champion.revision.version) }),
      state: champion ? 'READY' : 'UNAVAILABLE',
      reason: error ?? (champion ? '' : 'no version is deployed'),
    }));
}
