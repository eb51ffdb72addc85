import { type Scope, transact } from '../../../platform/scope.ts';
import { type LiveRevision, orRelease } from '../runtime/live-revision.ts';
import { reopenRevision } from '../runtime/revisions.ts';
import { servingError } from '../serving.errors.ts';
import type { ServingState } from '../serving.state.ts';
import type { Rollout } from '../serving.store.ts';
import * as store from '../serving.store.ts';
import { warmed } from '../warm-up/warm-up.ts';
import { recordRollout } from './rollout-events.ts';

/** Writes that a rollout has begun to run; its event is the cause of all that follows. */
export async function commitStart(scope: Scope, rollout: Rollout, challenger: LiveRevision): Promise<void> {
  await transact(scope, async (tx) => {
    const { settings, evidence, state, reason, startedAt, stepAt } = rollout;
    const { id: event } = await recordRollout(tx, 'started', rollout, challenger, {});
    rollout.event = event;
    await store.updateRollout(tx.db, rollout.id, {
      state,
      reason,
      settings,
      evidence,
      startedAt,
      stepAt,
      event,
    });
  });
}

/** Writes that a rollout has taken its next step. */
export async function commitStep(scope: Scope, rollout: Rollout, challenger: LiveRevision): Promise<void> {
  await transact(scope, async (tx) => {
    const { state, step, weight, stepAt, reason, evidence } = rollout;
    await store.updateRollout(tx.db, rollout.id, { state, step, weight, stepAt, reason, evidence });
    await recordRollout(tx, 'advanced', rollout, challenger, { step, weight });
  });
}

/** Writes the end of a rollout that promotes nobody. */
export async function commitEnd(
  scope: Scope,
  rollout: Rollout,
  challenger: LiveRevision | null,
  to: 'rolled-back' | 'held' | 'aborted',
  reason: string,
): Promise<void> {
  Object.assign(rollout, { state: to, weight: 0, reason, endedAt: to === 'held' ? null : scope.now() });
  await transact(scope, async (tx) => {
    const { evidence, endedAt } = rollout;
    await store.updateRollout(tx.db, rollout.id, { state: to, weight: 0, reason, evidence, endedAt });
    await recordRollout(tx, to, rollout, challenger, { reason });
  });
}

/** The database's half of a promotion: deployment, rollout, alias and event, together. */
export async function commitPromotion(
  state: ServingState,
  scope: Scope,
  rollout: Rollout,
  challenger: LiveRevision,
  reason: string,
): Promise<void> {
  const now = scope.now();
  Object.assign(rollout, {
    state: 'promoted',
    weight: 100,
    reason,
    endedAt: now,
    startedAt: rollout.startedAt ?? now,
  });
  await transact(scope, async (tx) => {
    const { state: name, weight, endedAt, startedAt, evidence, event } = rollout;
    await store.updateRollout(tx.db, rollout.id, {
      state: name,
      weight,
      reason,
      evidence,
      endedAt,
      startedAt,
      event,
    });
    const deployment = await store.getDeployment(tx.db, rollout.deployment);
    const champion = challenger.revision.id;
    const previous = deployment?.champion === champion ? deployment.previous : (deployment?.champion ?? null);
    await store.setChampion(tx.db, rollout.deployment, { champion, previous }, now);
    const { model, version, graph } = challenger.revision;
    // A graph may name its models by their aliases, so it moves none.
    if (!graph) await state.registry.setAlias(tx, model, 'champion', version);
    await recordRollout(tx, 'promoted', rollout, challenger, { reason });
  });
}

/** The memory's half of a promotion: the next request already goes to the new champion. */
export function swapChampion(state: ServingState, deployment: string, champion: LiveRevision): void {
  const route = state.route(deployment);
  const { previous, champion: last } = route;
  route.champion = champion;
  route.rollout = null;
  route.error = null;
  route.cold = null;
  state.meters.keep(champion.meter);
  if (last === champion) return;
  // There is no way back to one in quarantine.
  route.previous = last?.runner.placement === 'none' ? null : last;
  if (previous && previous !== champion && previous !== route.fallback) state.retire(previous);
}

/** Promotes a rollout that is held: a person has decided. */
export async function promoteStopped(
  state: ServingState,
  scope: Scope,
  rollout: Rollout,
  reason: string,
): Promise<void> {
  if (rollout.state === 'awaiting-approval') {
    throw servingError('serving.rollout.not_approved', 'This rollout waits for an approval.');
  }
  const deployment = await store.getDeployment(scope.db, rollout.deployment);
  const revision = await store.getRevision(scope.db, rollout.challenger);
  if (!deployment || !revision) throw servingError('serving.revision.not_found', 'Its revision is gone.');
  state.faults.refuseQuarantined(revision.id);
  const loaded = await reopenRevision(state, scope, deployment.spec, revision);
  await orRelease(loaded, async () => {
    const challenger = await warmed(state, loaded);
    rollout.evidence.transitions.push({ time: scope.now(), state: 'promoted', weight: 100, reason });
    await commitPromotion(state, scope, rollout, challenger, reason);
    swapChampion(state, rollout.deployment, challenger);
  });
}
