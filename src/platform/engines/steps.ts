import type { TSchema } from 'typebox';
import type { Json, JsonObject } from '../json.ts';
import type { Scope } from '../scope.ts';

/** A file that a step made, in the blob store. `path` is added where a step reads it: a local file to open. */
export type FileRef = { digest: string; size: number; path?: string };

/** Which step of which run this is. */
export type StepRun = {
  /** `run_…` */
  runId: string;
  pipeline: string;
  revision: number;
  /** Key of the step in the run: the job's name, and `name.INDEX` for an instance of a matrix. */
  step: string;
  /** 1 for the first try. */
  attempt: number;
  /** Subjects for the ledger: `run:…` and `step:…/…`. */
  runSubject: string;
  stepSubject: string;
  params: JsonObject;
  /** The values of this instance of a matrix. */
  matrix: JsonObject;
};

/** What a step hands back. */
export type StepResult = {
  /** Small values; later steps read them as `${{ jobs.NAME.outputs.KEY }}`. */
  outputs: JsonObject;
  /** Name → path (absolute or in `outputDir`). Each goes to the blob store; `outputs.NAME` becomes `{digest, size}`. */
  files?: Record<string, string>;
  /** Subjects that the result was made from: lineage edges of `pipelines.step.finished`. */
  uses?: string[];
  /** Ends the run as `stopped`, not failed: a verdict such as a gate's refusal. Holds the reason. */
  stopped?: string;
  /** `approval:ID`: the step waits, holding no worker, until that approval is granted (goes on) or rejected (stops). */
  awaiting?: string;
};

/** What `prepare` and `commit` know: the step, and its `with` values after `${{ }}`. */
export type StepContext = StepRun & { with: JsonObject };

export type StepLog = (line: string) => void;
export type StepProgress = (fraction: number, note?: string) => void;

/** A step inside the server: light work that may read the database. */
export type ServerStepContext = {
  scope: Scope;
  input: JsonObject;
  log: StepLog;
  progress: StepProgress;
  run: StepRun;
  /** Aborted at time-out, at cancel and at shutdown. */
  signal: AbortSignal;
};

/** A step in a process of its own: no database; files in, files out. */
export type ProcessStepContext = {
  input: JsonObject;
  /** An empty folder for `files`. */
  outputDir: string;
  log: StepLog;
  progress: StepProgress;
  /** Aborted on SIGTERM (time-out, cancel). */
  signal: AbortSignal;
};

/** What a domain's `x.process-steps.ts` exports as `processSteps`, by step name. It imports neither db nor http. */
export type ProcessSteps = Readonly<Record<string, (context: ProcessStepContext) => Promise<StepResult>>>;

type StepKindBase = {
  /** `domain/verb`, as in `uses: features/training-set`. */
  readonly name: string;
  /** Part of the cache key: raise it when the same input gives another result. */
  readonly version: string;
  /** One sentence for people. */
  readonly summary?: string;
  /** Schema of `with`, checked after `${{ }}` is filled in. */
  readonly inputs: TSchema;
  /**
   * Whether an earlier result of equal input is taken instead of running (default: yes for process steps, no for
   * server steps). A cached step does not run `commit` again, so steps whose point is their effect say false.
   */
  readonly cached?: boolean;
  /**
   * Server side, before running: resolves names to versions and digests. What it returns is the step's `input` and,
   * without local paths, part of the cache key: so `latest` must become a version or a digest here.
   */
  prepare?(scope: Scope, withValues: JsonObject, run: StepContext): Promise<JsonObject>;
  /**
   * Server side, in the same transaction as the step's success: records, registers, writes to the ledger. Runs
   * exactly once with effect. Returns further outputs (merged over those of the result); may return `stopped` or
   * `awaiting` in its place through `stepOutcome`.
   */
  commit?(tx: Scope, result: CommittedResult, run: StepContext): Promise<JsonObject | StepOutcome>;
};

export type ServerStepKind = StepKindBase & {
  readonly runs: 'server';
  execute(context: ServerStepContext): Promise<StepResult>;
};

export type ProcessStepKind = StepKindBase & {
  readonly runs: 'process';
  /** Only for documentation: the work stands in the domain's `processSteps` table under the same name. */
  execute?(context: ProcessStepContext): Promise<StepResult>;
};

/** One thing that `uses:` can name. */
export type StepKind = ServerStepKind | ProcessStepKind;

/** The result that `commit` gets: files are in the blob store by then, and stand in `outputs` too. */
export type CommittedResult = {
  outputs: JsonObject;
  files: Record<string, FileRef>;
  uses: string[];
  /** The input that the step ran with (what `prepare` returned). */
  input: JsonObject;
};

/** What `commit` returns when it decides more than outputs. */
export class StepOutcome {
  readonly outputs: JsonObject;
  readonly stopped: string | undefined;
  readonly awaiting: string | undefined;
  readonly uses: readonly string[];

  constructor(outcome: {
    outputs: JsonObject;
    stopped?: string;
    awaiting?: string;
    uses?: readonly string[];
  }) {
    this.outputs = outcome.outputs;
    this.stopped = outcome.stopped;
    this.awaiting = outcome.awaiting;
    this.uses = outcome.uses ?? [];
  }
}

/** For `commit`: outputs together with further lineage, a stop, or an approval to wait for. */
export function stepOutcome(outcome: ConstructorParameters<typeof StepOutcome>[0]): StepOutcome {
  return new StepOutcome(outcome);
}

/** Whether a value is a file of an earlier step. */
export function isFileRef(value: Json | undefined): value is FileRef & JsonObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    typeof value.digest === 'string' &&
    /^sha256:[0-9a-f]{64}$/.test(value.digest) &&
    typeof value.size === 'number'
  );
}
