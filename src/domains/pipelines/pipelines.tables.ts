import type { RunState, StepState } from './pipelines.contract.ts';

export type PipelineRow = {
  name: string;
  workspace: string;
  revision: number;
  /** Raised by whoever admits runs, so that two servers do it one after the other. */
  lock: number;
  created_at: number;
  updated_at: number;
};

/** Immutable: a changed definition is another revision. */
export type RevisionRow = {
  pipeline: string;
  revision: number;
  digest: string;
  definition: string;
  created_at: number;
  created_by: string;
};

export type RunRow = {
  id: string;
  workspace: string;
  pipeline: string;
  revision: number;
  state: RunState;
  params: string;
  /** manual, schedule, data or incident. */
  trigger_kind: string;
  /** Queued runs of one key are one run. */
  trigger_key: string | null;
  /** The ledger event that started it: one run per event and pipeline. */
  trigger_event: string | null;
  coalesced: number;
  no_cache: number;
  cancel_requested: number;
  actor: string;
  cause: string | null;
  /** The event `pipelines.run.started`, cause of all that its steps do. */
  started_event: string | null;
  reason: string | null;
  /** Raised by whoever changes its steps, so that two steps end one after the other. */
  lock: number;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
};

export type StepRow = {
  run_id: string;
  key: string;
  job: string;
  position: number;
  /** Values of this instance of a matrix; null for a job without one. */
  matrix: string | null;
  /** 1 while its matrix waits for the outputs of other jobs. */
  expands: number;
  uses: string;
  state: StepState;
  attempt: number;
  /** Attempts of this job that failed since it was last started by a person. */
  failures: number;
  job_id: string | null;
  engine: string | null;
  external_id: string | null;
  input: string | null;
  progress: number | null;
  note: string | null;
  cache_key: string | null;
  cache_material: string | null;
  /** JSON list of lines. */
  cache_why: string | null;
  outputs: string | null;
  /** JSON {code, message, next}. */
  error: string | null;
  awaiting: string | null;
  started_at: number | null;
  ended_at: number | null;
};

export type CacheRow = {
  key: string;
  run_id: string;
  step_key: string;
  uses: string;
  outputs: string;
  /** JSON list of subjects. */
  lineage: string;
  created_at: number;
  used_at: number;
};

/** The primary key lets each fire happen once, whatever the number of servers. */
export type ScheduleFireRow = { pipeline: string; cron: string; fire_at: number; run_id: string | null };

declare module '../../platform/db/database.ts' {
  interface Database {
    pipelines: PipelineRow;
    pipelines_revisions: RevisionRow;
    pipelines_runs: RunRow;
    pipelines_steps: StepRow;
    pipelines_cache: CacheRow;
    pipelines_schedule_fires: ScheduleFireRow;
  }
}
