import { HoustonError } from '../../platform/errors.ts';
import { errorText } from '../../platform/log.ts';
import type { Platform } from '../../platform/platform.ts';
import { transact } from '../../platform/scope.ts';
import { type Doors, due } from './evaluate.service.ts';
import { listMonitored } from './monitoring.store.ts';

export const evaluateJob = 'monitoring/evaluate';

type Watched = { rows: number; nextAt: number; delayMs: number };

const tickMs = 500;
const leastDelayMs = 1000;
const mostDelayMs = 10_000;
/** Also without new predictions: traffic that has stopped closes its last windows. */
const quietMs = 60_000;

/**
 * Looks whether windows are due where predictions have come, and enqueues one evaluation for all of them. Looks again
 * after at least ten times what the look cost, and less often while nothing is due.
 */
export function createWatcher(platform: Platform, doors: Doors) {
  const watched = new Map<string, Watched>();
  let timer: NodeJS.Timeout | undefined;
  let busy: Promise<void> | undefined;

  const rowsOf = (deployment: string) => {
    let rows = 0;
    for (const meter of doors.serving.meters(deployment)) rows += meter.rows;
    return rows;
  };

  const stateOf = (deployment: string) => {
    const state = watched.get(deployment) ?? { rows: -1, nextAt: 0, delayMs: leastDelayMs };
    watched.set(deployment, state);
    return state;
  };

  const isRipe = (deployment: string) => {
    const { rows, nextAt } = stateOf(deployment);
    const now = Date.now();
    return now >= nextAt && (rows !== rowsOf(deployment) || now >= nextAt + quietMs);
  };

  const look = async (deployment: string, state: Watched) => {
    const scope = platform.systemScope('system:monitoring');
    const began = performance.now();
    const found = await due(doors, scope, deployment);
    if (found.length > 0) {
      await transact(scope, (tx) =>
        platform.jobs.enqueue(tx, {
          kind: evaluateJob,
          payload: { deployment },
          key: `${evaluateJob}:${deployment}`,
        }),
      );
    }
    const cost = performance.now() - began;
    state.delayMs =
      found.length > 0 ? leastDelayMs : Math.min(mostDelayMs, Math.max(leastDelayMs, state.delayMs * 2));
    state.nextAt = Date.now() + Math.max(state.delayMs, 10 * cost);
  };

  const tick = async () => {
    const scope = platform.systemScope('system:monitoring');
    const ripe = (await listMonitored(scope.db)).filter(isRipe);
    if (ripe.length === 0) return;
    // A monitor outlives its deployment: windows and incidents stay readable, and nothing is left to watch.
    const deployments = new Set((await doors.serving.listDeployments(scope)).map(({ name }) => name));
    for (const deployment of ripe) {
      const state = stateOf(deployment);
      state.rows = rowsOf(deployment);
      state.nextAt = Date.now();
      if (!deployments.has(deployment)) continue;
      await look(deployment, state).catch((error) => {
        state.nextAt = Date.now() + mostDelayMs;
        // Removed this moment.
        if (error instanceof HoustonError && error.code === 'serving.deployment.not_found') return;
        platform.log.error('monitoring could not look for windows', { deployment, error: errorText(error) });
      });
    }
  };

  return {
    start() {
      timer = setInterval(() => {
        busy ??= tick()
          .catch((error) =>
            platform.log.error('monitoring could not list its deployments', { error: errorText(error) }),
          )
          .finally(() => {
            busy = undefined;
          });
      }, tickMs).unref();
    },
    async stop() {
      clearInterval(timer);
      await busy;
    },
  };
}
