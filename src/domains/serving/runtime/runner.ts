import type { RequestTrace } from '../../../platform/tracing/tracer.ts';
import type { Upstream } from '../upstreams/remote-model.ts';
import type { NamedTensor, TensorSpec } from './tensors.ts';

/**
 * What a run gives. Of a graph, `path` is the way that each row took, as JSON text to record, and `isPartial` says that
 * a node has failed on the way, which was provided for.
 */
export type RunOutputs = NamedTensor[] & { path?: string; isPartial?: boolean };

/** A loaded model. `run` may be called while earlier runs are under way. */
export type Runner = {
  readonly placement: 'inline' | 'worker' | 'process' | 'upstream' | 'constant' | 'none';
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Runs that it is good for at once; further ones would only wait in it. */
  readonly parallel: number;
  /** `trace` is handed on by models that run elsewhere. */
  run(feeds: readonly NamedTensor[], trace?: RequestTrace): Promise<RunOutputs>;
  /** Where a runner counts its runs by itself: a run that nobody has asked for, which is not counted. */
  uncounted?(feeds: readonly NamedTensor[]): Promise<RunOutputs>;
  /** Waits for the runs under way, then gives the memory back. */
  close(): Promise<void>;
};

/** Runs what nobody has asked for: warming up, explanations, comparisons. */
export function runAside(runner: Runner, feeds: readonly NamedTensor[]): Promise<RunOutputs> {
  return runner.uncounted ? runner.uncounted(feeds) : runner.run(feeds);
}

/** Settings of a revision's runtime; part of its identity. */
export type RuntimeSettings = {
  /** Threads of one run. */
  threads: number;
  /** Where it runs; `auto` decides by what the model may do and by the measured cost of a row. */
  placement: 'auto' | 'inline' | 'worker' | 'process';
  /** Worker threads or processes, each with its own copy of the weights. */
  workers: number;
  /** A run that takes longer is answered with an error; in a process it is ended as well. */
  timeoutMs: number;
  /** What one process may hold of the machine's memory; default by the size of the model. */
  memoryMb?: number;
  /** The server that runs it, when that is not this one. */
  upstream?: Upstream;
};

export const defaultSettings: RuntimeSettings = {
  threads: 1,
  placement: 'auto',
  workers: 1,
  timeoutMs: 10_000,
};

/** Above this median cost of a one-row run a model leaves the event loop for a worker. */
export const inlineLimitMs = 0.2;

/** Loading a larger file would hold the event loop up, so it loads and runs in a worker. */
export const inlineBytes = 4 * 1024 * 1024;
