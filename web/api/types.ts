/** Shapes of the HTTP API as the web reads them. Times are ISO strings; optional fields may be absent. */
export type List<T> = { items: T[]; next?: string | number | null };
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

// ---- ledger
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

// ---- auth
export type Me = { id: string; roles: string[]; permissions: string[]; login: boolean };
export type User = { id: string; roles: string[]; createdAt: string };

// ---- data
export type Expectation = {
  type: string;
  kwargs: JsonObject;
  severity?: string;
  id?: string;
  description?: string;
};
export type Column = { name: string; type: string };
export type Dataset = {
  name: string;
  description: string;
  eventTime: string | null;
  owner: string;
  latestVersion: number;
  expectations: Expectation[];
  suiteRevision?: number;
  latest?: DatasetVersion | null;
  createdAt: string;
  updatedAt: string;
};
export type DatasetVersion = {
  dataset: string;
  version: number;
  digest: string;
  rows: number;
  bytes: number;
  parts?: number;
  columns: Column[];
  timeFrom: string | null;
  timeTo: string | null;
  mode: string;
  source: string;
  validation: string | null;
  actor: string;
  createdAt: string;
};
/** What one expectation found; percentages are 0 to 100. */
export type ExpectationResult = {
  type: string;
  severity: string;
  column: string | null;
  kwargs: JsonObject;
  description: string;
  success: boolean;
  observed: Json;
  elementCount: number | null;
  missingCount: number | null;
  missingPercent: number | null;
  unexpectedCount: number | null;
  unexpectedPercent: number | null;
  partialUnexpectedCounts: { value: Json; count: number }[];
  sampleRows: JsonObject[];
  problem: string | null;
};
export type SuiteReport = {
  success: boolean;
  rows: number;
  evaluated: number;
  successful: number;
  failed: number;
  successPercent: number | null;
  results: ExpectationResult[];
};
export type Validation = {
  id: string;
  dataset: string;
  version: number | null;
  digest?: string;
  outcome: 'accepted' | 'refused' | 'checked' | string;
  success: boolean;
  rows: number;
  evaluated: number;
  failed: number;
  source: string;
  actor: string;
  createdAt: string;
  report?: SuiteReport;
};
export type UploadReply = {
  dataset: string;
  version: number;
  digest: string;
  rows: number;
  validation: Validation | SuiteReport | string | null;
};
export type ProfileHistogram = { edges: number[]; counts: number[]; below: number; above: number };
export type ProfileColumn = {
  name: string;
  type: string;
  family: string;
  count: number;
  missing: number;
  missingPercent: number;
  distinct: number;
  numeric: {
    min: number;
    max: number;
    mean: number;
    std: number | null;
    skewness: number | null;
    zeros: number;
    negatives: number;
    infinite: number;
    quantiles: Record<'p01' | 'p05' | 'p25' | 'p50' | 'p75' | 'p95' | 'p99', number>;
    histogram: ProfileHistogram;
  } | null;
  temporal: { min: number; max: number; histogram: ProfileHistogram } | null;
  text: { minLength: number; maxLength: number; meanLength: number; empty: number } | null;
  top: { value: string | number | boolean; count: number }[];
};
export type Profile = {
  rows: number;
  columns: ProfileColumn[];
  correlations: { columns: string[]; values: (number | null)[][] };
  alerts: { column: string; kind: string; message: string }[];
};

export type ProfileState =
  | { state: 'ready'; version: number; digest: string; profile: Profile }
  | { state: 'pending'; version: number; digest: string }
  | { state: 'failed'; version: number; digest: string; error: string };
export type SideSummary = {
  count: number;
  missing: number;
  missingPercent: number;
  min: number | null;
  max: number | null;
  mean: number | null;
  std: number | null;
};
export type ColumnDiff = {
  name: string;
  type: string;
  family: string;
  from: SideSummary;
  to: SideSummary;
  psi: number | null;
  jensenShannon: number | null;
  bins: { label: string; from: number; to: number }[];
  added: { value: string; count: number }[];
  removed: { value: string; count: number }[];
};
export type VersionDiff = {
  from: { version: number; digest: string; rows: number };
  to: { version: number; digest: string; rows: number };
  rows: number;
  parts: { shared: number; added: number; removed: number };
  schema: { added: Column[]; removed: Column[]; changed: { name: string; from: string; to: string }[] };
  columns: ColumnDiff[];
};

// ---- features
export type FeatureDefinition = {
  name: string;
  type: string;
  kind: string;
  description: string;
  expression?: string;
  key?: string[];
  lookup?: string[];
  over?: string;
  grain?: string;
  knownAt?: string;
};
export type FeatureService = {
  name: string;
  digest: string;
  version: number;
  createdAt: string;
  source: string;
  eventTime: string;
  label: string | null;
  description: string;
  request: Record<string, string>;
  features: FeatureDefinition[];
  definition: Json;
  online: OnlineStats;
  versions: { version: number; digest: string; createdAt: string }[];
};
export type OnlineStats = {
  rows: number;
  keys: number;
  tiles: number;
  oldest: string | null;
  newest: string | null;
  logBytes: number;
};
export type Vectors = { features: string[]; vectors: (number | null)[][]; statuses: string[][] };

