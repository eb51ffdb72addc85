import type { NumericBins } from '../../math/bins.ts';
import type { Scope } from '../../platform/scope.ts';
import type { EvaluationReport } from './evaluation/evaluation.contract.ts';
import type {
  GateCheck,
  GateDecision,
  GateSpec,
  Lineage,
  ModelFormat,
  ModelSignature,
} from './registry.contract.ts';
import type { Risk } from './risk.model.ts';

/** A version by number (`3` or `'3'`), by alias (`'@champion'`), or the newest (`'latest'`). */
export type VersionRef = number | string;

export type ModelRecord = {
  name: string;
  description: string;
  owner: string;
  risk: Risk | null;
  gate: GateSpec;
  tags: Record<string, string>;
  /** Alias to version number. */
  aliases: Record<string, number>;
  latestVersion: number | null;
  createdAt: number;
  updatedAt: number;
};

/** Immutable but for its tags; aliases point to it from outside. */
export type ModelVersion = {
  model: string;
  version: number;
  /**
   * `sha256:…` of the ONNX bytes, which lie in the blob store under it. Of a version that was registered in another
   * form: of its ONNX twin once there is one, before that of the list of its files.
   */
  digest: string;
  size: number;
  /** What it was registered as: `onnx`, sklearn, xgboost, … */
  flavor: string;
  /** The bytes are ONNX: judged, deployed and watched like any other. */
  servable: boolean;
  /** The list of the registered files, when the digest is that of a twin. */
  packaged: { digest: string; size: number } | null;
  signature: ModelSignature;
  format: ModelFormat;
  /** Where the bytes came from, in the words of whoever brought them. */
  source: string;
  description: string;
  tags: Record<string, string>;
  aliases: string[];
  lineage: Lineage;
  /** Digest of the drift reference (`TrainingProfile` as JSON in the blob store), or null. */
  trainingProfile: string | null;
  /** Newest evaluation of these bytes for this model. */
  evaluation: string | null;
  createdAt: number;
  actor: string;
};

export type RegisterVersionInput = {
  /** Created with safe defaults when it is not there yet. */
  model: string;
  /** Digest of ONNX bytes that lie in the blob store. */
  digest: string;
  /** `onnx` when left out; others need `signature` and `format`. */
  flavor?: string;
  /** Read from the bytes when left out. */
  signature?: ModelSignature;
  format?: ModelFormat;
  source?: string;
  lineage?: Partial<Lineage>;
  trainingProfile?: string | null;
  tags?: Record<string, string>;
  /** Give back the version that already has these bytes instead of making another. */
  reuse?: boolean;
};

/** Frozen bins of one column with the counts of the reference rows (see `src/math/bins.ts`). */
export type FeatureProfile = { bins: NumericBins; counts: number[] };

/** Drift reference of a model: what its inputs, scores and outcomes looked like on held-out rows. */
export type TrainingProfile = {
  features: Record<string, FeatureProfile>;
  score: FeatureProfile;
  /** Share of positive labels, 0 to 1. */
  labelRate: number;
  rows: number;
  /** The same rows by stretches of event time; null where they have no time. Older profiles have none. */
  chunks?: ProfileChunks | null;
};

/** Held-out rows by stretches of event time, oldest first; `length` in milliseconds. */
export type ProfileChunks = { length: number; items: ProfileChunk[] };

/** One stretch, counted like a live window: counts on the frozen bins, outcomes in sums by hour. */
export type ProfileChunk = {
  start: number;
  rows: number;
  features: Record<string, number[]>;
  score: number[];
  /** Sums over the rows of an hour: labels, scores, log loss in nats, (s − y)·logit(s), squared errors. */
  hours: { n: number; labels: number; scores: number; logLoss: number; excess: number; brier: number }[];
  ranking: { auc: number | null; positives: number; negatives: number };
};

export type EvaluationRecord = {
  id: string;
  model: string;
  digest: string;
  championDigest: string | null;
  baselineDigest: string | null;
  report: EvaluationReport;
  profile: string | null;
  testDigest: string;
  createdAt: number;
};

/** An immutable decision about exactly these bytes. */
export type Verdict = {
  id: string;
  model: string;
  version: number;
  digest: string;
  decision: GateDecision;
  checks: GateCheck[];
  champion: { version: number; digest: string } | null;
  evaluation: string | null;
  createdAt: number;
  actor: string;
};

/** What higher floors may do with the registry. `tx` is the scope inside `transact()`. */
export type RegistryDoor = {
  /** @throws registry.model.not_found */
  getModel(scope: Scope, name: string): Promise<ModelRecord>;
  findModel(scope: Scope, name: string): Promise<ModelRecord | undefined>;
  listModels(scope: Scope): Promise<ModelRecord[]>;
  /** How many models and versions were ever registered, also those deleted since; prompts are none. */
  countModels(scope: Scope): Promise<{ models: number; versions: number }>;
  /** @throws registry.model.not_found, registry.version.not_found, registry.alias.not_found */
  getVersion(scope: Scope, model: string, ref: VersionRef): Promise<ModelVersion>;
  findVersion(scope: Scope, model: string, ref: VersionRef): Promise<ModelVersion | undefined>;
  listVersions(scope: Scope, model: string): Promise<ModelVersion[]>;
  /** Points an alias at a version and records registry.alias.set; a no-op when it already does. */
  setAlias(tx: Scope, model: string, alias: string, version: number): Promise<void>;
  deleteAlias(tx: Scope, model: string, alias: string): Promise<void>;
  /** Gives the bytes the model's next number and records registry.version.registered. */
  registerVersion(tx: Scope, input: RegisterVersionInput): Promise<ModelVersion>;
  /** Judges a version against the champion of this moment and records the verdict; may take seconds. */
  gate(scope: Scope, model: string, ref: VersionRef): Promise<Verdict>;
  latestVerdict(scope: Scope, model: string, version: number): Promise<Verdict | undefined>;
  latestEvaluation(scope: Scope, model: string, digest: string): Promise<EvaluationRecord | undefined>;
  /** The drift reference behind `ModelVersion.trainingProfile`. @throws registry.profile.not_found */
  profile(scope: Scope, digest: string): Promise<TrainingProfile>;
};
