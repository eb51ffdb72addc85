import type { Json, JsonObject } from '../../platform/json.ts';
import type { LedgerEvent } from '../../platform/ledger/index.ts';
import type { Reactor } from '../../platform/reactors/reactors.ts';
import { type Scope, transact } from '../../platform/scope.ts';
import { listDefinitions } from './definitions/definitions.store.ts';
import { durationMs } from './definitions/duration.ts';
import { interpolate } from './expressions/evaluator.ts';
import { decideApproval } from './runs/approvals.ts';
import { startRun, type Trigger } from './runs/runs.service.ts';
import { findRunByTrigger } from './runs/runs.store.ts';

type Match = { trigger: Trigger; cooldownMs: number; params: JsonObject | undefined };

/** Starts the pipelines whose `on:` names what happened, and carries decisions on approvals to waiting steps. */
export const pipelineReactors: Reactor[] = [
  {
    name: 'pipelines.triggers',
    types: ['data.version.created', 'monitoring.incident.opened'],
    handle: startTriggered,
  },
  {
    name: 'pipelines.approvals',
    types: ['governance.approval.granted', 'governance.approval.rejected'],
    handle: (scope, event) => {
      const reason = typeof event.data.reason === 'string' ? event.data.reason : null;
      return decideApproval(scope, event.subject, event.type.endsWith('.granted'), reason);
    },
  },
];

async function startTriggered(scope: Scope, event: LedgerEvent): Promise<void> {
  for (const { pipeline, spec } of await listDefinitions(scope.db)) {
    const match = matchOf(spec.on ?? {}, event);
    if (!match) continue;
    await transact(scope, async (tx) => {
      if (match.cooldownMs > 0) {
        const since = tx.now() - match.cooldownMs;
        if (await findRunByTrigger(tx.db, pipeline, { key: match.trigger.key ?? '', since })) return;
      }
      const params = interpolate((match.params ?? {}) as Json, {
        values: { event: eventContext(event) },
      }) as JsonObject;
      await startRun(tx, { pipeline, params, trigger: match.trigger });
    }).catch((error) => {
      // A definition that does not fit its event must not hold up the pipelines after it.
      if (!String(error?.code ?? '').startsWith('pipelines.')) throw error;
      scope.log.warn('pipelines: a trigger could not start its run', {
        pipeline,
        event: event.id,
        error: error.message,
      });
    });
  }
}

type Triggers = NonNullable<Awaited<ReturnType<typeof listDefinitions>>[number]['spec']['on']>;

function matchOf(on: Triggers, event: LedgerEvent): Match | null {
  if (event.type === 'data.version.created') {
    const found = [on.data ?? []].flat().find(({ dataset }) => dataset === event.data.dataset);
    const trigger = { kind: 'data' as const, key: `data:${found?.dataset}`, event: event.id };
    return found ? { trigger, cooldownMs: 0, params: found.params as JsonObject | undefined } : null;
  }
  // A new model mends neither a crash nor a full disk.
  if (event.data.fault !== undefined) return null;
  const found = [on.incident ?? []].flat().find(({ deployment }) => deployment === event.data.deployment);
  if (!found) return null;
  const trigger = { kind: 'incident' as const, key: `incident:${found.deployment}`, event: event.id };
  const cooldownMs = found.cooldown === undefined ? 0 : durationMs(found.cooldown);
  return { trigger, cooldownMs, params: found.params as JsonObject | undefined };
}

/** What `${{ event.… }}` sees. */
function eventContext({ id, type, subject, data, time }: LedgerEvent): JsonObject {
  return { id, type, subject, data, time: new Date(time).toISOString() };
}
