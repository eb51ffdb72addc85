import type { JsonObject } from './common.ts';

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
export type Conversion = {
  id: string;
  state: 'queued' | 'running' | 'converted' | 'failed';
  flavor: string;
  mayRunCode: boolean;
  progress: number | null;
  note: string | null;
  error: { code: string; message: string; next: string } | null;
  parity: {
    maxAbsolute: number;
    maxRelative: number;
    labelMismatches: number;
    tolerance: number;
    comparedOutputs: string[];
    rows: { example?: number; drawn?: number };
    form: string;
    ranCode: boolean;
    versions: Record<string, string>;
  } | null;
  actor: string;
  createdAt: string;
  endedAt: string | null;
};
/** The Python that converts. */
export type ConversionEnvironment = {
  mode: 'off' | 'ask' | 'auto';
  python: string | null;
  packages: { name: string; wanted: string; found: string | null }[];
  ready: boolean;
  requirements: string;
};
export type ModelVersion = {
  model: string;
  version: number;
  digest: string;
  size: number;
  flavor: string;
  /** The bytes of the digest are ONNX. */
  servable: boolean;
  /** The registered files, when the digest is that of an ONNX twin. */
  packaged: { digest: string; size: number } | null;
  conversion: Conversion | null;
  signature: { inputs: Tensor[]; outputs: Tensor[]; features?: string[] | null };
  format?: {
    irVersion: number;
    producer: string;
    opsets: { domain: string; version: number }[];
    nodes: number;
    operators: Record<string, number>;
  };
  source: string;
  description: string;
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
