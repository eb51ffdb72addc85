/** The course of a deployment's requests; steps without any are left out. */
export type ServingHistory = {
  step: number;
  from: string;
  to: string;
  points: {
    time: string;
    requests: number;
    failed: number;
    refused: number;
    waited: number;
    meanWaitMs: number | null;
    waiting: number;
    /** Requests by latency: the key is the lower end of a bin in microseconds, a power of two. */
    latency: Record<string, number>;
  }[];
};
export type FailureExample = {
  time: string;
  id: string | null;
  message: string;
  door: string | null;
  trace: string | null;
};
export type FailureGroup = {
  code: string;
  status: number;
  count: number;
  first: string;
  last: string;
  examples: FailureExample[];
};
export type Resources = {
  step: number;
  now: {
    cores: number;
    startedAt: string;
    residentBytes: number;
    modelBytes: number;
    modelBudgetBytes: number;
    workers: number;
    cold: number;
  };
  models: {
    deployment: string;
    model: string;
    version: number;
    revision: string;
    placement: string;
    workers: number;
    bytes: number;
  }[];
  points: {
    time: string;
    cpu: number;
    residentBytes: number;
    heapBytes: number;
    externalBytes: number;
    lagP50: number;
    lagP99: number;
    lagMax: number;
    gc: number;
  }[];
};
