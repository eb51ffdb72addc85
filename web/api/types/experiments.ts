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
