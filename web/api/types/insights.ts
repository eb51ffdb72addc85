export type Happening = {
  seq: number;
  id: string;
  time: string;
  type: string;
  actor: string;
  subject: string;
  sentence: string;
  /** Events that the line stands for, the oldest of them at `since`. */
  count: number;
  since: string;
};
export type HealthStrip = {
  name: string;
  environment: string;
  state: string;
  reason: string;
  model: string | null;
  version: number | null;
  championSince: string | null;
  requestsPerMinute: number;
  errorRate: number | null;
  p99Ms: number | null;
  performance: {
    metric: string;
    value: number;
    low: number | null;
    high: number | null;
    limit: number | null;
    n: number;
    at: string;
  } | null;
  driftedFeatures: number;
  watchedFeatures: number;
  labelCoverage: number | null;
  openIncidents: number;
  rollout: { id: string; state: string; version: number | null; weight: number } | null;
  lastWindowAt: string | null;
  sparkline: {
    requests: number[];
    metric: (number | null)[];
    limit: number | null;
    states: string[];
    starts: string[];
  };
};
export type OverviewNeed = {
  kind: 'approval' | 'incident' | 'rollout' | 'dead-letter';
  id: string;
  title: string;
  subject: string;
  since: string;
  action: { label: string; href: string };
};
type Median = { seconds: number | null; n: number };
export type Overview = {
  deployments: HealthStrip[];
  needsHuman: OverviewNeed[];
  recent: Happening[];
  totals: {
    datasets: number;
    featureServices: number;
    models: number;
    versions: number;
    deployments: number;
    pipelineRuns: number;
    predictions: number;
    events: number;
  };
  delivery: {
    leadTime: Median;
    retrainToProduction: Median;
    timeToRestore: Median;
    changeFailureRate: { value: number | null; failed: number; n: number };
  };
};
