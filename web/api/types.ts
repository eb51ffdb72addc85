/** Shapes of the HTTP API under the names of the pages: each is that of a contract of the server, and nothing is repeated. */
export type * from './types/auth.ts';
export type * from './types/common.ts';
export type * from './types/data.ts';
export type * from './types/experiments.ts';
export type * from './types/features.ts';
export type * from './types/governance.ts';
export type * from './types/insights.ts';
export type * from './types/ledger.ts';
export type * from './types/monitoring.ts';
export type * from './types/observability.ts';
export type * from './types/pipelines.ts';
export type * from './types/registry.ts';
export type * from './types/reviews.ts';
export type * from './types/serving.ts';
export type * from './types/traces.ts';
