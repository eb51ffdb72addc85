import Type from 'typebox';
import { isoTime } from '../../../platform/clock.ts';
import type { HoustonApp } from '../../../platform/http/app.ts';
import { Name } from '../../../platform/names.ts';
import type { ServingState } from '../serving.state.ts';
import { QuarantineReply } from './quarantine.contract.ts';
import { release } from './quarantine.service.ts';
import { listQuarantines, type QuarantineRecord } from './quarantine.store.ts';

const tags = ['serving'];

/** A quarantine as the API shows it. */
export function quarantineView(record: QuarantineRecord) {
  const { createdAt, releasedAt, faults, ...rest } = record;
  return {
    ...rest,
    faults: faults.map((fault) => ({ ...fault, time: isoTime(fault.time) })),
    since: isoTime(createdAt),
    releasedAt: isoTime(releasedAt),
  };
}

/** Revisions in quarantine, and their release. */
export function quarantineRoutes(app: HoustonApp, state: ServingState): void {
  app.get(
    '/api/serving/quarantine',
    {
      schema: {
        summary: 'Lists revisions that died, hung or leaked too often and are not loaded any more',
        tags,
        querystring: Type.Object({
          deployment: Type.Optional(Name),
          state: Type.Optional(
            Type.String({ pattern: '^(active|released)$', description: 'active, released; default: both' }),
          ),
          limit: Type.Integer({ minimum: 1, maximum: 1000, default: 200 }),
        }),
        response: { 200: Type.Object({ items: Type.Array(QuarantineReply) }) },
      },
    },
    async ({ scope, query: { deployment, state: which, limit } }) => {
      const records = await listQuarantines(scope.db, {
        ...(deployment !== undefined && { deployment }),
        ...(which !== undefined && { isActive: which === 'active' }),
        limit,
      });
      return { items: records.map(quarantineView) };
    },
  );
  app.post(
    '/api/serving/quarantine/:revision/release',
    {
      schema: {
        summary: 'Lets a revision run again; it loads at its next request where it is still the champion',
        tags,
        params: Type.Object({ revision: Type.String({ maxLength: 64 }) }),
        body: Type.Object(
          { reason: Type.String({ minLength: 1, maxLength: 2000 }) },
          { additionalProperties: false },
        ),
        response: { 200: QuarantineReply },
      },
    },
    async ({ scope, params, body }) => {
      await release(state, scope, params.revision, body.reason);
      const [released] = await listQuarantines(scope.db, { revision: params.revision, limit: 1 });
      return quarantineView(released);
    },
  );
}