// ---- pipelines
export type RunState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'stopped';
export type StepState =
  | 'waiting'
  | 'ready'
  | 'running'
  | 'succeeded'
  | 'cached'
  | 'failed'
  | 'cancelled'
  | 'skipped'
  | 'stopped'
  | 'awaiting-approval';
export type PipelineParam = { type: string; default?: Json; description?: string; choices?: Json[] };
export type PipelineJob = {
  uses?: string;
  run?: string;
  needs?: string | string[];
  with?: JsonObject;
  if?: string;
  timeout?: string;
  retries?: number;
  [key: string]: unknown;
};
export type Pipeline = {
  name: string;
  revision: number;
  digest: string;
  definition: {
    description?: string;
    on?: JsonObject;
    params?: Record<string, PipelineParam>;
    jobs: Record<string, PipelineJob>;
  };
  createdAt: string;
  createdBy: string;
  /** In lists: number of runs by state, and the newest one. */
  runs?: Record<string, number>;
  latest?: PipelineRun | null;
  revisions?: { revision: number; digest: string; createdAt: string; createdBy: string }[];
};
export type PipelineStep = {
  key: string;
  uses?: string;
  needs?: string[];
  state: StepState;
  attempt?: number;
  startedAt?: string | null;
  endedAt?: string | null;
  progress?: number | null;
  note?: string | null;
  cache?: { hit: boolean; key?: string | null; why?: string[] } | null;
  job?: string;
  matrix?: JsonObject | null;
  awaiting?: string | null;
  outputs?: JsonObject | null;
  error?: { code?: string; message: string; next?: string } | string | null;
};
export type PipelineRun = {
  id: string;
  pipeline: string;
  revision?: number | string;
  state: RunState;
  params?: JsonObject;
  trigger?: 'manual' | 'schedule' | 'data' | 'incident' | string;
  actor?: string;
  cause?: string | null;
  reason?: string | null;
  createdAt?: string;
  startedAt?: string | null;
  endedAt?: string | null;
  steps?: PipelineStep[];
};

// ---- experiments
export type MetricValue = number | 'NaN' | 'Infinity' | '-Infinity';
export type Experiment = {
  id: number;
  name: string;
  description: string;
  tags: Record<string, string>;
  runs: number;
  createdAt: string;
  updatedAt: string;
};
export type ExperimentRun = {
  id: string;
  experiment: string;
  name: string;
  parent: string | null;
  status: 'running' | 'scheduled' | 'finished' | 'failed' | 'killed';
  startedAt: string;
  endedAt: string | null;
  actor: string;
  params: Record<string, string>;
  metrics: Record<string, MetricValue>;
  tags: Record<string, string>;
};
export type Artifact = { path: string; digest: string; size: number; mediaType: string };
export type ExperimentRunDetail = ExperimentRun & {
  environment: JsonObject;
  inputs: { subject: string; role: string }[];
  artifacts: Artifact[];
};

// ---- registry
export type Decision = 'go' | 'hold' | 'no-go';
export type GateCheck = {
  name: string;
  decision: 'pass' | 'fail' | 'not-enough-data' | 'none';
  critical: boolean;
  value: number | null;
  bound: number | null;
  unit: string;
  interval: [number, number] | null;
  champion: number | null;
  baseline: number | null;
  reason: string;
};
export type GateVerdict = {
  id: string;
  model: string;
  version: number;
  digest: string;
  decision: Decision;
  checks: GateCheck[];
  champion: { version: number; digest: string } | null;
  evaluation: string | null;
  createdAt: string;
  actor: string;
};
export type Risk = {
  probability: number;
  impact: number;
  score: number;
  severity: 'low' | 'medium' | 'high' | 'critical';
};
export type Model = {
  name: string;
  description: string;
  owner: string;
  risk: Risk | null;
  gate: { primaryMetric?: string; checks?: JsonObject[] };
  tags: Record<string, string>;
  aliases: Record<string, number>;
  latestVersion: number | null;
  createdAt: string;
  updatedAt: string;
};
export type Tensor = { name: string; datatype: string; shape: (number | string | null)[] | null };
export type ModelVersion = {
  model: string;
  version: number;
  digest: string;
  size: number;
  flavor: string;
  signature: { inputs: Tensor[]; outputs: Tensor[]; features?: string[] | null };
  format?: {
    irVersion: number;
    producer: string;
    opsets: { domain: string; version: number }[];
    nodes: number;
    operators: Record<string, number>;
  };
  source: string;
  tags: Record<string, string>;
  aliases: string[];
  lineage: {
    experimentRun: string | null;
    pipelineRun: string | null;
    dataset: string | null;
    featureService: string | null;
  };
  trainingProfile: string | null;
  evaluation: string | null;
  verdict: GateVerdict | null;
  createdAt: string;
  actor: string;
};

