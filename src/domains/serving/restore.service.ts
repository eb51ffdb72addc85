import { HoustonError } from '../../platform/errors.ts';
import { errorText } from '../../platform/log.ts';
import type { Scope } from '../../platform/scope.ts';
import { limitsOf } from './admission/gate.ts';
import { declareCache } from './cache/declared-cache.ts';
import { openFallback } from './fallback.service.ts';
import { applyRecording } from './privacy/recording.service.ts';
import { mostAtStart } from './residency/recent-use.ts';
import type { Residency } from './residency/residency.ts';
import type { RolloutController } from './rollouts/controller.ts';
import { liveStates } from './rollouts/rollout.model.ts';
import { reopenRevision } from './runtime/revisions.ts';
import type { ServingState } from './serving.state.ts';
import type { Deployment } from './serving.store.ts';
import * as store from './serving.store.ts';
import { warmed } from './warm-up/warm-up.ts';

/**
 * Makes the routes as the database has them. Loads those with a rollout and those used last, as far as memory goes;
 * the others load at their first request. One that fails to load is reported and does not stop the rest.
 */
export async function restoreRoutes(
  state: ServingState,
  controller: RolloutController,
  scope: Scope,
  residency: Residency,
): Promise<void> {
  const deployments = await store.listDeployments(scope.db);
  const champions = await store.listChampions(scope.db);
  const recent = residency.recent();
  for (const { name, spec, champion } of deployments) {
    const route = state.route(name);
    route.usedAt = recent.get(name) ?? 0;
    applyRecording(state, name, spec);
    route.gate.limits = limitsOf(spec.limits);
    declareCache(state.cacheRoom, route, spec.cache);
    route.cold = (champion !== null && champions.get(champion)) || null;
  }
  const open = await store.listRollouts(scope.db, { open: true, limit: deployments.length });
  const running = new Set(
    open.filter(({ state: at }) => liveStates.includes(at)).map((one) => one.deployment),
  );
  for (const deployment of inOrder(deployments, running, [...recent.keys()])) {
    if (!running.has(deployment.name) && residency.loadedBytes() > residency.budgetBytes) continue;
    const route = state.route(deployment.name);
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

/** Those to load at a start: with a rollout, then the most recently used; all, where there are few. */
function inOrder(
  deployments: readonly Deployment[],
  running: ReadonlySet<string>,
  recent: readonly string[],
): Deployment[] {
  const place = new Map(recent.map((name, i) => [name, i]));
  const rank = ({ name }: Deployment) => (running.has(name) ? -1 : (place.get(name) ?? recent.length));
  const ordered = [...deployments].sort((a, b) => rank(a) - rank(b));
  if (deployments.length <= mostAtStart) return ordered;
  return ordered.filter(({ name }) => running.has(name) || place.has(name));
}

/** Loads one deployment as the database has it. */
export async function restoreRoute(
  state: ServingState,
  controller: RolloutController,
  scope: Scope,
  deployment: Deployment,
): Promise<void> {
  const route = state.route(deployment.name);
  route.gate.limits = limitsOf(deployment.spec.limits);
  declareCache(state.cacheRoom, route, deployment.spec.cache);
  applyRecording(state, deployment.name, deployment.spec);
  const open = async (id: string | null) => {
    const revision = id === null ? undefined : await store.getRevision(scope.db, id);
    if (!revision) return null;
    return warmed(state, await reopenRevision(state, scope, deployment.spec, revision));
  };
  route.champion = await open(deployment.champion);
  if (route.champion) state.meters.keep(route.champion.meter);
  await openFallback(state, scope, deployment);
  const rollouts = await store.listRollouts(scope.db, { deployment: deployment.name, open: true });
  for (const rollout of rollouts) {
    if (liveStates.includes(rollout.state)) await controller.resume(scope, rollout);
  }
  const previous = await open(deployment.previous).catch(() => null);
  route.previous = previous?.runner.placement === 'none' ? null : previous;
  route.cold = null;
  route.error = null;
}

/** Loads a cold deployment before something is done with its champion; call it alone among the deployment's changes. */
export async function loadIfCold(
  state: ServingState,
  controller: RolloutController,
  scope: Scope,
  deployment: Deployment,
): Promise<void> {
  const route = state.route(deployment.name);
  if (route.champion === null && route.cold !== null)
    await restoreRoute(state, controller, scope, deployment);
}
