import type { Json, JsonObject } from './common.ts';

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
