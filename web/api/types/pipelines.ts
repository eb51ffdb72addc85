import type { Json, JsonObject } from './common.ts';

export type RunState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'stopped';
export type StepState =
  | 'waiting'
  | 'ready'
  | 'running'
  | 'succeeded'
  | 'cached'
  | 'failed'
  | 'cancelled'
  | 'skipped'
  | 'stopped'
  | 'awaiting-approval';
export type PipelineParam = { type: string; default?: Json; description?: string; choices?: Json[] };
export type PipelineJob = {
  uses?: string;
  run?: string;
  needs?: string | string[];
  with?: JsonObject;
  if?: string;
  timeout?: string;
  retries?: number;
  [key: string]: unknown;
};
export type Pipeline = {
  name: string;
  revision: number;
  digest: string;
  definition: {
    description?: string;
    on?: JsonObject;
    params?: Record<string, PipelineParam>;
    jobs: Record<string, PipelineJob>;
  };
  createdAt: string;
  createdBy: string;
  /** In lists: number of runs by state, and the newest one. */
  runs?: Record<string, number>;
  latest?: PipelineRun | null;
  revisions?: { revision: number; digest: string; createdAt: string; createdBy: string }[];
};
export type PipelineStep = {
  key: string;
  uses?: string;
  needs?: string[];
  state: StepState;
  attempt?: number;
  startedAt?: string | null;
  endedAt?: string | null;
  progress?: number | null;
  note?: string | null;
  cache?: { hit: boolean; key?: string | null; why?: string[] } | null;
  job?: string;
  matrix?: JsonObject | null;
  awaiting?: string | null;
  outputs?: JsonObject | null;
  error?: { code?: string; message: string; next?: string } | string | null;
};
export type PipelineRun = {
  id: string;
  pipeline: string;
  revision?: number | string;
  state: RunState;
  params?: JsonObject;
  trigger?: 'manual' | 'schedule' | 'data' | 'incident' | string;
  actor?: string;
  cause?: string | null;
  reason?: string | null;
  createdAt?: string;
  startedAt?: string | null;
  endedAt?: string | null;
  steps?: PipelineStep[];
};
