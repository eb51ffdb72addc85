import type { StepKind } from '../../platform/engines/steps.ts';
import type { DomainModule } from '../../platform/module.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Scope } from '../../platform/scope.ts';
import type { RequestTrace, Tracer } from '../../platform/tracing/tracer.ts';
import { openPromotionPolicy, type PromotionPolicy, type RegistryDoor } from '../registry/index.ts';
import * as deployments from './deployments.service.ts';
import type { Door } from './failures/failure-book.ts';
import { createHealthWatch } from './faults/health-watch.ts';
import { restoreQuarantines, watchFaults } from './faults/quarantine.service.ts';
import { type NodeSeries, nodeSeries } from './graphs/graph.service.ts';
import { modelsOf } from './graphs/graph-deploys.ts';
import { unload } from './loading.service.ts';
import type { RevisionMeter } from './meter/meter.ts';
import type { PredictionTraceRow } from './observability/prediction-traces.store.ts';
import * as traces from './observability/prediction-traces.store.ts';
import { historyStepSeconds } from './observability/serving-history.ts';
import * as predictions from './predictions.service.ts';
import { erasureJobKind } from './privacy/erasure.jobs.ts';
import { sweepErasures } from './privacy/erasure.service.ts';
import { hiddenFeatures } from './privacy/recording.service.ts';
import { retentionJobKind, scheduleRetention } from './privacy/retention.jobs.ts';
import { joinedSql, type PredictionRange, predictionsSql } from './recorder/prediction-sql.ts';
import { createResidency, type Residency } from './residency/residency.ts';
import { restoreRoute, restoreRoutes } from './restore.service.ts';
import { rollback } from './rollback.service.ts';
import { createRolloutController } from './rollouts/controller.ts';
import type { FeaturesPort } from './routing/feature-port.ts';
import { notReady, type Prediction, type PredictRequest, predict } from './routing/predictor.ts';
import { isServing, type Route, revisionsOf } from './routing/route.ts';
import type { LiveRevision, Revision } from './runtime/live-revision.ts';
import { parseModelReference } from './runtime/revisions.ts';
import { deployDeclared, deploymentsDeclarable } from './serving.declarable.ts';
import { servingError } from './serving.errors.ts';
import { servingRoutes } from './serving.routes.ts';
import { createServingState } from './serving.state.ts';
import { servingSteps } from './serving.steps.ts';
import type { Deployment, Rollout } from './serving.store.ts';
import * as store from './serving.store.ts';
import { servingMigrations } from './serving.tables.ts';

export type { NodeSeries } from './graphs/graph.service.ts';
export { countsBelow, type LatencyHistogram, latencyQuantile } from './meter/latency-histogram.ts';
export { inferredRows, type RevisionMeter, runtimeRuns } from './meter/meter.ts';
export { predictionId } from './recorder/prediction-log.ts';
export type { PredictionRange } from './recorder/prediction-sql.ts';
export { bytesOf } from './residency/residency.ts';
export type { FeaturesPort } from './routing/feature-port.ts';
export type { Arm, Prediction, PredictRequest } from './routing/predictor.ts';
export { isServing } from './routing/route.ts';
export type { LiveRevision, Revision } from './runtime/live-revision.ts';
export {
  allocate,
  type Datatype,
  datatypes,
  elementCount,
  type NamedTensor,
  shapeFits,
  type TensorData,
  type TensorSpec,
} from './runtime/tensors.ts';
export { servingError } from './serving.errors.ts';
export type { Deployment, Rollout } from './serving.store.ts';

