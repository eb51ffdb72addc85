import type { Runner } from '../../runtime/runner.ts';
import type { NamedTensor } from '../../runtime/tensors.ts';

/** The loaded model of a node. */
export type Member = {
  runner: Runner;
  /** A run that takes longer counts as failed; null where the request's own limit is enough. */
  limitMs: number | null;
};

/** What a node has done for one request. */
export type NodeState = {
  /** One tensor an output, for all rows of the request; rows that nobody asked for hold nothing of meaning. */
  outputs: NamedTensor[];
  /** Rows asked for so far, unless it is all of them. */
  claimed: Uint8Array | null;
  isWhole: boolean;
  /** Rows for which it failed; they are left out or hold the default. */
  failed: Uint8Array | null;
  /** The branch of each row, −1 for those that it was not asked for. */
  choice: Int8Array | null;
  pending: Promise<unknown> | undefined;
};
