import { join } from 'node:path';
import { dataFolder } from '../../../platform/config.ts';
import { HoustonError } from '../../../platform/errors.ts';
import { errorText } from '../../../platform/log.ts';
import { type Route, revisionsOf } from '../routing/route.ts';
import { servingError } from '../serving.errors.ts';
import type { ServingState } from '../serving.state.ts';
import { readRecent, writeRecent } from './recent-use.ts';
import { createTurns } from './turns.ts';

/** Which models are in memory. A deployment without its model there is cold, and loads at its first request. */
export type Residency = {
  readonly budgetBytes: number;
  readonly counts: { loads: number; failures: number; evictions: number };
  loadedBytes(): number;
  /**
   * Loads a cold deployment: undefined when there is nothing to load, else a promise that all who ask meanwhile share.
   * @throws serving.deployment.not_ready when its model does not load; the others do not notice.
   */
  wake(route: Route): Promise<void> | undefined;
  /** Gives memory back until the budget holds: the least recently used first, never one that is at work. */
  fit(): void;
  /** When the deployments used last before the last stop were used, newest first. */
  recent(): Map<string, number>;
  remember(): Promise<void>;
};

/** Loads at once: one that hangs does not keep the others cold. */
const loadsAtOnce = 4;
/** A model that did not load is left alone for so long. */
const retryMs = 5000;
/** Who was loaded or asked in this time stays, so that those who wait for a load find it. */
const graceMs = 100;
/** Share of the budget that is in use after an eviction, so that not every load has to look for room. */
const roomAfter = 0.95;
/** Evictions in one go: giving memory back takes the event loop a while. */
const mostEvictions = 50;
/** Longest time for which somebody may hold a revision without a request under way. */
const drainMs = 1000;

/** `load` brings a deployment into memory as the database has it, alone among its changes. */
export function createResidency(state: ServingState, load: (deployment: string) => Promise<void>): Residency {
  const { platform, routes } = state;
  const { now, log } = platform;
  const path = join(dataFolder(platform.config, 'predictions'), 'recent.json');
  const loading = new Map<string, { done: Promise<void>; waiting: number }>();
  const turns = createTurns(loadsAtOnce);
  let remembering: Promise<void> | undefined;
  const counts = { loads: 0, failures: 0, evictions: 0 };

  const loadedBytes = () => {
    let sum = 0;
    for (const route of routes.values()) sum += bytesOf(route);
    return sum;
  };
  const loadOne = async (route: Route) => {
    try {
      await state.exclusive(route.deployment, () => turns.run(() => load(route.deployment)));
      counts.loads++;
      route.usedAt = now();
      residency.fit();
    } catch (error) {
      counts.failures++;
      route.error = error instanceof HoustonError ? error.message : 'Its model could not be loaded.';
      route.retryAt = now() + retryMs;
      log.error('a deployment could not be loaded', {
        deployment: route.deployment,
        error: errorText(error),
      });
      throw notLoaded(route);
    } finally {
      loading.delete(route.deployment);
    }
  };

  const residency: Residency = {
    budgetBytes: platform.config.modelMemoryBytes,
    counts,
    loadedBytes,
    wake(route) {
      if (route.champion || !route.cold) return undefined;
      let entry = loading.get(route.deployment);
      if (!entry) {
        if (now() < route.retryAt) throw notLoaded(route);
        entry = { done: loadOne(route), waiting: 0 };
        loading.set(route.deployment, entry);
      }
      if (entry.waiting >= route.gate.limits.maxQueue + 1) {
        route.gate.refuse('queue-full');
        throw servingError(
          'serving.request.overloaded',
          'Too many requests wait for this model to be loaded.',
        );
      }
      entry.waiting++;
      return entry.done;
    },
    fit() {
      const bytes = loadedBytes();
      if (bytes <= residency.budgetBytes) return;
      let over = bytes - roomAfter * residency.budgetBytes;
      const loaded = [...routes.values()]
        .filter((route) => bytesOf(route) > 0)
        .sort((a, b) => a.usedAt - b.usedAt);
      // The newest stays, so that a model larger than the budget is not loaded for each of its requests.
      loaded.pop();
      const before = now() - graceMs;
      let evicted = 0;
      for (const route of loaded) {
        if (evicted === mostEvictions) return;
        if (!isIdle(route, before) || state.isChanging(route.deployment)) continue;
        if (over <= 0) return;
        over -= bytesOf(route);
        evict(state, route);
        evicted++;
        counts.evictions++;
      }
    },
    recent: () => readRecent(path),
    remember() {
      remembering ??= writeRecent(path, routes.values()).finally(() => {
        remembering = undefined;
      });
      return remembering;
    },
  };
  return residency;
}

function evict(state: ServingState, route: Route): void {
  const gone = revisionsOf(route);
  route.cold = route.champion?.revision ?? null;
  Object.assign(route, { champion: null, previous: null, fallback: null });
  route.cache?.clear();
  for (const live of gone) state.retire(live, drainMs);
}

/** Bytes of the models that a route holds. Asked of every route at every load, so nothing is made for it. */
export function bytesOf({ champion, previous, fallback, rollout }: Route): number {
  let sum = champion?.bytes ?? 0;
  if (previous !== champion) sum += previous?.bytes ?? 0;
  if (fallback !== champion && fallback !== previous) sum += fallback?.bytes ?? 0;
  return sum + (rollout?.challenger.bytes ?? 0);
}

/** Nobody asks it now or has just asked it, and no rollout measures it. */
function isIdle({ champion, rollout, gate, usedAt }: Route, before: number): boolean {
  return (
    champion !== null && rollout === null && usedAt < before && gate.running() === 0 && gate.queued() === 0
  );
}

function notLoaded(route: Route): HoustonError {
  return servingError('serving.deployment.not_ready', route.error ?? 'Its model could not be loaded.');
}
