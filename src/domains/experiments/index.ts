import type { DomainModule } from '../../platform/module.ts';
import type { Platform } from '../../platform/platform.ts';
import type { StepKind } from '../pipelines/index.ts';
import { experimentsRoutes } from './experiments.routes.ts';
import * as service from './experiments.service.ts';
import { trainStep } from './experiments.steps.ts';
import { experimentsMigrations } from './experiments.tables.ts';
import { purgeJobKind, scheduleNext } from './purge/purge.jobs.ts';
import { purgeRoutes } from './purge/purge.routes.ts';
import type { ArtifactHolders } from './purge/purge.service.ts';
import { type TrackingDoor, tracking } from './tracking.door.ts';

export type { EvaluationDataset, EvaluationRecord, NewRecord } from './evaluation-datasets/datasets.model.ts';
export { experimentsError } from './experiments.contract.ts';
export type { MetricPoint, RunStatus } from './experiments.model.ts';
export type { ArtifactRef, Experiment, NewRun, Run, RunInput, RunSummary } from './experiments.service.ts';
export { type Issue, issueSeverities, issueStatuses } from './issues/issues.service.ts';
export type { LoggedModel, LoggedModelStatus } from './logged-models/logged-models.model.ts';
export type { ArtifactHolders } from './purge/purge.service.ts';
export { type LabelInput, type LabelSchema, labelTypes } from './reviews/label-schemas.model.ts';
export {
  queueTypes,
  type ReviewItem,
  type ReviewQueue,
  reviewStatuses,
} from './reviews/review-queues.model.ts';
export type { ScorerVersion } from './scorers/scorers.service.ts';
export type { Clause, Grammar, Order } from './search/filter.model.ts';
export { decodeOffset, encodeOffset, parseFilter, parseOrders } from './search/filter.model.ts';
export { byOrders, matchesClause, type Searchable } from './search/matches.model.ts';
export type { Assessment, AssessmentKind, NewAssessment } from './traces/assessments/assessments.model.ts';
export {
  type Aggregation,
  aggregationTypes,
  type View,
  views,
} from './traces/search/figures.model.ts';
export { forClients } from './traces/spans/meaning.model.ts';
export {
  type Attributes,
  type AttributeValue,
  cleanText,
  type NewSpan,
  readContent,
  type SpanContent,
} from './traces/spans/spans.model.ts';
export type { SpanRow } from './traces/spans/spans.store.ts';
export type { NewTrace, Trace } from './traces/traces.model.ts';
export type { RunLinks, RunTexts } from './tracking/run-parts.store.ts';
export type {
  BareRun,
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
): DomainModule &
  ExperimentsDoor & {
    steps: readonly StepKind[];
    tracking: TrackingDoor;
    /** Names who still reads files of deleted runs and logged models; they are not removed then. */
    connectHolders(port: ArtifactHolders): void;
  } {
  const { createRun, finishRun, getRun, listAllExperiments, listRuns } = service;
  const { logArtifacts, logMetrics, logParams, metricHistory } = service;
  let port: ArtifactHolders = async () => new Map();
  const holders: ArtifactHolders = (scope, owners) => port(scope, owners);
  return {
    name: 'experiments',
    migrations: experimentsMigrations,
    blobReferrers: [{ table: 'experiments_artifacts', column: 'digest', holds: 'digest' }],
    routes(app) {
      experimentsRoutes(app);
      purgeRoutes(app, holders);
    },
    jobs: [purgeJobKind(holders)],
    start: (scope) => scheduleNext(scope, scope.now()),
    connectHolders(given) {
      port = given;
    },
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
