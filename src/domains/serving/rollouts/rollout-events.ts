import { type LedgerEvent, record } from '../../../platform/ledger/index.ts';
import { type Scope, withCause } from '../../../platform/scope.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import type { Rollout } from '../serving.store.ts';
import * as store from '../serving.store.ts';

/**
 * Writes one event of a rollout's life; a promotion is the deployment's own event, the rest the rollout's. Later
 * events have the rollout's start as their cause, and the start whatever led to it.
 */
export async function recordRollout(
  tx: Scope,
  verb: string,
  rollout: Rollout,
  challenger: LiveRevision | null,
  data: Record<string, string | number | null>,
): Promise<LedgerEvent> {
  const { id, deployment, champion } = rollout;
  const revision = challenger?.revision ?? (await store.getRevision(tx.db, rollout.challenger));
  const event = {
    rollout: id,
    deployment,
    model: revision?.model ?? null,
    version: revision?.version ?? null,
    revision: rollout.challenger,
    champion,
    ...data,
  };
  const uses = [`revision:${rollout.challenger}`];
  if (verb === 'promoted') uses.push(`rollout:${id}`);
  else if (verb !== 'started') uses.push(`deployment:${deployment}`);
  const cause = verb === 'started' || rollout.event === null ? tx.cause : rollout.event;
  return record(withCause(tx, cause), {
    type: `serving.rollout.${verb}`,
    subject: verb === 'promoted' ? `deployment:${deployment}` : `rollout:${id}`,
    data: event,
    uses,
  });
}
