import type { Json } from './common.ts';

export type Usage = {
  inputTokens: number | null;
  outputTokens: number | null;
  totalTokens: number | null;
  /** USD. */
  totalCost: number | null;
};
export type Assessment = {
  id: string;
  kind: 'feedback' | 'expectation' | 'issue';
  name: string;
  value: Json;
  error: { code: string; message: string } | null;
  rationale: string | null;
  source: { type: string; id: string };
  metadata: Record<string, string>;
  spanId: string | null;
  overrides: string | null;
  isValid: boolean;
  createdAt: string;
  updatedAt: string;
};
export type TraceSummary = {
  id: string;
  experiment: string;
  name: string | null;
  state: 'OK' | 'ERROR' | 'IN_PROGRESS' | 'STATE_UNSPECIFIED';
  startedAt: string;
  durationMs: number | null;
  request: string | null;
  response: string | null;
  session: string | null;
  user: string | null;
  run: string | null;
  clientRequestId: string | null;
  spans: number;
  usage: Usage;
  tags: Record<string, string>;
  metadata: Record<string, string>;
  assessments: Assessment[];
};
/** The spans of a trace as columns of one length, in the order of the tree read from the top. */
export type SpanColumns = {
  names: string[];
  types: string[];
  statuses: string[];
  id: string[];
  /** Place of the parent in these columns, or -1. */
  parent: number[];
  depth: number[];
  name: number[];
  type: number[];
  status: number[];
  /** Microseconds after the trace's origin. */
  start: number[];
  duration: (number | null)[];
  tokens: (number | null)[];
  cost: (number | null)[];
};
export type Trace = TraceSummary & { origin: string; columns: SpanColumns };
type Attributes = Record<string, Json>;
export type Span = {
  id: string;
  trace: string;
  parent: string | null;
  name: string;
  type: string;
  status: string;
  statusMessage: string;
  startNs: string;
  endNs: string | null;
  inputs: Json;
  outputs: Json;
  model: string | null;
  usage: Usage;
  attributes: Attributes;
  events: { name: string; timeNs: string; attributes: Attributes }[];
  links: { trace: string; span: string; attributes: Attributes }[];
  assessments: Assessment[];
};
