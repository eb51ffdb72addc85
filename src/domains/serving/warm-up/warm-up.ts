import { errorText } from '../../../platform/log.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import { type Runner, runAside } from '../runtime/runner.ts';
import type { ServingState } from '../serving.state.ts';
import { recordedFeeds } from './recorded-feeds.ts';
import { type RecordedRequest, recordedRequests } from './recorded-requests.ts';

const mostRequests = 16;
/** Time for the recorded requests of one revision. */
const mostMs = 100;

/**
 * Runs a revision that was just loaded on the last recorded requests of its deployment, so that the first real ones
 * find memory laid out for their shapes and counts of rows. Requests that do not fit its signature, and those that it
 * fails on, are skipped. Nothing of it is recorded or counted, and nothing of it can refuse the revision. Models that
 * run elsewhere are not asked. Returns the revision.
 */
export async function warmed(state: ServingState, live: LiveRevision): Promise<LiveRevision> {
  const { runner, runMs, revision, warmedOn } = live;
  if (['upstream', 'constant', 'none'].includes(runner.placement)) return live;
  const deadline = performance.now() + mostMs;
  const { deployment } = revision;
  try {
    const read = recordedRequests(state.log(deployment), state.platform.tables, mostRequests);
    const recorded = (await until(deadline, read)) ?? [];
    Object.assign(warmedOn, await runRecorded(runner, runMs, recorded, deadline));
  } catch (error) {
    state.platform.log.warn('recorded requests could not be read for a warm-up', {
      deployment,
      error: errorText(error),
    });
  }
  return live;
}

/**
 * Runs recorded requests, the smallest first. One that would end after the deadline, by what a row of the one before
 * has cost, is left out: a run cannot be cut short, and real requests would wait behind it.
 */
export async function runRecorded(
  runner: Runner,
  rowMs: number,
  recorded: readonly RecordedRequest[],
  deadline: number,
): Promise<LiveRevision['warmedOn']> {
  const warmedOn = { requests: 0, rows: 0 };
  let costMs = rowMs;
  for (const request of recorded.toSorted((a, b) => a.rows - b.rows)) {
    const start = performance.now();
    if (start + costMs * request.rows > deadline) break;
    const feeds = recordedFeeds(runner.inputs, request);
    if (feeds === null) continue;
    const run = runAside(runner, feeds).then(
      () => true,
      () => false,
    );
    if (!(await until(deadline, run))) continue;
    costMs = (performance.now() - start) / request.rows;
    warmedOn.requests++;
    warmedOn.rows += request.rows;
  }
  return warmedOn;
}

/** What `work` gives, or undefined when the deadline comes first; the work then ends on its own. */
function until<T>(deadline: number, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), Math.max(0, deadline - performance.now()));
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
