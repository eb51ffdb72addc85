import type { NamedTensor, TensorSpec } from './tensors.ts';

/** What went wrong with a thread or process that has a model loaded. */
export type FaultKind = 'crash' | 'hang' | 'memory' | 'stopped';

/**
 * One such event. `crash`: it died while it ran the model or loaded it. `hang`: a run did not end within the time
 * limit. `memory`: it took more than its limit. `stopped`: it died while it had nothing to do, so somebody ended it.
 */
export type Fault = {
  kind: FaultKind;
  /** What was seen, in a sentence. */
  detail: string;
  /** Runs that ended well since the fault before, or since the start. */
  runsBefore: number;
};

/** A thread or process with one model in it. It answers the runs in the order in which they are posted. */
export type ModelHost = {
  readonly inputs: TensorSpec[];
  readonly outputs: TensorSpec[];
  /** Process that it is; null for a thread. */
  readonly pid: number | null;
  post(id: number, feeds: readonly NamedTensor[]): void;
  /** Ends it after what it has to do; resolves when it is gone. */
  end(): Promise<void>;
  /** Ends it now, in the middle of a run; null for threads, where that would abort the server. */
  readonly kill: (() => void) | null;
  /** Bytes that it holds of the machine's memory; null for threads, whose memory is the server's. */
  residentBytes(): Promise<number | null>;
};

/** What a host tells: one reply per run, and once that it is gone. */
export type HostEvents = {
  onReply(id: number, reply: { outputs: NamedTensor[] } | { error: string }): void;
  onGone(how: string): void;
};

/** Starts a host; resolves when its model is loaded. @throws Error with what the runtime said, or how it died */
export type OpenHost = (events: HostEvents) => Promise<ModelHost>;

/** Messages to a host: a run, or without feeds the wish that it ends. */
export type HostRequest = { id: number; feeds?: readonly NamedTensor[] };
export type HostReply =
  | { ready: true; inputs: TensorSpec[]; outputs: TensorSpec[] }
  | { id: number; outputs: NamedTensor[] }
  | { id: number; error: string }
  | { failed: string };
