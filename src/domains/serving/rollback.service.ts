import { record } from '../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../platform/scope.ts';
import { getDeployment } from './deployments.service.ts';
import { loadIfCold } from './restore.service.ts';
import type { RolloutController } from './rollouts/controller.ts';
import type { LiveRevision } from './runtime/live-revision.ts';
import { servingError } from './serving.errors.ts';
import type { ServingState } from './serving.state.ts';
import type { Deployment } from './serving.store.ts';
import * as store from './serving.store.ts';

/**
 * Undoes the last change of a deployment at the next request: a running rollout is aborted and the champion stays;
 * without one, the champion before comes back, the route first, then the record and the alias.
 * @throws serving.rollback.nothing
 */
export async function rollback(
  state: ServingState,
  controller: RolloutController,
  scope: Scope,
  name: string,
  reason: string,
): Promise<Deployment> {
  authorise(scope, 'serving.rollback');
  await getDeployment(scope, name);
  const route = state.route(name);
  if (route.rollout) {
    await controller.end(scope, route.rollout.id, 'aborted', reason);
    return getDeployment(scope, name);
  }
  await state.exclusive(name, async () => {
    await loadIfCold(state, controller, scope, await getDeployment(scope, name));
    const { champion, previous } = route;
    if (!champion || !previous) {
      throw servingError('serving.rollback.nothing', 'There is no earlier version to go back to.');
    }
    route.champion = previous;
    route.previous = champion;
    try {
      await transact(scope, (tx) => commitRollback(state, tx, name, { champion, previous, reason }));
    } catch (error) {
      Object.assign(route, { champion, previous });
      throw error;
    }
  });
  return getDeployment(scope, name);
}

/** The database's half of a rollback: deployment, alias, the rollout that brought the champion in, and the event. */
export async function commitRollback(
  state: ServingState,
  tx: Scope,
  name: string,
  change: { champion: LiveRevision; previous: LiveRevision; reason: string },
): Promise<void> {
  const { reason } = change;
  const left = change.champion.revision;
  const back = change.previous.revision;
  await store.setChampion(tx.db, name, { champion: back.id, previous: left.id }, tx.now());
  if (!back.graph) await state.registry.setAlias(tx, back.model, 'champion', back.version);
  const rollouts = await store.listRollouts(tx.db, { deployment: name });
  const made = rollouts.find((one) => one.state === 'promoted' && one.challenger === left.id);
  if (made) await store.updateRollout(tx.db, made.id, { state: 'rolled-back', weight: 0, reason });
  await record(tx, {
    type: 'serving.rollout.rolled-back',
    subject: `deployment:${name}`,
    data: {
      deployment: name,
      rollout: made?.id ?? null,
      model: left.model,
      version: left.version,
      revision: left.id,
      champion: back.id,
      restored: back.version,
      reason,
    },
    uses: [`revision:${back.id}`, ...(made ? [`rollout:${made.id}`] : [])],
  });
}
