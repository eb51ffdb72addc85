/** A named dataset: what it is for, and the newest of its versions. */
export type DatasetRow = {
  name: string;
  workspace: string;
  description: string;
  event_time: string | null;
  owner: string;
  /** 0 until the first version. */
  latest_version: number;
  suite_revision: number;
  created_at: number;
  updated_at: number;
};

/** One revision of a dataset's expectations; revisions are never changed. */
export type SuiteRow = {
  dataset: string;
  revision: number;
  digest: string;
  /** JSON list of expectations as they are evaluated. */
  expectations: string;
  /** JSON list as it was written; what a declaration is compared with. */
  declared: string;
  created_at: number;
};

/** An immutable version: the first `parts` parts of one generation. Appending keeps the generation. */
export type VersionRow = {
  dataset: string;
  version: number;
  digest: string;
  generation: number;
  parts: number;
  rows: number;
  bytes: number;
  /** JSON list of columns. */
  columns: string;
  time_from: number | null;
  time_to: number | null;
  mode: string;
  source: string;
  validation: string | null;
  actor: string;
  created_at: number;
};

/** One Parquet file in the blob store at its place in a generation. */
export type PartRow = {
  dataset: string;
  generation: number;
  /** From 1. */
  position: number;
  digest: string;
  /** Digest of the bytes as they were sent. */
  source_digest: string;
  size: number;
  rows: number;
};

/** What an evaluation of expectations found; kept for refused batches too. */
export type ValidationRow = {
  id: string;
  dataset: string;
  /** The version that was judged or made; null for a refused batch. */
  version: number | null;
  digest: string;
  suite_revision: number;
  outcome: string;
  success: number;
  rows: number;
  evaluated: number;
  failed: number;
  source: string;
  /** JSON of the whole report. */
  report: string;
  actor: string;
  created_at: number;
};

/** Something computed from immutable versions, kept as a blob: a profile or a difference. */
export type DerivedRow = {
  /** `profile:DIGEST` or `diff:DIGEST:DIGEST`. */
  key: string;
  blob: string | null;
  error: string | null;
  created_at: number;
};

declare module '../../platform/db/database.ts' {
  interface Database {
    data_datasets: DatasetRow;
    data_suites: SuiteRow;
    data_versions: VersionRow;
    data_parts: PartRow;
    data_validations: ValidationRow;
    data_derived: DerivedRow;
  }
}
