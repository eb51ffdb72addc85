import { performance } from 'node:perf_hooks';
import { errorText } from '../../../platform/log.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import type { ServingState } from '../serving.state.ts';
import { recordedFeeds } from './recorded-feeds.ts';
import { recordedRequests } from './recorded-requests.ts';

const mostRequests = 16;
/** Time for the recorded requests of one revision; a run that has begun is not cut short. */
const mostMs = 100;

/**
 * Runs a revision that was just loaded on the last recorded requests of its deployment, so that the first real ones
 * find memory laid out for their shapes and counts of rows. Requests that do not fit its signature, and those that it
 * fails on, are skipped. Nothing of it is recorded or counted, and nothing of it can refuse the revision. Models that
 * run elsewhere are not asked. Returns the revision.
 */
export async function warmed(state: ServingState, live: LiveRevision): Promise<LiveRevision> {
  const { placement, inputs } = live.runner;
  if (placement === 'upstream' || placement === 'constant') return live;
  const deadline = performance.now() + mostMs;
  const { deployment } = live.revision;
  const read = recordedRequests(state.log(deployment), state.platform.tables, mostRequests);
  const recorded = await until(deadline, read).catch((error: unknown) => {
    state.platform.log.warn('recorded requests could not be read for a warm-up', {
      deployment,
      error: errorText(error),
    });
    return undefined;
  });
  for (const request of recorded ?? []) {
    if (performance.now() >= deadline) break;
    const feeds = recordedFeeds(inputs, request);
    if (feeds === null) continue;
    const run = live.runner.run(feeds).then(
      () => true,
      () => false,
    );
    if (!(await until(deadline, run))) continue;
    live.warmedOn.requests++;
    live.warmedOn.rows += request.rows;
  }
  return live;
}

/** What `work` gives, or undefined when the deadline comes first; the work then ends on its own. */
function until<T>(deadline: number, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), Math.max(0, deadline - performance.now()));
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
