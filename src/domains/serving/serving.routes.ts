import Type from 'typebox';
import { isoTime } from '../../platform/clock.ts';
import { platformError } from '../../platform/errors.ts';
import type { HoustonApp } from '../../platform/http/app.ts';
import { wireWhy } from '../../platform/ledger/index.ts';
import { Name } from '../../platform/names.ts';
import { ClearedCacheReply } from './cache/cache.contract.ts';
import { clearCache } from './cache/cache.service.ts';
import { ComparisonBody, ComparisonReply } from './comparison/comparison.contract.ts';
import { SideBySideBody, SideBySideReply } from './comparison/side-by-side.contract.ts';
import { compareSideBySide } from './comparison/side-by-side.service.ts';
import { compareVersions } from './comparisons.service.ts';
import * as deployments from './deployments.service.ts';
import { explanationRoutes } from './explanations/explanation.routes.ts';
import { quarantineRoutes } from './faults/quarantine.routes.ts';
import { feedbackRoutes } from './feedback/feedback.routes.ts';
import { GraphSpec } from './graphs/graph.contract.ts';
import { graphRoutes } from './graphs/graph.routes.ts';
import { earlier, trafficOf } from './meter/meter.ts';
import { TrafficReply } from './meter/traffic.contract.ts';
import { observabilityRoutes } from './observability/observability.routes.ts';
import { PredictionReply, PredictionWhyReply } from './predictions.contract.ts';
import { PredictionFilter } from './predictions.filter.ts';
import * as predictions from './predictions.service.ts';
import { privacyRoutes } from './privacy/privacy.routes.ts';
import { checkRecording } from './privacy/recording.service.ts';
import { queryRoutes } from './query/query.routes.ts';
import { rollback } from './rollback.service.ts';
import type { RolloutController } from './rollouts/controller.ts';
import { RolloutReply } from './rollouts/rollout.contract.ts';
import { parseTime } from './routing/request-rows.ts';
import { UpstreamSpec } from './runtime/runtime.contract.ts';
import { DeploymentReply, DeploymentSpec } from './serving.contract.ts';
import { servingError } from './serving.errors.ts';
import type { ServingState } from './serving.state.ts';
import * as store from './serving.store.ts';
import { deploymentView, predictionReply, rolloutView } from './serving.views.ts';

const tags = ['serving'];
const ByName = Type.Object({ name: Name });
const ById = Type.Object({ id: Type.String({ maxLength: 300 }) });
const Reason = Type.Object(
  { reason: Type.String({ minLength: 1, maxLength: 2000 }) },
  { additionalProperties: false },
);
const Items = <T extends Type.TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), next: Type.Optional(Type.String()) });

/** The routes of the serving domain under /api/serving. */
export function servingRoutes(app: HoustonApp, state: ServingState, controller: RolloutController): void {
  deploymentRoutes(app, state, controller);
  rolloutRoutes(app, controller);
  predictionRoutes(app, state);
  explanationRoutes(app, state);
  observabilityRoutes(app, state);
  graphRoutes(app, state);
  queryRoutes(app, state);
  privacyRoutes(app, state);
  feedbackRoutes(app, state, controller);
  quarantineRoutes(app, state);
}

