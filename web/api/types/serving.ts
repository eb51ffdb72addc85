import type { Json, JsonObject } from './common.ts';
import type { Tensor } from './registry.ts';

export type PairedMetric = {
  live: number;
  other: number;
  difference: number;
  interval: number[];
  pValue: number;
};
/** Two versions on the same recorded requests. */
export type VersionComparison = {
  rows: number;
  version: number;
  aucLive: number;
  aucOther: number;
  difference: number;
  interval: number[];
  pValue: number;
  logLoss: PairedMetric;
  brier: PairedMetric;
};
/** What GET /v2/models/NAME says: the inputs that a caller sends. */
export type ServedModel = {
  name: string;
  versions?: string[];
  platform?: string;
  inputs: Tensor[];
  outputs: Tensor[];
  [key: string]: unknown;
};
/** A graph as it is drawn; `request` and `reply` are its ends. */
export type GraphDrawing = {
  nodes: {
    name: string;
    kind: string;
    model: string | null;
    version: number | null;
    digest: string | null;
    summary: string;
    onError: string;
  }[];
  edges: { from: string; to: string; kind: 'data' | 'branch' | 'condition'; label: string }[];
};
export type GraphNodeTraffic = {
  name: string;
  placement: string | null;
  runs: number;
  rows: number;
  failedRows: number;
  p50Ms: number | null;
  p99Ms: number | null;
  branches: { to: string; rows: number; share: number | null }[];
};
export type GraphSpec = { nodes: Record<string, JsonObject>; [key: string]: Json };
type PlainTensor = { name: string; datatype: string; shape: number[] };
/** A graph that serves, with what ran in it since the start. */
export type DeploymentGraph = {
  arm: string;
  revision: string;
  version: number;
  drawing: GraphDrawing;
  spec: GraphSpec;
  inputs: PlainTensor[];
  outputs: PlainTensor[];
  traffic: GraphNodeTraffic[];
};
/** What the server says of a graph that is not declared yet. */
export type GraphCheck = {
  errors: { node: string | null; message: string; next: string }[];
  drawing: GraphDrawing | null;
  inputs: PlainTensor[] | null;
  outputs: PlainTensor[] | null;
};
/** What the nodes of a graph gave for one prediction. */
export type PredictionGraph = {
  revision: string;
  drawing: GraphDrawing;
  path: string | null;
  nodes: {
    name: string;
    ran: boolean;
    failed: boolean;
    branch: string | null;
    outputs: Record<string, (number | boolean | string | null)[]>;
  }[];
};
export type DeploymentSpec = {
  model?: string;
  graph?: GraphSpec;
  environment?: string;
  features?: string;
  rollout?: JsonObject;
  [key: string]: unknown;
};
export type Revision = {
  id: string;
  model: string;
  version: number;
  digest: string;
  featureService: string | null;
  features: string[];
  settings: JsonObject;
  /** Of a graph, what its nodes run; null for a single model. */
  models: { node: string; model: string; version: number; digest: string }[] | null;
  createdAt: string;
};
export type EvidenceTest = {
  name: string;
  kind: 'harm' | 'promotion' | 'check' | 'info';
  value: number | null;
  bound: number | null;
  n: number;
  decision: 'undecided' | 'pass' | 'alarm' | 'none';
  unit: string;
  interval: [number, number] | null;
  champion: number | null;
  challenger: number | null;
  reason: string;
  history: [number, number][];
};
export type Rollout = {
  id: string;
  deployment: string;
  state: 'awaiting-approval' | 'shadow' | 'canary' | 'promoted' | 'rolled-back' | 'aborted' | 'held';
  challenger: Revision | null;
  champion: Revision | null;
  step: number;
  steps: number[];
  weight: number;
  reason: string;
  approval: string | null;
  actor: string;
  evidence: {
    requests: { champion: number; challenger: number; paired: number };
    labelled: number;
    tests: EvidenceTest[];
    transitions: { time: number; state: string; weight: number; reason: string }[];
  };
  createdAt: string;
  startedAt: string | null;
  endedAt: string | null;
};
/** A revision that died, hung or leaked too often, and is not loaded until a person releases it. */
export type Quarantine = {
  id: string;
  revision: string;
  deployment: string;
  model: string;
  version: number;
  kind: string;
  reason: string;
  faults: { time: string; kind: string; detail: string }[];
  answeredBy: 'champion' | 'previous' | 'fallback' | 'nobody';
  event: string;
  since: string;
};
export type Deployment = {
  name: string;
  environment: string;
  spec: DeploymentSpec;
  state: 'empty' | 'serving' | 'rolling-out' | 'quarantined' | 'failed';
  quarantine: Quarantine[];
  error: string | null;
  champion: Revision | null;
  previous: Revision | null;
  rollout: Rollout | null;
  route: {
    arm: string;
    revision: string;
    version: number;
    weight: number;
    placement: string;
    runMs: number;
    warmedOn: { requests: number; rows: number };
    uncached: string | null;
  }[];
  traffic: {
    requestsPerSecond: number;
    requests: number;
    errors: number;
    p50Ms: number | null;
    p99Ms: number | null;
  };
  residency: { state: 'loaded' | 'cold' | 'none'; bytes: number; usedAt: string | null };
  load: {
    running: number;
    queued: number;
    waited: number;
    meanWaitMs: number | null;
    rejected: Record<string, number>;
  };
  batching: { requests: number; runs: number; rowsPerRun: number | null; joinedShare: number | null };
  cache: {
    entries: number;
    bytes: number;
    maxBytes: number;
    maxEntries: number;
    ttlSeconds: number | null;
    hits: number;
    misses: number;
    hitShare: number | null;
    savedMs: number;
    evicted: number;
    expired: number;
  } | null;
  createdAt: string;
  updatedAt: string;
};
export type Traffic = {
  step: number;
  revisions: {
    revision: string;
    version: number | null;
    points: {
      time: string;
      requests: number;
      rows: number;
      errors: number;
      p50: number | null;
      p90: number | null;
      p99: number | null;
    }[];
  }[];
};
export type Prediction = {
  id: string;
  deployment: string;
  eventTime: string | null;
  time: string;
  revision: string;
  model: string | null;
  version: number | null;
  arm: string;
  rollout: string | null;
  latencyMs: number;
  inputs: Json;
  features: Record<string, number | null>;
  score: number | null;
  pairScore: number | null;
  label: number | null;
  /** The way through a graph: NODE=BRANCH, !NODE for what failed. */
  path: string | null;
  reward: number | null;
  weight: number;
  erased: boolean;
  error: string | null;
  cached: boolean;
};
export type QueryResult = {
  columns: { name: string; type: string }[];
  rows: Json[][];
  truncated: boolean;
  elapsedMs: number;
};
export type QueryColumn = {
  name: string;
  type: string;
  kind: 'prediction' | 'input' | 'feature';
  note: string;
};
export type QueryColumns = {
  view: string;
  columns: QueryColumn[];
  examples: { title: string; sql: string }[];
};
export type FeedbackWord = {
  value: number | null;
  reward: number | null;
  time: string | null;
  received: string;
};
export type ErasureCounts = {
  predictions: number;
  requests: number;
  pairs: number;
  feedback: number;
  events: Record<string, number>;
};
export type ErasurePlan = { plan: ErasureCounts; notes: string[]; erasure?: string };
export type ErasureState = {
  id: string;
  state: string;
  progress: number | null;
  note: string | null;
  error: string | null;
  result: ErasureCounts | null;
};
export type ComparedRow = { id: string; a: number; b: number; label: number | null };
export type SideBySide = {
  a: number;
  b: number;
  rows: number;
  of: number;
  skipped: number;
  threshold: number;
  agreement: number;
  onlyA: number;
  onlyB: number;
  correlation: number | null;
  meanDifference: number;
  meanAbsolute: number;
  edges: number[];
  counts: number[];
  points: ComparedRow[];
  largest: ComparedRow[];
  slices: {
    column: string;
    value: string;
    rows: number;
    meanDifference: number;
    standardError: number;
    agreement: number;
  }[];
};
