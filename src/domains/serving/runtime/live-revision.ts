import { statSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { HoustonError } from '../../../platform/errors.ts';
import { whyNotRepeatable } from '../cache/repeatability.ts';
import type { RevisionGraph } from '../graphs/graph-revision.ts';
import { createMeter, type JoinedRuns, type RevisionMeter } from '../meter/meter.ts';
import type { FeatureSource } from '../routing/feature-port.ts';
import { servingError } from '../serving.errors.ts';
import type { Fault } from './model-host.ts';
import { inlineBytes, inlineLimitMs, type Runner, type RuntimeSettings } from './runner.ts';
import { openInlineRunner, openProcessRunner, openWorkerRunner } from './runners.ts';
import { createScorer, type Scorer } from './score.ts';
import { allocate, elementCount, type NamedTensor, shapeFits, type TensorSpec } from './tensors.ts';

/** An immutable pair of model and features, as the database keeps it. */
export type Revision = {
  id: string;
  deployment: string;
  model: string;
  version: number;
  digest: string;
  featureService: string | null;
  featureDigest: string | null;
  settings: RuntimeSettings;
  /** The graph that it is, instead of one model; `digest` is then the graph's own. */
  graph: RevisionGraph | null;
  /** Names of the recorded vector's columns. */
  features: string[];
  createdAt: number;
};

/** A revision in memory, loaded, checked and warm. */
export type LiveRevision = {
  readonly revision: Revision;
  readonly runner: Runner;
  /** Where its vectors come from; null when callers send the model's own tensors. */
  readonly source: FeatureSource | null;
  readonly scorer: Scorer;
  readonly meter: RevisionMeter;
  /** Usual cost of a one-row run at warm-up, in milliseconds. */
  readonly runMs: number;
  /** About what it holds of this machine's memory; 0 for models elsewhere. */
  readonly bytes: number;
  /** Inputs that a caller sends. */
  readonly inputs: readonly TensorSpec[];
  /** Why its answers are not cached, whatever the deployment declares; null where they may be. */
  readonly unrepeatable: string | null;
  /** What it was asked before it answered anybody: recorded requests that fit it. */
  warmedOn: { requests: number; rows: number };
  release(): Promise<void>;
};

const warmRuns = 24;

/** Does `work` with a loaded revision; when that fails nobody else has it, so it is let go. */
export async function orRelease<T>(live: LiveRevision, work: (live: LiveRevision) => Promise<T>): Promise<T> {
  try {
    return await work(live);
  } catch (error) {
    await live.release();
    throw error;
  }
}

/**
 * Loads a revision aside: opens the model, compares it with what its features give, warms it up, and moves it to
 * worker threads when one row costs more than the event loop should wait.
 * @throws serving.model.refused with the reason.
 */
export async function loadRevision(
  revision: Revision,
  path: string,
  options: {
    /** Opens the revision on another server; the path is not looked at then. */
    openRemote?: () => Promise<Runner>;
    source: FeatureSource | null;
    scoreOutput?: string;
    scoreRange?: readonly number[];
    /** Counts on where the revision has served in this process before. */
    meter?: RevisionMeter | undefined;
    /** Operators of its file by name. */
    operators?: Readonly<Record<string, number>>;
  } & Placing,
): Promise<LiveRevision> {
  const { settings, deployment, model, version, id } = revision;
  const { source } = options;
  let scorer: Scorer | undefined;
  const meter = options.meter ?? createMeter({ deployment, model, version, revision: id });
  const { runner, runMs, bytes, unrepeatable } = await openModel(settings, path, {
    openRemote: options.openRemote,
    operators: options.operators,
    joined: meter.joined,
    isolated: options.isolated ?? false,
    onFault: options.onFault,
    check(opened) {
      scorer = createScorer(opened.outputs, options);
      if (source) checkVectorInput(opened.inputs, source);
    },
  });
  return {
    revision,
    runner,
    source,
    scorer: scorer!,
    runMs,
    bytes,
    meter,
    inputs: source ? requestSpecs(source) : runner.inputs,
    unrepeatable,
    warmedOn: { requests: 0, rows: 0 },
    release: () => runner.close(),
  };
}

/** What is known of a model on this machine beside its settings. */
export type Placing = {
  /** `auto` gives it a process of its own: what it may do is not known from its graph. */
  isolated?: boolean;
  /** Hears what goes wrong in its threads or processes. */
  onFault?: ((fault: Fault) => void) | undefined;
};

export type OpenedModel = {
  runner: Runner;
  /** Usual cost of a one-row run, in milliseconds. */
  runMs: number;
  /** About what it holds of this machine's memory. */
  bytes: number;
  /** Why its answers are not cached; null where they may be. */
  unrepeatable: string | null;
};

/**
 * Opens a model where its settings and its measured cost say, and warms it up. `check` sees it before its first run.
 * @throws serving.model.refused with the reason, and what `check` throws
 */
export async function openModel(
  settings: RuntimeSettings,
  path: string,
  options: {
    openRemote?: (() => Promise<Runner>) | undefined;
    operators?: Readonly<Record<string, number>> | undefined;
    joined?: JoinedRuns;
    check?: (runner: Runner) => void;
  } & Placing,
): Promise<OpenedModel> {
  const { openRemote, operators = {}, joined, check } = options;
  const refuse = (reason: string) => servingError('serving.model.refused', reason);
  const { threads, workers } = settings;
  const placement = settings.placement === 'auto' && options.isolated ? 'process' : settings.placement;
  // What goes wrong before it serves is the reason of a refusal, not an incident.
  let isLive = false;
  const onFault = (fault: Fault) => void (isLive && options.onFault?.(fault));
  const textOf = (error: unknown) =>
    (error instanceof Error ? error.message : String(error)).replaceAll(path, 'it');
  const isLocal = openRemote === undefined;
  const isLarge = isLocal && statSync(path).size > inlineBytes;
  let runner: Runner;
  try {
    runner = openRemote
      ? await openRemote()
      : placement === 'process'
        ? await openProcessRunner(path, settings, onFault)
        : placement === 'worker' || (placement === 'auto' && isLarge)
          ? await openWorkerRunner(path, settings, onFault)
          : await openInlineRunner(path, threads, joined);
  } catch (error) {
    throw refuse(`The model does not load: ${textOf(error)}`);
  }
  try {
    check?.(runner);
    let runMs = isLocal ? await warmUp(runner) : 0;
    if (isLocal && placement === 'auto' && !isLarge && runMs > inlineLimitMs) {
      await runner.close();
      runner = await openWorkerRunner(path, settings, onFault);
      runMs = await warmUp(runner);
    }
    const bytes = isLocal ? residentBytes(statSync(path).size, runner.placement, workers) : 0;
    const unrepeatable = isLocal ? await whyNotRepeatable(runner, operators) : null;
    isLive = true;
    return { runner, runMs, bytes, unrepeatable };
  } catch (error) {
    await runner.close();
    const isRefusal = error instanceof HoustonError && error.code === 'serving.model.refused';
    throw isRefusal ? error : refuse(`The model does not run: ${textOf(error)}`);
  }
}

/** Measured: a session of a small model and its share of the runtime; a thread with the runtime loaded in it. */
const sessionBytes = 512 * 1024;
const threadBytes = 24 * 1024 * 1024;
const processBytes = 120 * 1024 * 1024;

/** What a model of `size` bytes takes up when it is loaded: weights, and the graph that the runtime makes of them. */
export function residentBytes(size: number, placement: Runner['placement'], workers: number): number {
  const session = sessionBytes + 1.5 * size;
  if (placement === 'worker') return Math.round(workers * (threadBytes + session));
  if (placement === 'process') return Math.round(workers * (processBytes + session));
  return Math.round(session);
}

/** A model behind a feature service takes one matrix of FP32 with one column a feature. */
function checkVectorInput(inputs: readonly TensorSpec[], { width, ref }: FeatureSource): void {
  const [input] = inputs;
  if (inputs.length === 1 && input.datatype === 'FP32' && shapeFits([1, width], input.shape)) return;
  const got = inputs.map((one) => `${one.name} ${one.datatype}[${one.shape.join(',')}]`).join(', ');
  throw servingError(
    'serving.model.refused',
    `The feature service ${ref} gives FP32[-1,${width}]; the model takes ${got}.`,
  );
}

/** What callers send to a deployment with a feature service. */
export function requestSpecs({ columns }: FeatureSource): TensorSpec[] {
  const datatypes = { string: 'BYTES', number: 'FP64', timestamp: 'BYTES', boolean: 'BOOL' } as const;
  return columns.map(({ name, type }) => ({ name, datatype: datatypes[type], shape: [-1] }));
}

/**
 * Runs one row of zeros a few times; returns the usual cost in milliseconds: the lower quartile, since other work
 * on the event loop can only make a run look dearer.
 */
export async function warmUp(runner: Runner): Promise<number> {
  const feeds: NamedTensor[] = runner.inputs.map(({ name, datatype, shape }) => {
    const concrete = shape.map((size) => (size === -1 ? 1 : size));
    return { name, datatype, shape: concrete, data: allocate(datatype, elementCount(concrete)) };
  });
  const costs: number[] = [];
  for (let i = 0; i < warmRuns; i++) {
    const start = performance.now();
    await runner.run(feeds);
    costs.push(performance.now() - start);
    if (i >= 2 && costs[i] > 200) break;
  }
  return costs.sort((a, b) => a - b)[Math.floor(costs.length / 4)];
}
