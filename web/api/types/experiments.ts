import type { JsonObject } from './common.ts';

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

/** A row of the table of runs; `cells` in the order of the columns asked for. */
export type TableRow = {
  id: string;
  name: string;
  status: ExperimentRun['status'];
  startedAt: string;
  endedAt: string | null;
  user: string;
  parent: string | null;
  depth: number;
  children: number;
  cells: (number | string | null)[];
};
export type RunsWindow = { total: number; snapshot: string; tookMs: number; rows: TableRow[] };
export type KeyCount = { key: string; runs: number };
/** Keys that the runs of an experiment carry; complete once `counted` is `runs`. */
export type Catalogue = {
  runs: number;
  counted: number;
  metrics: KeyCount[];
  params: KeyCount[];
  tags: KeyCount[];
};
export type RunGroups = {
  groups: number;
  items: {
    value: string | null;
    label: string | null;
    runs: number;
    metrics: { key: string; runs: number; mean: number | null; min: number | null; max: number | null }[];
  }[];
};
/** One metric of one run, thinned so that extremes stay; `times` in ms since `startedAt`. */
export type Curve = {
  run: string;
  count: number;
  isSampled: boolean;
  startedAt: number;
  steps: number[];
  times: number[];
  values: (number | null)[];
};
export type Related = {
  stage: 'active' | 'deleted';
  user: string;
  parent: { id: string; name: string } | null;
  children: { id: string; name: string; status: ExperimentRun['status'] }[];
  childCount: number;
  datasets: {
    name: string;
    digest: string;
    context: string | null;
    source: string;
    schema: string | null;
    profile: string | null;
  }[];
  models: { id: string; name: string; status: string; direction: string; files: Artifact[] }[];
};