/** What higher floors and the protocols may do with serving. */
export type ServingDoor = {
  /** Answers one request; see `routing/predictor.ts`. The hot path: no database, no validation schema. */
  predict(deployment: string, request: PredictRequest): Promise<Prediction>;
  /** The revision that answers now (of `version`, when given). @throws serving.deployment.not_found, …not_ready */
  live(deployment: string, version?: string): LiveRevision;
  /** Whether it answers, or will after loading its model. */
  isReady(deployment: string, version?: string): boolean;
  /**
   * To be awaited before `live` where a deployment may be cold: loads its model. Undefined when there is nothing to do.
   * @throws serving.deployment.not_ready
   */
  wake(deployment: string): Promise<void> | undefined;
  /** Counts a prediction that a door has answered with an error; unknown deployments are nobody's. */
  noteFailure(deployment: string, error: unknown, door: Door, trace: RequestTrace | undefined): void;
  /** Keeps in which traces predictions were made, for their pages. */
  keepPredictionTraces(scope: Scope, rows: readonly PredictionTraceRow[]): Promise<void>;
  trimPredictionTraces(scope: Scope, keep: number): Promise<void>;
  /** Decides which requests are traced; the doors begin their traces with it. */
  readonly tracer: Tracer;
  /** Names of deployments with their routes, for protocols and metrics. */
  liveRoutes(): Route[];
  /** Of one deployment, or of all. */
  meters(deployment?: string): RevisionMeter[];
  /** What ran in the nodes of the graphs that serve now. */
  nodeSeries(): NodeSeries[];
  stats(): { droppedRecords: number; droppedAside: number; openLogs: number; residency: Residency };
  listDeployments(scope: Scope): Promise<Deployment[]>;
  getDeployment(scope: Scope, name: string): Promise<Deployment>;
  getRevision(scope: Scope, id: string): Promise<Revision | undefined>;
  listRevisions(scope: Scope, deployment: string): Promise<Revision[]>;
  /** Newest first. */
  listRollouts(
    scope: Scope,
    filter: { deployment?: string; open?: boolean; limit?: number },
  ): Promise<Rollout[]>;
  /** Brings a model version in, as POST …/deploy does. */
  deploy(scope: Scope, deployment: string, request: deployments.DeployRequest): Promise<Rollout>;
  rollback(scope: Scope, deployment: string, reason: string): Promise<Deployment>;
  /** Takes a deployment off the air and out of memory until the next deploy or start; what is declared stays. */
  unload(scope: Scope, deployment: string): Promise<void>;
  /**
   * DuckDB relation of recorded predictions by event time (ms; from included, to excluded), one line a row:
   * prediction_id, request_id, row_index, request_rows, event_time, time, revision, arm, rollout, latency_ms,
   * compute_ms, inputs (JSON text of the whole request), features FLOAT[] (NULL where NaN), score, path (of a row
   * through a graph), error, cached.
   * With `features: true` every feature is also a column of its name. Its files may be replaced at any time: make it and
   * read it within `withFreshFiles`.
   */
  predictionsSql(
    scope: Scope,
    deployment: string,
    range?: PredictionRange & { features?: boolean },
  ): Promise<string>;
  /** The same, with label and label_received (newest feedback) and pair_score and pair_revision (the other arm). */
  joinedSql(
    scope: Scope,
    deployment: string,
    range?: PredictionRange & { features?: boolean },
  ): Promise<string>;
  /** Names of all features that the deployment's revisions have recorded. */
  featureNames(scope: Scope, deployment: string): Promise<string[]>;
  /** Those of them that are dropped, hashed or masked before they are written, and so read as NULL. */
  hiddenFeatures(scope: Scope, deployment: string): Promise<string[]>;
};

export type ServingDomain = DomainModule & ServingDoor & { readonly steps: readonly StepKind[] };

const residencyMs = 1000;
const syncMs = 1000;
const sealMs = 5000;
const historyMs = historyStepSeconds * 1000;
const healthMs = 1000;

