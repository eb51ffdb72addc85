import type { Generated } from 'kysely';
import type { Migration } from '../../platform/db/database.ts';
import type { EvaluationDatasetRow, EvaluationRecordRow } from './evaluation-datasets/datasets.store.ts';
import type { IssueRow } from './issues/issues.service.ts';
import { experimentsTables } from './migrations/experiments-001-tables.ts';
import { experimentsTracking } from './migrations/experiments-002-tracking.ts';
import { experimentsLoggedModels } from './migrations/experiments-003-logged-models.ts';
import { experimentsTraces } from './migrations/experiments-004-traces.ts';
import { experimentsSpans } from './migrations/experiments-005-spans.ts';
import { experimentsPurge } from './migrations/experiments-011-purge.ts';
import { experimentsEvaluation } from './migrations/experiments-012-evaluation.ts';
import { experimentsReviews } from './migrations/experiments-021-reviews.ts';
import { experimentsPointBlocks } from './migrations/experiments-022-point-blocks.ts';
import { experimentsSearchPages } from './migrations/experiments-022-search-pages.ts';
import { experimentsPlainPoints } from './migrations/experiments-023-plain-points.ts';
import { experimentsCoveringIndexes } from './migrations/experiments-024-covering-indexes.ts';
import { experimentsKeysByBytes } from './migrations/experiments-025-keys-by-bytes.ts';
import type { LabelSchemaRow } from './reviews/label-schemas.model.ts';
import type { ReviewItemRow, ReviewQueueRow } from './reviews/review-queues.model.ts';
import type { ScorerRow, ScorerVersionRow } from './scorers/scorers.service.ts';
import type { AssessmentRow } from './traces/assessments/assessments.model.ts';
import type { SpanRow } from './traces/spans/spans.store.ts';
import type { Usage } from './traces/spans/usage.model.ts';

export type ExperimentRow = {
  id: number;
  workspace: string;
  name: string;
  description: string;
  /** `active` or `deleted` (soft). */
  stage: string;
  created_at: number;
  updated_at: number;
  /** Where artifacts of its runs go by default; null for the server's own store. */
  artifact_location: string | null;
};

export type RunRow = {
  /** 32 lower-case hex characters that sort by time. */
  id: string;
  experiment_id: number;
  name: string;
  parent_id: string | null;
  status: string;
  stage: string;
  started_at: number;
  ended_at: number | null;
  actor: string;
  /** JSON: node version, lock digest, git commit, … */
  environment: string;
  /** Who ran it, in the words of the client; null when the actor did. */
  user_name: string | null;
  artifact_uri: string | null;
  deleted_at: number | null;
};

type KeyValueRow = { run_id: string; key: string; value: string };

/** Points of one run as one commit brought them; see `points/points.store.ts`. */
export type PointLogRow = {
  id: Generated<number>;
  run_id: string;
  /** JSON: metrics with the number of their points. */
  keys: string;
  points: number;
  data: Uint8Array;
};

/** Points of one metric, in order of steps from `low` on. */
export type PointBlockRow = {
  id: Generated<number>;
  series: number;
  low: number;
  points: number;
  data: Uint8Array;
};

/**
 * One metric of one run, with its latest point. `special`: 0 the value as it stands, 1 NaN (value 0), 2 +Inf, 3 −Inf
 * (value ± the largest double).
 */
export type SeriesRow = {
  id: Generated<number>;
  run_id: string;
  key: string;
  step: number;
  time: number;
  value: number;
  special: number;
};

export type ArtifactRow = {
  run_id: string;
  path: string;
  digest: string;
  size: number;
  media_type: string;
  created_at: number;
};

/** What a run was made from, as ledger subjects; `role` is training, test, pipeline, … */
export type RunInputRow = { run_id: string; subject: string; role: string };

/** A dataset in the words of the client that logged it; one row per experiment, name and digest. */
export type DatasetRow = {
  experiment_id: number;
  name: string;
  digest: string;
  source_type: string;
  source: string;
  schema: string | null;
  profile: string | null;
};