function deploymentRoutes(app: HoustonApp, state: ServingState, controller: RolloutController): void {
  const view = async (scope: Parameters<typeof deployments.getDeployment>[0], name: string) =>
    deploymentView(state, controller, scope, await deployments.getDeployment(scope, name));

  app.get(
    '/api/serving/deployments',
    {
      schema: { summary: 'Lists the deployments', tags, response: { 200: Items(DeploymentReply) } },
    },
    async ({ scope }) => {
      const all = await store.listDeployments(scope.db);
      return { items: await Promise.all(all.map((one) => deploymentView(state, controller, scope, one))) };
    },
  );
  app.get(
    '/api/serving/deployments/:name',
    {
      schema: {
        summary: 'Reads a deployment',
        tags,
        params: ByName,
        response: { 200: DeploymentReply },
      },
    },
    ({ scope, params }) => view(scope, params.name),
  );
  app.put(
    '/api/serving/deployments/:name',
    {
      schema: {
        summary: 'Creates a deployment or changes what it declares',
        tags,
        params: ByName,
        body: DeploymentSpec,
        response: { 200: DeploymentReply },
      },
    },
    async ({ scope, params, body }) => {
      const champion = state.routes.get(params.name)?.champion;
      if (champion) checkRecording(champion, body);
      await deployments.putDeployment(scope, params.name, body);
      if (state.routes.has(params.name)) deployments.applyLimits(state, params.name, body);
      return view(scope, params.name);
    },
  );
  app.delete(
    '/api/serving/deployments/:name',
    {
      schema: {
        summary: 'Takes a deployment off the air',
        tags,
        params: ByName,
        response: { 204: Type.Null() },
      },
    },
    async ({ scope, params }, reply) => {
      await deployments.removeDeployment(state, scope, params.name);
      return reply.status(204).send(null);
    },
  );
  app.delete(
    '/api/serving/deployments/:name/cache',
    {
      schema: {
        summary: 'Forgets the cached answers of a deployment',
        tags,
        params: ByName,
        response: { 200: ClearedCacheReply },
      },
    },
    ({ scope, params }) => clearCache(state, scope, params.name),
  );
  app.post(
    '/api/serving/deployments/:name/deploy',
    {
      schema: {
        summary: 'Brings a model version or a graph into the deployment; starts a rollout',
        tags,
        params: ByName,
        body: Type.Object(
          {
            model: Type.Optional(Type.String({ minLength: 1, maxLength: 260 })),
            graph: Type.Optional(GraphSpec),
            upstream: Type.Optional(UpstreamSpec),
          },
          { additionalProperties: false },
        ),
        response: { 200: RolloutReply },
      },
    },
    async ({ scope, params, body }) =>
      rolloutView(scope, controller, await deployments.deploy(state, controller, scope, params.name, body)),
  );
  app.post(
    '/api/serving/deployments/:name/rollback',
    {
      schema: {
        summary: 'Aborts the running rollout, or else goes back to the champion before, at the next request',
        tags,
        params: ByName,
        body: Reason,
        response: { 200: DeploymentReply },
      },
    },
    async ({ scope, params, body }) => {
      await rollback(state, controller, scope, params.name, body.reason);
      return view(scope, params.name);
    },
  );
  app.get(
    '/api/serving/deployments/:name/traffic',
    {
      schema: {
        summary: 'Requests, errors and latency over time, by revision',
        tags,
        params: ByName,
        querystring: Type.Object({
          from: Type.Optional(Type.String({ maxLength: 40 })),
          to: Type.Optional(Type.String({ maxLength: 40 })),
          step: Type.Optional(Type.Integer({ minimum: 1, maximum: 3600 })),
        }),
        response: { 200: TrafficReply },
      },
    },
    async ({ scope, params, query }) => {
      await deployments.getDeployment(scope, params.name);
      const to = timeOr(query.to, scope.now());
      const from = Math.max(timeOr(query.from, to - 300_000), to - 3 * 3_600_000);
      const step = query.step ?? Math.max(1, Math.ceil((to - from) / 1000 / 300));
      const meters = state.meters.of(params.name).filter(({ labels }) => labels.revision !== earlier);
      return {
        step,
        revisions: meters.map((meter) => ({
          revision: meter.labels.revision,
          version: meter.labels.version,
          points: trafficOf(meter, from, to, step).map((point) => ({ ...point, time: isoTime(point.time) })),
        })),
      };
    },
  );
}

