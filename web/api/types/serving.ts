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
export type DeploymentSpec = {
  model: string;
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
export type Deployment = {
  name: string;
  environment: string;
  spec: DeploymentSpec;
  state: 'empty' | 'serving' | 'rolling-out' | 'failed';
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
  error: string | null;
  cached: boolean;
};
