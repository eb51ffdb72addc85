import Type from 'typebox';
import { isoTime } from '../../../platform/clock.ts';
import type { HoustonApp } from '../../../platform/http/app.ts';
import { type ArtifactHolders, getPurge, planPurge, readRequest, startPurge } from './purge.service.ts';

const Count = Type.Object({ blobs: Type.Integer(), bytes: Type.Integer() });
const Plan = Type.Object({
  experiments: Type.Array(Type.Object({ id: Type.Integer(), name: Type.String() })),
  runs: Type.Integer(),
  models: Type.Integer(),
  traces: Type.Integer(),
  points: Type.Integer(),
  artifacts: Type.Object({ files: Type.Integer(), bytes: Type.Integer() }),
  frees: Count,
  unreferenced: Count,
  kept: Type.Array(Type.Object({ subject: Type.String(), why: Type.String() })),
});
const Request = Type.Object({
  olderThanSeconds: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 1e10, description: 'Only what was deleted so long ago' }),
  ),
  experiments: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 500 }), {
      minItems: 1,
      maxItems: 100,
      description: 'Only these, by name or id: deleted ones whole, of others the deleted runs',
    }),
  ),
  runs: Type.Optional(Type.Array(Type.String({ pattern: '^[\\w-]{1,64}$' }), { minItems: 1, maxItems: 100 })),
  delete: Type.Optional(Type.Boolean({ description: 'Do it; without, nothing is changed' })),
});

/** Permanent deletion: what would go, having it done, and how far that is. */
export function purgeRoutes(app: HoustonApp, holders: ArtifactHolders): void {
  const tags = ['experiments'];
  app.post(
    '/api/experiments/gc',
    {
      schema: {
        tags,
        summary:
          'Remove deleted runs, experiments and logged models for good; without `delete` only say what would go',
        body: Request,
        response: {
          200: Type.Object({ plan: Plan }),
          202: Type.Object({ plan: Plan, job: Type.String() }),
        },
      },
    },
    async ({ scope, body }, reply) => {
      const filter = await readRequest(scope, body);
      const plan = await planPurge(scope, filter, holders);
      if (!body.delete) return { plan };
      return reply.status(202).send({ plan, job: await startPurge(scope, filter) });
    },
  );
  app.get(
    '/api/experiments/gc/:job',
    {
      schema: {
        tags,
        summary: 'How far a permanent deletion is, and what it removed',
        params: Type.Object({ job: Type.String({ maxLength: 64 }) }),
      },
    },
    async ({ scope, params }) => {
      const { result, ...state } = await getPurge(scope, params.job);
      if (!result) return { ...state, result };
      const { sweepAt, ...unreferenced } = result.unreferenced as {
        sweepAt: number;
        blobs: number;
        bytes: number;
      };
      return {
        ...state,
        result: { ...result, unreferenced: { ...unreferenced, freedAt: isoTime(sweepAt) } },
      };
    },
  );
}