function rolloutRoutes(app: HoustonApp, controller: RolloutController): void {
  app.get(
    '/api/serving/deployments/:name/rollouts',
    {
      schema: {
        summary: 'Lists the rollouts of a deployment, newest first',
        tags,
        params: ByName,
        response: { 200: Items(RolloutReply) },
      },
    },
    async ({ scope, params }) => {
      await deployments.getDeployment(scope, params.name);
      const rollouts = await store.listRollouts(scope.db, { deployment: params.name });
      return { items: await Promise.all(rollouts.map((one) => rolloutView(scope, controller, one))) };
    },
  );
  app.get(
    '/api/serving/rollouts/:id',
    {
      schema: {
        summary: 'Reads a rollout with its evidence',
        tags,
        params: ById,
        response: { 200: RolloutReply },
      },
    },
    async ({ scope, params }) => {
      const rollout = await store.getRollout(scope.db, params.id);
      if (!rollout) throw servingError('serving.rollout.not_found', 'There is no rollout with this id.');
      return rolloutView(scope, controller, rollout);
    },
  );
  for (const [verb, to] of [
    ['abort', 'aborted'],
    ['promote', 'promoted'],
  ] as const) {
    app.post(
      `/api/serving/rollouts/:id/${verb}`,
      {
        schema: {
          summary:
            verb === 'abort' ? 'Ends a rollout; the champion stays' : 'Makes the challenger champion now',
          tags,
          params: ById,
          body: Reason,
          response: { 200: RolloutReply },
        },
      },
      async ({ scope, params, body }) => {
        await controller.end(scope, params.id, to, body.reason);
        const rollout = await store.getRollout(scope.db, params.id);
        if (!rollout) throw servingError('serving.rollout.not_found', 'There is no rollout with this id.');
        return rolloutView(scope, controller, rollout);
      },
    );
  }
}

function predictionRoutes(app: HoustonApp, state: ServingState): void {
  app.get(
    '/api/serving/deployments/:name/predictions',
    {
      schema: {
        summary:
          'Lists recorded predictions, newest first, by time, arm, version, score, failure, outcome or entity',
        tags,
        params: ByName,
        querystring: PredictionFilter,
        response: { 200: Items(PredictionReply) },
      },
    },
    async ({ scope, params, query }) => {
      await deployments.getDeployment(scope, params.name);
      const limit = query.limit ?? 50;
      const { before, from, to } = query;
      const times = {
        ...(before !== undefined && { before: timeOr(before, 0) }),
        ...(from !== undefined && { from: timeOr(from, 0) }),
        ...(to !== undefined && { to: timeOr(to, 0) }),
      };
      const items = await predictions.listPredictions(state, scope, params.name, query, times);
      const last = items.at(-1);
      return {
        items: items.map(predictionReply),
        ...(items.length === limit && last && { next: isoTime(last.time) }),
      };
    },
  );
  app.get(
    '/api/serving/predictions/:id',
    {
      schema: {
        summary: 'Reads one prediction with its features, outcome and the other arm',
        tags,
        params: ById,
        response: { 200: PredictionReply },
      },
    },
    async ({ scope, params }) => predictionReply(await predictions.getPrediction(state, scope, params.id)),
  );
  app.get(
    '/api/serving/predictions/:id/why',
    {
      schema: {
        summary: 'Explains a prediction back to the data behind its model',
        tags,
        params: ById,
        response: { 200: PredictionWhyReply },
      },
    },
    async ({ scope, params }) => {
      const { prediction, graph } = await predictions.whyPrediction(state, scope, params.id);
      return { prediction: predictionReply(prediction), graph: wireWhy(graph) };
    },
  );
  app.post(
    '/api/serving/deployments/:name/comparisons',
    {
      schema: {
        summary: 'Replays recorded requests through another version and compares by a paired test',
        tags,
        params: ByName,
        body: ComparisonBody,
        response: { 200: ComparisonReply },
      },
    },
    ({ scope, params, body }) => {
      const range = {
        ...(body.from !== undefined && { from: timeOr(body.from, 0) }),
        ...(body.to !== undefined && { to: timeOr(body.to, 0) }),
      };
      return compareVersions(state, scope, params.name, { version: body.version, range });
    },
  );
  app.post(
    '/api/serving/deployments/:name/side-by-side',
    {
      schema: {
        summary: 'Runs recorded requests through two versions and sets their scores side by side',
        tags,
        params: ByName,
        body: SideBySideBody,
        response: { 200: SideBySideReply },
      },
    },
    ({ scope, params, body }) => {
      const { from, to, ...request } = body;
      const range = {
        ...(from !== undefined && { from: timeOr(from, 0) }),
        ...(to !== undefined && { to: timeOr(to, 0) }),
      };
      return compareSideBySide(state, scope, params.name, { ...request, range });
    },
  );
}

function timeOr(value: string | number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  const time = parseTime(value);
  if (Number.isNaN(time))
    throw platformError('platform.input.invalid', 'A time is neither ISO text nor milliseconds.');
  return Math.round(time);
}
