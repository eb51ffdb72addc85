import Type from 'typebox';
import type { HoustonApp } from '../../../platform/http/app.ts';
import { Name } from '../../../platform/names.ts';
import type { ServingState } from '../serving.state.ts';
import { entityOf } from './entity-match.ts';
import * as contract from './erasure.contract.ts';
import { getErasure, planErasure, startErasure } from './erasure.service.ts';
import { startRetention } from './retention.jobs.ts';
import { planRetention } from './retention.service.ts';

const tags = ['serving'];
const ByName = Type.Object({ name: Name });

/** Erasing a person from the prediction log, and running the rules of retention now. */
export function privacyRoutes(app: HoustonApp, state: ServingState): void {
  app.post(
    '/api/serving/deployments/:name/erasures',
    {
      schema: {
        summary:
          'Erases one entity from the records of a deployment; without `delete` only says what would go',
        tags,
        params: ByName,
        body: contract.ErasureBody,
        response: {
          200: contract.ErasurePlan,
          202: Type.Object({ ...contract.ErasurePlan.properties, erasure: Type.String() }),
        },
      },
    },
    async ({ scope, params, body }, reply) => {
      const entity = entityOf(body.entity);
      const plan = await planErasure(state, scope, params.name, entity);
      if (!body.delete) return plan;
      const erasure = await startErasure(state, scope, params.name, entity);
      return reply.status(202).send({ ...plan, erasure });
    },
  );
  app.get(
    '/api/serving/deployments/:name/erasures/:id',
    {
      schema: {
        summary: 'How far an erasure is, and what it touched',
        tags,
        params: Type.Object({ name: Name, id: Type.String({ maxLength: 64 }) }),
        response: { 200: contract.ErasureState },
      },
    },
    ({ scope, params }) => getErasure(scope, params.name, params.id),
  );
  app.post(
    '/api/serving/deployments/:name/retention',
    {
      schema: {
        summary: 'Removes records that are past their time now; without `delete` only says what would go',
        tags,
        params: ByName,
        body: Type.Object(
          { delete: Type.Optional(Type.Boolean({ description: 'Do it, as the daily run does' })) },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({ plan: contract.Expired }),
          202: Type.Object({ plan: contract.Expired, job: Type.String() }),
        },
      },
    },
    async ({ scope, params, body }, reply) => {
      const plan = await planRetention(state, scope, params.name);
      if (!body.delete) return { plan };
      return reply.status(202).send({ plan, job: await startRetention(scope, params.name) });
    },
  );
}
