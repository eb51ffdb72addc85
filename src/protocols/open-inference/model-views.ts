import {
  inferredRows,
  isServing,
  type LiveRevision,
  latencyQuantile,
  runtimeRuns,
  type ServingDoor,
  type TensorSpec,
} from '../../domains/serving/index.ts';

const extensions = [
  'binary_tensor_data',
  'classification',
  'generate',
  'logging',
  'model_configuration',
  'model_repository',
  'statistics',
  'trace',
];

/** Server metadata of the protocol. */
export function serverMetadata(version: string) {
  return { name: 'houston', version, extensions };
}

const spec = ({ name, datatype, shape }: TensorSpec) => ({ name, datatype, shape });

/** Model metadata of the protocol, with every version that can be asked for. */
export function modelMetadata(serving: ServingDoor, name: string, version?: string) {
  const live = serving.live(name, version);
  const route = serving.liveRoutes().find((one) => one.deployment === name);
  const served = [route?.champion, route?.rollout?.challenger, route?.previous];
  const versions = new Set(served.flatMap((one) => (one ? [String(one.revision.version)] : [])));
  return {
    name,
    versions: [...versions],
    platform: live.revision.graph ? 'ensemble' : 'onnx_onnxv1',
    inputs: live.inputs.map(spec),
    outputs: live.runner.outputs.map(spec),
    properties: { revision: live.revision.id, model: live.revision.model, ...graphProperty(live) },
  };
}

/** What the nodes of a graph run. */
function graphProperty({ revision: { graph } }: LiveRevision): { graph?: string } {
  if (!graph) return {};
  const nodes = Object.entries(graph.models).map(
    ([node, { model, version }]) => `${node}=${model}:${version}`,
  );
  return { graph: nodes.join(' ') };
}

/** Rows that a client may send in one request of a model whose first dimensions are free. */
const mostBatchRows = 4096;

/**
 * The part of Triton's model configuration that clients read. Where every first dimension is free it is the batch,
 * which the dimensions then leave out, as load generators expect.
 */
export function modelConfig(name: string, live: LiveRevision) {
  const isBatched = [...live.inputs, ...live.runner.outputs].every(({ shape }) => shape[0] === -1);
  const tensor = ({ name: tensorName, datatype, shape }: TensorSpec) => ({
    name: tensorName,
    data_type: `TYPE_${datatype === 'BYTES' ? 'STRING' : datatype}`,
    ...dimensions(isBatched ? shape.slice(1) : shape),
  });
  return {
    name,
    ...(live.revision.graph
      ? { platform: 'ensemble', backend: '' }
      : { platform: 'onnxruntime_onnx', backend: 'onnxruntime' }),
    max_batch_size: isBatched ? mostBatchRows : 0,
    input: live.inputs.map(tensor),
    output: live.runner.outputs.map(tensor),
  };
}

/** A configuration has at least one dimension; a scalar says so by its reshape. */
function dimensions(dims: readonly number[]) {
  return dims.length > 0 ? { dims } : { dims: [1], reshape: { shape: [] } };
}

/** Statistics of every model that answers. */
export function allStatistics(serving: ServingDoor) {
  return serving
    .liveRoutes()
    .flatMap(({ deployment, champion }) => (champion ? [modelStatistics(deployment, champion)] : []));
}

/** Statistics of one revision in the form of the statistics extension. */
export function modelStatistics(name: string, live: LiveRevision) {
  const { meter, revision } = live;
  const { cache } = meter;
  const succeeded = meter.requests - meter.errors;
  // The parts of a run are of those that were run; the cache has parts of its own.
  const ran = succeeded - cache.hits;
  const ranMs = Math.max(0, meter.latency.sumMs - cache.hitMs);
  const nanoseconds = (ms: number) => Math.round(ms * 1e6);
  const duration = (count: number, ms: number) => ({ count, ns: nanoseconds(ms) });
  return {
    name,
    version: String(revision.version),
    last_inference: meter.lastInference,
    inference_count: inferredRows(meter),
    execution_count: runtimeRuns(meter),
    inference_stats: {
      success: duration(succeeded, meter.latency.sumMs),
      fail: duration(meter.errors, 0),
      queue: duration(ran, 0),
      compute_input: duration(ran, Math.max(0, ranMs - meter.computeMs)),
      compute_infer: duration(ran, Math.min(meter.computeMs, ranMs)),
      compute_output: duration(ran, 0),
      cache_hit: duration(cache.hits, cache.hitMs),
      cache_miss: duration(cache.misses, cache.missMs),
    },
    response_stats: {},
    batch_stats: [],
    memory_usage: [],
    p99_ms: latencyQuantile(meter.latency, 0.99),
  };
}

/** Every deployment as an entry of the repository index. */
export function repositoryIndex(serving: ServingDoor, onlyReady: boolean) {
  return serving
    .liveRoutes()
    .filter((route) => !onlyReady || isServing(route))
    .map((route) => {
      const { deployment, champion, cold, error } = route;
      const revision = champion?.revision ?? cold;
      return {
        name: deployment,
        ...(revision && { version: String(revision.version) }),
        state: isServing(route) ? 'READY' : 'UNAVAILABLE',
        reason: error ?? (revision ? '' : 'no version is deployed'),
      };
    });
}