export type DatasetInputRow = {
  run_id: string;
  experiment_id: number;
  name: string;
  digest: string;
  /** What the run used it for: training, test, … */
  context: string | null;
  /** JSON of further tags. */
  tags: string;
};

export type LoggedModelRow = {
  /** `m-` and 32 hex characters. */
  id: string;
  experiment_id: number;
  name: string;
  model_type: string | null;
  source_run_id: string | null;
  /** `PENDING` while files are being stored, then `READY` or `FAILED`. */
  status: string;
  artifact_uri: string;
  stage: string;
  actor: string;
  created_at: number;
  updated_at: number;
};

export type LoggedModelMetricRow = {
  model_id: string;
  key: string;
  run_id: string;
  step: number;
  time: number;
  value: number;
  special: number;
  dataset_name: string | null;
  dataset_digest: string | null;
};

type ModelPairRow = { model_id: string; key: string; value: string };

/** A logged model that a run used (`input`) or made (`output`). */
export type ModelLinkRow = { run_id: string; model_id: string; direction: string; step: number };

export type TraceRow = {
  id: string;
  experiment_id: number;
  client_request_id: string | null;
  requested_at: number;
  duration_ms: number | null;
  /** `OK`, `ERROR`, `IN_PROGRESS` or `STATE_UNSPECIFIED`. */
  state: string;
  /** JSON of what the client said of it, but for tags and metadata. */
  info: string;
  name: string | null;
  session_id: string | null;
  /** 1 once a client has told about the whole trace, 2 with its tokens or cost: spans no longer change what it said. */
  reported: number;
  /** How many spans are stored. */
  spans: number;
} & Usage;

type TracePairRow = { trace_id: string; key: string; value: string };

declare module '../../platform/db/database.ts' {
  interface Database {
    experiments_counters: { name: string; value: number };
    experiments_experiments: ExperimentRow;
    experiments_experiment_tags: { experiment_id: number; key: string; value: string };
    experiments_runs: RunRow;
    experiments_params: KeyValueRow;
    experiments_run_tags: KeyValueRow;
    experiments_series: SeriesRow;
    experiments_point_log: PointLogRow;
    experiments_point_blocks: PointBlockRow;
    experiments_artifacts: ArtifactRow;
    experiments_run_inputs: RunInputRow;
    experiments_logged_models: LoggedModelRow;
    experiments_logged_model_params: ModelPairRow;
    experiments_logged_model_tags: ModelPairRow;
    experiments_logged_model_metrics: LoggedModelMetricRow;
    experiments_model_links: ModelLinkRow;
    experiments_traces: TraceRow;
    experiments_trace_tags: TracePairRow;
    experiments_trace_metadata: TracePairRow;
    experiments_spans: SpanRow;
    experiments_assessments: AssessmentRow;
    /** What a trace is linked to: a `run` by its id, a `prompt` as `name/version`. */
    experiments_trace_links: { trace_id: string; kind: string; target: string };
    experiments_datasets: DatasetRow;
    experiments_dataset_inputs: DatasetInputRow;
    experiments_evaluation_datasets: EvaluationDatasetRow;
    experiments_evaluation_records: EvaluationRecordRow;
    experiments_evaluation_links: { dataset_id: string; experiment_id: number };
    experiments_issues: IssueRow;
    experiments_label_schemas: LabelSchemaRow;
    experiments_review_items: ReviewItemRow;
    experiments_review_queues: ReviewQueueRow;
    experiments_scorers: ScorerRow;
    experiments_scorer_versions: ScorerVersionRow;
  }
}

export const experimentsMigrations: Migration[] = [
  experimentsTables,
  experimentsTracking,
  experimentsLoggedModels,
  experimentsTraces,
  experimentsSpans,
  experimentsPurge,
  experimentsEvaluation,
  experimentsReviews,
  experimentsPointBlocks,
  experimentsSearchPages,
  experimentsPlainPoints,
  experimentsCoveringIndexes,
  experimentsKeysByBytes,
];
