import Type from 'typebox';
import { isoTime } from '../../platform/clock.ts';
import type { HoustonApp } from '../../platform/http/app.ts';
import { Name } from '../../platform/names.ts';
import { Items } from '../../platform/schemas.ts';
import { ClearedCacheReply } from './cache/cache.contract.ts';
import { clearCache } from './cache/cache.service.ts';
import * as deployments from './deployments.service.ts';
import { explanationRoutes } from './explanations/explanation.routes.ts';
import { quarantineRoutes } from './faults/quarantine.routes.ts';
import { feedbackRoutes } from './feedback/feedback.routes.ts';
import { GraphSpec } from './graphs/graph.contract.ts';
import { graphRoutes } from './graphs/graph.routes.ts';
import { earlier, trafficOf } from './meter/meter.ts';
import { TrafficReply } from './meter/traffic.contract.ts';
import { observabilityRoutes } from './observability/observability.routes.ts';
import { predictionRoutes } from './predictions.routes.ts';
import { privacyRoutes } from './privacy/privacy.routes.ts';
import { checkRecording } from './privacy/recording.service.ts';
import { queryRoutes } from './query/query.routes.ts';
import { rollback } from './rollback.service.ts';
import type { RolloutController } from './rollouts/controller.ts';
import { ReasonBody, RolloutReply } from './rollouts/rollout.contract.ts';
import { rolloutRoutes } from './rollouts/rollout.routes.ts';
import { UpstreamSpec } from './runtime/runtime.contract.ts';
import { DeploymentReply, DeploymentSpec } from './serving.contract.ts';
import type { ServingState } from './serving.state.ts';
import * as store from './serving.store.ts';
import { deploymentView, rolloutView } from './serving.views.ts';
import { timeOr } from './time-input.ts';

const tags = ['serving'];
const ByName = Type.Object({ name: Name });

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
        body: ReasonBody,
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
