import { record } from '../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../platform/scope.ts';
import { restoreRoute } from './restore.service.ts';
import type { RolloutController } from './rollouts/controller.ts';
import { servingError } from './serving.errors.ts';
import type { ServingState } from './serving.state.ts';
import type { Deployment } from './serving.store.ts';
import * as store from './serving.store.ts';

/**
 * Takes a deployment off the air and gives its memory back, until `reload`, the next deploy or the next start. Its
 * declaration, versions and predictions stay.
 * @throws serving.deployment.not_found, serving.rollout.running
 */
export async function unload(state: ServingState, scope: Scope, name: string): Promise<void> {
  authorise(scope, 'serving.deploy');
  await state.exclusive(name, async () => {
    const deployment = await store.getDeployment(scope.db, name);
    if (!deployment)
      throw servingError('serving.deployment.not_found', 'There is no deployment of this name.');
    if (state.unloaded.has(name)) return;
    const [open] = await store.listRollouts(scope.db, { deployment: name, open: true });
    if (open) throw servingError('serving.rollout.running', 'A rollout of this deployment is open.');
    await recordChange(scope, name, 'unloaded');
    const route = state.route(name);
    const { champion, previous, fallback } = route;
    Object.assign(route, {
      champion: null,
      previous: null,
      fallback: null,
      cold: null,
      error: 'It was unloaded.',
    });
    state.unloaded.add(name);
    route.cache?.clear();
    for (const live of [champion, previous, fallback]) if (live) state.retire(live);
  });
}

/** Brings an unloaded deployment back as it was; call it alone among the changes of the deployment. */
export async function reload(
  state: ServingState,
  controller: RolloutController,
  scope: Scope,
  deployment: Deployment,
): Promise<void> {
  if (!state.unloaded.has(deployment.name)) return;
  await restoreRoute(state, controller, scope, deployment);
  state.unloaded.delete(deployment.name);
  state.route(deployment.name).error = null;
  await recordChange(scope, deployment.name, 'loaded');
}

async function recordChange(scope: Scope, name: string, verb: 'loaded' | 'unloaded'): Promise<void> {
  await transact(scope, (tx) =>
    record(tx, {
      type: `serving.deployment.${verb}`,
      subject: `deployment:${name}`,
      data: { deployment: name },
    }),
  );
}
