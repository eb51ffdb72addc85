import type { DriftFigure } from './statistics/drift.ts';
import type { HourSums, Performance, PerformanceName, Ranking } from './statistics/performance.ts';
import type { ReferenceProfile } from './statistics/reference.ts';

/** What was counted in a window of the prediction log; nothing here depends on limits. */
export type WindowFacts = {
  start: number;
  end: number;
  rows: number;
  /** Rows that were recorded with what they carried, where not all are; the other figures are made of these. */
  judged?: number;
  errors: number;
  /** Rows of the revision that answered most, and how many of them have an outcome. */
  revision: string;
  revisionRows: number;
  labelled: number;
  /** Counts on the reference's bins by column, the score under `__score`. */
  counts: Record<string, number[]>;
  hours: HourSums[];
  ranking: Ranking;
};

export type WindowVerdict =
  | 'healthy'
  | 'degraded'
  | 'drifting'
  | 'learning'
  | 'provisional'
  | 'not enough data';

export type Judgement = {
  verdict: WindowVerdict;
  reason: string;
  drift: DriftFigure[];
  prediction: DriftFigure | null;
  /** Weighted mean of effect over limit; null while learning. */
  driftScore: number | null;
  performance: Performance | null;
  /** What counts for alerts. */
  flags: { performance: boolean; prediction: boolean; features: boolean; tolerable: boolean };
  flaggedFigures: PerformanceName[];
};

export type WindowRecord = {
  deployment: string;
  start: number;
  end: number;
  state: 'provisional' | 'final';
  revision: string;
  reference: string | null;
  rows: number;
  labelled: number;
  facts: WindowFacts;
  judgement: Judgement;
  evaluatedAt: number;
};

export type Reference = {
  id: string;
  deployment: string;
  revision: string;
  model: string;
  version: number;
  source: 'training' | 'live';
  profile: ReferenceProfile;
  importance: Record<string, number> | null;
  createdAt: number;
};

export type AlertRule = 'performance' | 'costly-drift' | 'prediction-drift' | 'feature-drift';
export type Severity = 'page' | 'ticket' | 'digest';
export type AlertState = 'pending' | 'firing' | 'resolved';

export type Alert = {
  id: string;
  deployment: string;
  rule: AlertRule;
  severity: Severity;
  state: AlertState;
  window: number;
  lastWindow: number;
  reason: string;
  evidence: Evidence;
  incident: string | null;
  createdAt: number;
  firedAt: number | null;
  resolvedAt: number | null;
};

export type Evidence = {
  window: { start: number; end: number; rows: number; labelled: number };
  features: {
    feature: string;
    effect: number;
    threshold: number | null;
    qValue: number;
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
  /** What went wrong, for incidents of faults; absent for those of drift and performance. */
  fault?: FaultEvidence;
};

/** What serving or the server itself ran into, rather than what its windows show. */
export type FaultRule =
  | 'model-crash'
  | 'model-hang'
  | 'model-memory'
  | 'upstream'
  | 'invalid-outputs'
  | 'error-rate'
  | 'prediction-log'
  | 'database';

export type FaultEvidence = {
  /** Times that it was seen while the incident was open, and the newest of them. */
  count: number;
  seen: { time: number; text: string }[];
  /** The revision in quarantine, until it is released. */
  quarantined: string | null;
  /** Who answers instead; null when nothing was taken off. */
  answeredBy: string | null;
};

export type IncidentRule = AlertRule | FaultRule;

export type Incident = {
  id: string;
  /** Empty for incidents of the server itself. */
  deployment: string;
  state: 'open' | 'acknowledged' | 'resolved';
  severity: 'page' | 'ticket';
  rule: IncidentRule;
  reason: string;
  /** Empty, with the model, where no revision is to blame. */
  revision: string;
  model: string;
  version: number;
  window: number;
  resolvedWindow: number | null;
  evidence: Evidence;
  openedAt: number;
  acknowledgedAt: number | null;
  acknowledgedBy: string | null;
  resolvedAt: number | null;
  resolvedBy: string | null;
  resolution: string | null;
  /** The ledger event that opened it. */
  event: string;
};

/** The rules that windows are judged by. */
export const alertRules: readonly AlertRule[] = [
  'performance',
  'costly-drift',
  'prediction-drift',
  'feature-drift',
];

/** Severity of each rule: outcomes page, drift that costs is a ticket, drift alone is a note of the digest. */
export const severities: Record<AlertRule, Severity> = {
  performance: 'page',
  'costly-drift': 'ticket',
  'prediction-drift': 'ticket',
  'feature-drift': 'digest',
};
