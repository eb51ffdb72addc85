import Type from 'typebox';
import type { HoustonApp } from '../../../platform/http/app.ts';
import { Name } from '../../../platform/names.ts';
import { Items } from '../../../platform/schemas.ts';
import { getDeployment } from '../deployments.service.ts';
import { servingError } from '../serving.errors.ts';
import * as store from '../serving.store.ts';
import { rolloutView } from '../serving.views.ts';
import type { RolloutController } from './controller.ts';
import { ReasonBody, RolloutReply } from './rollout.contract.ts';

const tags = ['serving'];
const ById = Type.Object({ id: Type.String({ maxLength: 300 }) });

/** Rollouts of a deployment: their evidence, and the hand that ends them. */
export function rolloutRoutes(app: HoustonApp, controller: RolloutController): void {
  app.get(
    '/api/serving/deployments/:name/rollouts',
    {
      schema: {
        summary: 'Lists the rollouts of a deployment, newest first',
        tags,
        params: Type.Object({ name: Name }),
        response: { 200: Items(RolloutReply) },
      },
    },
    async ({ scope, params }) => {
      await getDeployment(scope, params.name);
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
          body: ReasonBody,
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
