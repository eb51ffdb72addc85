import type { JsonObject } from './common.ts';

export type LedgerEvent = {
  seq: number;
  id: string;
  time: string;
  type: string;
  actor: string;
  subject: string;
  data: JsonObject;
  uses: string[];
  cause: string | null;
  prev: string;
  hash: string;
};
export type WhyNode = { id: string; depth: number; event: LedgerEvent };
export type WhyEdge = { from: string; to: string; kind: 'cause' | 'uses'; subject?: string };
export type Why = { subject: string; root: string; nodes: WhyNode[]; edges: WhyEdge[]; truncated: boolean };
export type Verification = {
  ok: boolean;
  events: number;
  head: string;
  checkpoints: number;
  checkpointedUpTo: number;
  firstBad: { seq: number; id: string | null; reason: string } | null;
};
export type Checkpoint = { seq: number; hash: string; time: string };
export type DeadLetter = { reactor: string; event: string; error: string; time: string; attempts?: number };
