import type { Migration } from '../../platform/db/database.ts';
import { experimentsTables } from './migrations/experiments-001-tables.ts';

export type ExperimentRow = {
  id: number;
  workspace: string;
  name: string;
  description: string;
  /** `active` or `deleted` (soft). */
  stage: string;
  created_at: number;
  updated_at: number;
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
};

type KeyValueRow = { run_id: string; key: string; value: string };

/** `special`: 0 the value as it stands, 1 NaN (value 0), 2 +Inf, 3 −Inf (value ± the largest double). */
export type MetricPointRow = {
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

declare module '../../platform/db/database.ts' {
  interface Database {
    experiments_counters: { name: string; value: number };
    experiments_experiments: ExperimentRow;
    experiments_experiment_tags: { experiment_id: number; key: string; value: string };
    experiments_runs: RunRow;
    experiments_params: KeyValueRow;
    experiments_run_tags: KeyValueRow;
    experiments_metric_points: MetricPointRow;
    experiments_latest_metrics: MetricPointRow;
    experiments_artifacts: ArtifactRow;
    experiments_run_inputs: RunInputRow;
  }
}

export const experimentsMigrations: Migration[] = [experimentsTables];