/** Serving: deployments, revisions, rollouts, the prediction log and everything on the request's path. */
export function createServingDomain(
  platform: Platform,
  needs: { features?: FeaturesPort | null; registry: RegistryDoor; promotionPolicy?: PromotionPolicy },
): ServingDomain {
  const { registry, features = null, promotionPolicy = openPromotionPolicy } = needs;
  const state = createServingState(platform, { registry, features, promotionPolicy });
  const controller = createRolloutController(state);
  const residency = createResidency(state, async (name) => {
    const scope = platform.systemScope('system:serving');
    await restoreRoute(state, controller, scope, await deployments.getDeployment(scope, name));
  });
  const timers: NodeJS.Timeout[] = [];
  const find = (name: string): Route => {
    const route = state.routes.get(name);
    if (!route) throw servingError('serving.deployment.not_found', 'There is no deployment of this name.');
    return route;
  };
  const relation = async (
    make: typeof joinedSql,
    scope: Scope,
    name: string,
    range: PredictionRange & { features?: boolean } = {},
  ) => {
    const columns = range.features ? await predictions.featureColumns(scope, name) : [];
    return make(predictions.logFiles(state.log(name)), range, columns);
  };

  return {
    name: 'serving',
    migrations: servingMigrations,
    blobReferrers: [
      { table: 'serving_revisions', column: 'digest', holds: 'digest' },
      { table: 'serving_revisions', column: 'graph', holds: 'text' },
    ],
    steps: servingSteps(state, controller),
    declarables: [deploymentsDeclarable(state)],
    routes: (app) => servingRoutes(app, state, controller),
    jobs: [
      retentionJobKind(state),
      erasureJobKind(state),
      {
        kind: deployDeclared,
        async run(scope, payload) {
          const deployment = await store.getDeployment(scope.db, String(payload.deployment));
          if (!deployment || deployment.champion !== null) return;
          for (const reference of modelsOf(deployment.spec)) {
            const { model, ref } = parseModelReference(reference);
            if (!(await registry.findVersion(scope, model, ref))) return;
          }
          await deployments.deploy(state, controller, scope, deployment.name, {});
        },
      },
    ],
    reactors: [
      {
        name: 'serving-approvals',
        types: ['governance.approval.granted', 'governance.approval.rejected'],
        async handle(scope) {
          const open = await store.listRollouts(scope.db, { open: true });
          for (const rollout of open.filter((one) => one.state === 'awaiting-approval')) {
            await deployments.reconsider(state, controller, scope, rollout);
          }
        },
      },
    ],
    async start(scope) {
      watchFaults(state, controller);
      await restoreQuarantines(state, scope);
      await restoreRoutes(state, controller, scope, residency);
      controller.start();
      await sweepErasures(state, scope);
      await scheduleRetention(scope);
      const every = (ms: number, work: () => Promise<unknown>) => {
        const run = () =>
          work().catch((error) =>
            platform.log.error('the upkeep of serving failed', { error: String(error) }),
          );
        timers.push(setInterval(run, ms).unref());
      };
      every(residencyMs, async () => {
        residency.fit();
        await residency.remember();
      });
      every(historyMs, async () => {
        state.history.look(platform.now());
        state.meters.trim(platform.now());
      });
      const health = createHealthWatch(state);
      every(healthMs, () => health.look());
      every(syncMs, () => Promise.all([...state.logs.values()].map((log) => log.sync())));
      every(sealMs, async () => {
        for (const log of state.logs.values()) {
          // Of a removed deployment, or somebody has looked into it since.
          const isLeft = !state.routes.has(log.deployment);
          await (isLeft ? state.closeLog(log) : log.seal(platform.now())).catch((error) => {
            platform.log.error('a prediction log could not be sealed', {
              deployment: log.deployment,
              error: String(error),
            });
          });
        }
      });
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await controller.stop();
      await residency.remember().catch(() => undefined);
      await state.close();
    },

    predict(name, request) {
      try {
        const route = find(name);
        const { aside, failures } = state;
        const needs = { log: state.log(name), aside, failures, now: platform.now };
        const loading = route.champion === null ? residency.wake(route) : undefined;
        if (loading) return loading.then(() => predict(needs, route, request));
        return predict(needs, route, request);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    live(name, version) {
      const route = find(name);
      if (!route.champion) throw notReady(route);
      if (version === undefined || version === '') return route.champion;
      const live = revisionsOf(route).find((one) => String(one.revision.version) === version);
      if (!live)
        throw servingError('serving.version.not_served', 'This deployment does not serve that version.');
      return live;
    },
    isReady(name, version) {
      const route = find(name);
      if (version === undefined) return isServing(route);
      if (String(route.cold?.version) === version) return isServing(route);
      return revisionsOf(route).some((live) => String(live.revision.version) === version);
    },
    wake(name) {
      const route = state.routes.get(name);
      return route?.champion === null ? residency.wake(route) : undefined;
    },
    noteFailure(name, error, door, trace) {
      if (state.routes.has(name)) state.failures.note(name, error, door, trace);
    },
    keepPredictionTraces: (scope, rows) => traces.putPredictionTraces(scope.db, rows),
    trimPredictionTraces: (scope, keep) => traces.trimPredictionTraces(scope.db, keep),
    tracer: platform.tracer,
    liveRoutes: () => [...state.routes.values()],
    meters: (name) => (name === undefined ? state.meters.all() : state.meters.of(name)),
    nodeSeries: () => nodeSeries([...state.routes.values()]),
    stats: () => ({
      droppedRecords: state.droppedRecords,
      droppedAside: state.aside.dropped(),
      openLogs: state.logs.size,
      residency,
    }),
    listDeployments: (scope) => store.listDeployments(scope.db),
    getDeployment: deployments.getDeployment,
    getRevision: (scope, id) => store.getRevision(scope.db, id),
    listRevisions: (scope, name) => store.listRevisions(scope.db, name),
    listRollouts: (scope, filter) => store.listRollouts(scope.db, filter),
    deploy: (scope, name, request) => deployments.deploy(state, controller, scope, name, request),
    unload: (scope, name) => unload(state, scope, name),
    rollback: (scope, name, reason) => rollback(state, controller, scope, name, reason),
    predictionsSql: (scope, name, range) => relation(predictionsSql, scope, name, range),
    joinedSql: (scope, name, range) => relation(joinedSql, scope, name, range),
    hiddenFeatures: (scope, name) => hiddenFeatures(scope, name),
    featureNames: async (scope, name) =>
      (await predictions.featureColumns(scope, name)).map((column) => column.name),
  };
}
