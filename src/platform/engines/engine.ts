import type { JsonObject } from '../json.ts';

/** What an engine is asked to run. */
export type EngineTask = {
  /** Deterministic name of this attempt: the same task submitted twice runs once. */
  externalId: string;
  /** A program and its arguments. */
  command: readonly string[];
  /** The whole environment of the program, beyond what the engine itself must add. */
  env: Readonly<Record<string, string>>;
  /** What stands in the file that `HOUSTON_STEP_MANIFEST` names; the engine adds `outputDir`, `outputs` and `progress`. */
  manifest: JsonObject;
};

/** Where a task stands. `lost`: it began, and ended without a word (killed with its machine, or by the kernel). */
export type EngineStatus =
  | { state: 'running' }
  | { state: 'exited'; exitCode: number; signal: string | null; endedAt: number }
  | { state: 'lost' };

export type EngineLog = {
  text: string;
  /** Byte offset to go on from. */
  next: number;
  /** Bytes there are now. */
  size: number;
};

/** What a task left behind, on this machine's disk. */
export type EngineOutput = {
  /** Content of the outputs file; null when the task wrote none. */
  outputs: JsonObject | null;
  /** Folder that the task's files are in. */
  outputDir: string;
};

export type EngineProgress = { fraction: number; note: string | null };

/**
 * A place where steps run. An engine outlives the server: after a restart the server asks `find` first and
 * submits only what the engine has never heard of.
 */
export type Engine = {
  readonly name: string;
  /** Starts a task. Submitting an external id that runs or ran already has no effect. */
  submit(task: EngineTask): Promise<void>;
  /** Where the task stands; null when the engine never started it. */
  find(externalId: string): Promise<EngineStatus | null>;
  /** Resolves once the task is no longer running; rejects with the signal's reason when that aborts first. */
  wait(
    externalId: string,
    options: { signal: AbortSignal; progress?(state: EngineProgress): void },
  ): Promise<EngineStatus>;
  /** A part of standard output and error together; never in the middle of a UTF-8 character. */
  logs(externalId: string, range?: { offset?: number; limit?: number }): Promise<EngineLog>;
  /** What the task wrote; call it once it has exited. */
  collect(externalId: string): Promise<EngineOutput>;
  /** Asks the whole process group to end, kills it after `graceMs` (default 5 s). Resolves when it is gone. */
  stop(externalId: string, options?: { graceMs?: number }): Promise<void>;
  /** Frees what the task left except its log. */
  clean(externalId: string): Promise<void>;
};

/** Exit code by which a program asks for another attempt. */
export const exitRetry = 75;
/** Exit code of a program that SIGTERM ended. */
export const exitTerminated = 143;
