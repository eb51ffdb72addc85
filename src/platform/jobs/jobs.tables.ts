import type { Insertable, Selectable } from 'kysely';

export type JobState = 'queued' | 'running' | 'done' | 'dead' | 'cancelled';

export type JobsTable = {
  id: string;
  kind: string;
  payload: string;
  state: JobState;
  pool: string;
  priority: number;
  not_before: number;
  /** At most one queued and one running job have it. */
  active_key: string | null;
  /** Unique among all jobs that are still kept. */
  once_key: string | null;
  /** The ledger event that led to this job. */
  cause: string | null;
  /** How often the work began anew because it threw; the first try is attempt 1. */
  attempt: number;
  /** How often another worker took the job over from a dead one. */
  takeovers: number;
  /** Raised at every claim; a write with an older fence has no effect. */
  fence: number;
  owner: string | null;
  lease_until: number | null;
  cancel_requested: number;
  progress: number | null;
  note: string | null;
  error: string | null;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
};

export type JobRow = Selectable<JobsTable>;
export type NewJobRow = Insertable<JobsTable>;

declare module '../db/database.ts' {
  interface Database {
    jobs: JobsTable;
  }
}