export type RiskMatrix = { probability: string[]; impact: string[]; rows: Risk[][] };
export type LineageGraph = {
  nodes: { id: string; kind: string; name: string; event: string | null; time: string | null }[];
  edges: { from: string; to: string }[];
};
/** An estimate with its 95 % interval. */
export type Figure = { value: number | null; lower: number | null; upper: number | null };
export type Difference = Figure & { pValue: number | null };
export type CalibrationBin = { n: number; predicted: number; observed: number; lower: number; upper: number };
export type ModelFigures = {
  digest: string | null;
  auc: Figure;
  logLoss: Figure;
  brier: Figure;
  accuracy: number | null;
  precision: number | null;
  recall: number | null;
  ece: number | null;
  calibrationSlope: Figure;
  calibrationIntercept: Figure;
  meanScore: number | null;
  calibration: CalibrationBin[];
  roc: { falsePositiveRate: number; truePositiveRate: number }[];
};
export type ModelComparison = { auc: Difference; logLoss: Difference; brier: Difference };
export type SliceFigures = {
  column: string;
  value: string;
  rows: number;
  positives: number;
  labelRate: number;
  meanScore: number | null;
  auc: Figure;
  logLoss: Figure;
  versusChampion: Difference | null;
  versusBaseline: Difference;
};
export type EvaluationReport = {
  rows: number;
  positives: number;
  labelRate: number;
  timeFrom: number | null;
  timeTo: number | null;
  clusters: number;
  threshold: number;
  features: string[];
  candidate: ModelFigures;
  champion: ModelFigures | null;
  championProblem: string | null;
  baseline: ModelFigures & { rate: number | null };
  versusChampion: ModelComparison | null;
  versusBaseline: ModelComparison;
  slices: SliceFigures[];
  importance: { feature: string; auc: number | null; logLoss: number | null }[];
  latency: { p50: number; p99: number; runs: number; loadMs: number };
  championLatency: { p50: number; p99: number; runs: number; loadMs: number } | null;
  scoreHistogram: { counts: number[]; positives: number[] };
};
export type Evaluation = {
  id: string;
  model: string;
  digest: string;
  championDigest: string | null;
  baselineDigest: string | null;
  profile: string | null;
  testDigest: string;
  createdAt: string;
  report: EvaluationReport;
};

// ---- serving
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
  }[];
  traffic: {
    requestsPerSecond: number;
    requests: number;
    errors: number;
    p50Ms: number | null;
    p99Ms: number | null;
  };
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
};

// ---- monitoring
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
  createdAt: string;
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
};
export type Incident = {
  id: string;
  deployment: string;
  state: 'open' | 'acknowledged' | 'resolved' | string;
  severity: string;
  rule: string;
  title: string;
  reason: string;
  revision: string;
  model: string;
  version: number;
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

// ---- governance
type Promotion = {
  policy: string;
  policyDigest: string;
  model: string;
  version: number;
  digest: string;
  environment: string;
};
/** Of a promotion, bound to bytes and a policy, or of a pipeline step that waits for the answer to its question. */
export type Approval = (
  | ({ kind: 'promotion'; question: null; run: null; step: null } & Promotion)
  | ({ kind: 'step'; question: string; run: string; step: string } & { [K in keyof Promotion]: null })
) & {
  id: string;
  state: 'pending' | 'granted' | 'rejected' | 'expired' | 'superseded';
  subject: string;
  severity: Risk['severity'] | null;
  required: number;
  roles: string[];
  requester: string;
  excluded: string[];
  decisions: { actor: string; decision: 'approve' | 'reject'; reason: string; time: string }[];
  requestedAt: string;
  decidedAt: string | null;
  expiresAt: string;
};
export type Policy = {
  name: string;
  revision: number;
  digest: string;
  spec: {
    description?: string;
    enabled?: boolean;
    approvals: {
      when?: { severity?: string; score?: number };
      environment?: string;
      models?: string[];
      required?: number;
      roles?: string[];
      separateFrom?: string[];
      expiresAfterHours?: number;
    };
  };
  createdAt: string;
  actor: string;
};
export type InventoryItem = {
  model: string;
  description: string;
  owner: string;
  risk: Risk | null;
  versions: number;
  aliases: Record<string, number>;
  deployments: {
    deployment: string;
    environment: string;
    version: number;
    digest: string | null;
    verdict: string | null;
    approvals: { id: string; state: string; policy: string }[];
  }[];
  policies: string[];
};

// ---- insights
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
