import { HoustonError } from '../../platform/errors.ts';
import { errorText } from '../../platform/log.ts';
import type { Scope } from '../../platform/scope.ts';
import { openFallback } from './fallback.service.ts';
import type { RolloutController } from './rollouts/controller.ts';
import { liveStates } from './rollouts/rollout.model.ts';
import { reopenRevision } from './runtime/revisions.ts';
import type { ServingState } from './serving.state.ts';
import type { Deployment } from './serving.store.ts';
import * as store from './serving.store.ts';

/** Loads every deployment as the database has it; one that fails to load is reported and does not stop the rest. */
export async function restoreRoutes(
  state: ServingState,
  controller: RolloutController,
  scope: Scope,
): Promise<void> {
  for (const deployment of await store.listDeployments(scope.db)) {
    const route = state.route(deployment.name);
    state.log(deployment.name);
    try {
      await restoreRoute(state, controller, scope, deployment);
    } catch (error) {
      route.error = error instanceof HoustonError ? error.message : 'Its model could not be loaded.';
      scope.log.error('a deployment could not be loaded', {
        deployment: deployment.name,
        error: errorText(error),
      });
    }
  }
}

/** Loads one deployment as the database has it. */
export async function restoreRoute(
  state: ServingState,
  controller: RolloutController,
  scope: Scope,
  deployment: Deployment,
): Promise<void> {
  const route = state.route(deployment.name);
  const open = async (id: string | null) => {
    const revision = id === null ? undefined : await store.getRevision(scope.db, id);
    return revision ? reopenRevision(state, scope, deployment.spec, revision) : null;
  };
  route.champion = await open(deployment.champion);
  if (route.champion) state.meters.set(route.champion.revision.id, route.champion.meter);
  await openFallback(state, scope, deployment);
  const rollouts = await store.listRollouts(scope.db, { deployment: deployment.name, open: true });
  for (const rollout of rollouts) {
    if (liveStates.includes(rollout.state)) await controller.resume(scope, rollout);
  }
  route.previous = await open(deployment.previous).catch(() => null);
}
