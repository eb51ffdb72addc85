import type { JsonObject } from './common.ts';

export type Health = 'healthy' | 'degraded' | 'failing' | 'no data' | 'not enough data' | 'paused';
export type DriftResult = {
  feature: string;
  /** PSI on the frozen bins. */
  effect: number;
  threshold: number | null;
  /** Cliff's delta: positive when values have grown. */
  shift: number;
  shiftLow: number | null;
  shiftHigh: number | null;
  /** Jensen-Shannon distance, 0 to 1. */
  distance: number;
  pValue: number | null;
  qValue: number | null;
  n: number;
  missing: number;
  missingReference: number;
  unseen: number;
  ratio: number | null;
  /** Differs between windows, hardly within one: judged by missing and new values alone. */
  calendar: boolean;
  flag: boolean;
};
export type PerformanceFigure = {
  value: number | null;
  low: number | null;
  high: number | null;
  centre: number | null;
  limitLow: number | null;
  limit: number | null;
  pValue: number | null;
  qValue: number | null;
  n: number;
  flag: boolean;
};
export type MonitorWindow = {
  start: string;
  end: string;
  state: Health | string;
  /** Provisional: outcomes are still due. */
  phase: 'provisional' | 'final' | string;
  verdict: string;
  reason: string;
  revision: string;
  model: string | null;
  version: number | null;
  reference: string | null;
  rows: number;
  errors: number;
  labelled: number;
  coverage: number;
  labelRate: number | null;
  meanScore: number | null;
  performance: Record<string, PerformanceFigure>;
  drift: DriftResult[];
  prediction: DriftResult | null;
  driftScore: number | null;
  evaluatedAt: string;
};
export type MonitorSettings = {
  window: number;
  labelHorizon: number;
  metric: string;
  minimumRows: number;
  minimumCoverage: number;
  alpha: number;
  persistence: { windows: number; of: number };
  learningWindows: number;
  calibrationMargin: number;
  cooldownWindows: number;
  paused: boolean;
};
export type Monitor = {
  deployment: string;
  spec: JsonObject;
  settings: MonitorSettings;
  state: Health | string;
  reason: string;
  latest: MonitorWindow | null;
  latestFinal: MonitorWindow | null;
  reference: {
    id: string;
    revision: string;
    model: string;
    version: number;
    source: string;
    /** Chunks of its evaluation that teach the limits; 0: live windows do. */
    chunks: number;
    /** Left out, because the deployment was beyond its limits in them. */
    unusualChunks: number;
    createdAt: string;
  } | null;
  openIncident: Incident | null;
  firing: Alert[];
  createdAt: string;
  updatedAt: string;
};
export type ReferenceColumn = { kind: string; labels: string[]; counts: number[] };
export type MonitorReference = {
  id: string;
  revision: string;
  model: string;
  version: number;
  source: string;
  rows: number;
  labelRate: number | null;
  importance: Record<string, number> | null;
  features: Record<string, ReferenceColumn>;
  score: ReferenceColumn;
  chunks: ReferenceChunk[];
  createdAt: string;
};
export type ReferenceChunk = {
  start: string;
  end: string;
  rows: number;
  performance: Record<string, number | null>;
  drift: Record<string, { effect: number; shift: number }>;
};
/** Reference and current counts of one feature on the same frozen bins; the last bin is missing. */
export type FeatureComparison = {
  feature: string;
  start: string;
  end: string;
  kind: string;
  source: string;
  labels: string[];
  edges: number[];
  reference: number[];
  current: number[];
  figure: DriftResult | null;
};
export type MonitorEvidence = {
  window: { start: string; end: string; rows: number; labelled: number };
  features: {
    feature: string;
    effect: number;
    threshold: number | null;
    qValue: number | null;
    ratio: number | null;
  }[];
  performance: {
    metric: string;
    value: number;
    low: number | null;
    high: number | null;
    limit: number | null;
    limitLow: number | null;
  }[];
  driftScore: number | null;
  /** What went wrong, for faults of serving and of the server; absent for drift and performance. */
  fault?: {
    count: number;
    seen: { time: string; text: string }[];
    quarantined: string | null;
    answeredBy: string | null;
  };
};
export type Incident = {
  id: string;
  /** null: of the server itself. */
  deployment: string | null;
  state: 'open' | 'acknowledged' | 'resolved' | string;
  severity: string;
  rule: string;
  title: string;
  reason: string;
  revision: string | null;
  model: string | null;
  version: number | null;
  /** Event time of the window that opened it, and of the one that closed it. */
  window: string;
  resolvedWindow: string | null;
  evidence: MonitorEvidence;
  openedAt: string;
  createdAt?: string;
  acknowledgedAt: string | null;
  acknowledgedBy: string | null;
  resolvedAt: string | null;
  resolvedBy: string | null;
  resolution: string | null;
  event: string;
};
export type IncidentDetail = Incident & {
  alerts: Alert[];
  timeline: {
    time: string;
    type: string;
    text: string;
    actor: string | null;
    subject: string | null;
    event: string | null;
  }[];
};
export type Alert = {
  id: string;
  deployment: string;
  rule: string;
  severity: string;
  state: 'pending' | 'firing' | 'resolved' | string;
  window: string;
  lastWindow: string;
  reason: string;
  message: string;
  evidence: MonitorEvidence;
  incident: string | null;
  createdAt: string;
  firedAt: string | null;
  resolvedAt: string | null;
};
