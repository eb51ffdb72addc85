import type { DomainModule } from '../../platform/module.ts';
import type { Platform } from '../../platform/platform.ts';
import type { StepKind } from '../pipelines/index.ts';
import { experimentsRoutes } from './experiments.routes.ts';
import * as service from './experiments.service.ts';
import { trainStep } from './experiments.steps.ts';
import { experimentsMigrations } from './experiments.tables.ts';
import { type TrackingDoor, tracking } from './tracking.door.ts';

export { experimentsError } from './experiments.contract.ts';
export type { MetricPoint, RunStatus } from './experiments.model.ts';
export type { ArtifactRef, Experiment, NewRun, Run, RunInput, RunSummary } from './experiments.service.ts';
export type { LoggedModel, LoggedModelStatus } from './logged-models/logged-models.model.ts';
export type { Clause, Grammar, Order } from './search/filter.model.ts';
export { decodeOffset, encodeOffset, parseFilter, parseOrder } from './search/filter.model.ts';
export { byOrders, matchesClause, type Searchable } from './search/matches.model.ts';
export type { NewTrace, Trace } from './traces/traces.service.ts';
export type {
  BatchPoint,
  Dataset,
  DatasetInput,
  ModelLink,
  Pair,
  Stage,
  TrackedExperiment,
  TrackedRun,
} from './tracking/tracking.model.ts';
export type { TrackingDoor } from './tracking.door.ts';

/** What higher floors may do with experiments; see `experiments.service.ts` for each. */
export type ExperimentsDoor = Pick<
  typeof service,
  | 'createRun'
  | 'finishRun'
  | 'getRun'
  | 'listAllExperiments'
  | 'listRuns'
  | 'logArtifacts'
  | 'logMetrics'
  | 'logParams'
  | 'metricHistory'
>;

/** The experiments domain: tracking of runs, and the step experiments/train. */
export function createExperimentsDomain(
  _platform: Platform,
  _needs: Record<string, never> = {},
): DomainModule & ExperimentsDoor & { steps: readonly StepKind[]; tracking: TrackingDoor } {
  const { createRun, finishRun, getRun, listAllExperiments, listRuns } = service;
  const { logArtifacts, logMetrics, logParams, metricHistory } = service;
  return {
    name: 'experiments',
    migrations: experimentsMigrations,
    routes: experimentsRoutes,
    steps: [trainStep],
    tracking,
    createRun,
    finishRun,
    getRun,
    listAllExperiments,
    listRuns,
    logArtifacts,
    logMetrics,
    logParams,
    metricHistory,
  };
}
