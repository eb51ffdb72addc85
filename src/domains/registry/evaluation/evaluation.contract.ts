import Type, { type Static } from 'typebox';
import { Nullable, Time } from '../../../platform/schemas.ts';
import { Digest, Name } from '../registry.contract.ts';

/** A figure with its 95 % interval; null where it is not defined on these rows. */
const FigureSchema = Type.Object({
  value: Nullable(Type.Number()),
  lower: Nullable(Type.Number()),
  upper: Nullable(Type.Number()),
});
export type Figure = Static<typeof FigureSchema>;

/** Candidate minus the other model on the same rows, with its 95 % interval and the paired test's p-value. */
export type Difference = Figure & { pValue: number | null };

/** Rows of about one score: mean predicted probability, share of positives with Wilson's 95 % bounds. */
export type CalibrationBin = { n: number; predicted: number; observed: number; lower: number; upper: number };

/** Quality of one model on the test rows. Losses in nats (log loss) and squared probability (Brier). */
export type ModelFigures = {
  digest: string | null;
  auc: Figure;
  logLoss: Figure;
  brier: Figure;
  /** At the report's threshold. */
  accuracy: number | null;
  precision: number | null;
  recall: number | null;
  /** Mean absolute gap between predicted and observed share over ten equal bins, 0 to 1. */
  ece: number | null;
  /** Logistic recalibration: slope 1 and intercept 0 are right. */
  calibrationSlope: Figure;
  calibrationIntercept: Figure;
  meanScore: number | null;
  calibration: CalibrationBin[];
  roc: { falsePositiveRate: number; truePositiveRate: number }[];
};

export type Comparison = { auc: Difference; logLoss: Difference; brier: Difference };

export type SliceFigures = {
  /** Column without its `__slice_` prefix. */
  column: string;
  value: string;
  rows: number;
  positives: number;
  labelRate: number;
  meanScore: number | null;
  auc: Figure;
  logLoss: Figure;
  /** Log loss, candidate minus champion; Holm-adjusted p-value over all slices. */
  versusChampion: Difference | null;
  versusBaseline: Difference;
};

/** Everything an evaluation found out; JSON in the blob store. */
export type EvaluationReport = {
  model: string;
  rows: number;
  positives: number;
  labelRate: number;
  /** Milliseconds; null when the test table has no `__time`. */
  timeFrom: number | null;
  timeTo: number | null;
  /** Hours of event time; rows of one hour count as one piece of evidence. 0: rows taken as independent. */
  clusters: number;
  threshold: number;
  features: string[];
  testDigest: string;
  candidate: ModelFigures;
  champion: ModelFigures | null;
  /** Why the champion could not be run on this table. */
  championProblem: string | null;
  /** A given model, or the constant `rate` for every row. */
  baseline: ModelFigures & { rate: number | null };
  versusChampion: Comparison | null;
  versusBaseline: Comparison;
  slices: SliceFigures[];
  /** Loss of AUC and rise of log loss when a feature is shuffled; largest first. */
  importance: { feature: string; auc: number | null; logLoss: number | null }[];
  latency: Latency;
  championLatency: Latency | null;
  determinism: Determinism;
  outputs: { notFinite: number; outOfRange: number };
  /** Twenty equal bins over 0 to 1. */
  scoreHistogram: { counts: number[]; positives: number[] };
};

/** One row at a time on one thread, milliseconds. */
export type Latency = { p50: number; p99: number; runs: number; loadMs: number };

export type Determinism = {
  /** The same batch twice gave the same bytes. */
  repeatable: boolean;
  /** Largest change of a score when rows are scored one by one instead of together. */
  batchDifference: number;
};

/** An evaluation on record. Its report is JSON of the blob store, passed on as it was written. */
export const EvaluationReply = Type.Object({
  id: Type.String(),
  model: Name,
  digest: Digest,
  championDigest: Nullable(Digest),
  baselineDigest: Nullable(Digest),
  profile: Nullable(Digest),
  testDigest: Digest,
  createdAt: Time,
  report: Type.Unsafe<EvaluationReport>(
    Type.Record(Type.String(), Type.Unknown(), {
      description:
        'rows, candidate, champion, baseline, versusChampion, versusBaseline, slices, importance, latency, …',
    }),
  ),
});

/** What the newest evaluation of a version says, in short. */
export const EvaluationHeadline = Type.Object({
  version: Type.Integer(),
  evaluation: Type.String(),
  rows: Type.Integer(),
  auc: FigureSchema,
  logLoss: FigureSchema,
  brier: FigureSchema,
});
