import type { JobContext, JobKind } from '../../../platform/jobs/jobs.ts';
import type { JsonObject } from '../../../platform/json.ts';
import { listEvents, record } from '../../../platform/ledger/index.ts';
import { type Scope, transact } from '../../../platform/scope.ts';
import { deleteTraces } from '../traces/traces.service.ts';
import { type ArtifactHolders, purgeJob, purgeSubject } from './purge.service.ts';
import * as store from './purge.store.ts';

type Payload = store.PurgeFilter & { scheduled?: boolean };
type Work = { filter: store.PurgeFilter; holders: ArtifactHolders; job: JobContext };
type Purged = { experiments: number; runs: number; models: number; traces: number; points: number };

const runsAtOnce = 10;
const modelsAtOnce = 100;
const tracesAtOnce = 500;
const day = 86_400_000;
const daily = `${purgeJob}:daily`;

/**
 * Removes what was deleted, a few rows at a time: each transaction removes whole runs, models or traces together with
 * an event that counts them, so a `kill -9` leaves nothing half gone and the next try goes on. Then bytes that nothing
 * holds any more are marked.
 */
export function purgeJobKind(holders: ArtifactHolders): JobKind {
  return {
    kind: purgeJob,
    atStop: 'release',
    async run(scope, payload, job) {
      const { scheduled, ...given } = payload as unknown as Payload;
      const days = scope.platform.config.gcAfterDays;
      if (scheduled && days === null) return;
      const filter = scheduled ? everythingSince(scope.now() - days! * day) : given;
      const work = { filter, holders, job };
      await purgeRuns(scope, work);
      await purgeModels(scope, work);
      await purgeExperiments(scope, work);
      const marked = await scope.platform.collector.mark(scope);
      await transact(scope, async (tx) => {
        await record(tx, {
          type: 'experiments.gc.finished',
          subject: purgeSubject(job.id),
          data: { ...(await purgedBy(tx, job.id)), unreferenced: marked },
        });
        await job.finish(tx);
      });
      if (scheduled) await scheduleNext(scope, scope.now() + day);
    },
  };
}

const everythingSince = (deletedUntil: number): store.PurgeFilter => ({
  deletedUntil,
  experiments: null,
  runs: null,
});

/** With `gcAfterDays` configured: the next collection of a day, once however often the server starts. */
export async function scheduleNext(scope: Scope, notBefore: number): Promise<void> {
  if (scope.platform.config.gcAfterDays === null) return;
  const payload = { scheduled: true };
  await scope.platform.jobs.enqueue(scope, { kind: purgeJob, key: daily, payload, notBefore });
}

async function within(scope: Scope, filter: store.PurgeFilter): Promise<number[]> {
  return (await store.findExperiments(scope.db, filter)).map(({ id }) => id);
}

async function note(tx: Scope, job: JobContext, data: Partial<Purged> & JsonObject): Promise<void> {
  await record(tx, { type: 'experiments.deleted.purged', subject: purgeSubject(job.id), data });
}

async function purgeRuns(scope: Scope, { filter, holders, job }: Work): Promise<void> {
  for (let after = ''; ; ) {
    const last = await transact(scope, async (tx) => {
      await job.guard(tx);
      const experiments = await within(tx, filter);
      await store.lockExperiments(tx.db, experiments);
      const found = await store.findRuns(tx.db, filter, experiments, after, runsAtOnce);
      await store.lockRuns(tx.db, found);
      const still = { ...filter, runs: found };
      const sure = await store.findRuns(tx.db, still, await within(tx, filter), '', runsAtOnce);
      const held = await holders(tx, sure);
      const ids = sure.filter((id) => !held.has(id));
      if (ids.length > 0) {
        const { points } = await store.removeRuns(tx.db, ids);
        await note(tx, job, { runs: ids.length, points, ids });
      }
      return found.at(-1);
    });
    if (last === undefined) return;
    after = last;
    job.progress(0.2, 'runs');
  }
}

async function purgeModels(scope: Scope, { filter, holders, job }: Work): Promise<void> {
  for (let after = ''; ; ) {
    const last = await transact(scope, async (tx) => {
      await job.guard(tx);
      const experiments = await within(tx, filter);
      await store.lockExperiments(tx.db, experiments);
      const found = await store.findModels(tx.db, filter, await within(tx, filter), after, modelsAtOnce);
      const held = await holders(tx, found);
      const ids = found.filter((id) => !held.has(id));
      if (ids.length > 0) {
        await store.removeModels(tx.db, ids);
        await note(tx, job, { models: ids.length, ids });
      }
      return found.at(-1);
    });
    if (last === undefined) return;
    after = last;
    job.progress(0.5, 'logged models');
  }
}

/** Traces and what else an experiment has, then the experiment itself unless something of it is kept. */
async function purgeExperiments(scope: Scope, { filter, job }: Work): Promise<void> {
  for (const { id, name } of await store.findExperiments(scope.db, filter)) {
    const only = { ...filter, experiments: [id] };
    for (let removed = tracesAtOnce; removed === tracesAtOnce; ) {
      removed = await transact(scope, async (tx) => {
        await job.guard(tx);
        await store.lockExperiments(tx.db, [id]);
        if ((await within(tx, only)).length === 0) return 0;
        const which = { until: Number.MAX_SAFE_INTEGER, most: tracesAtOnce };
        const traces = await deleteTraces(tx, id, which);
        if (traces > 0) await note(tx, job, { traces });
        return traces;
      });
    }
    await transact(scope, async (tx) => {
      await job.guard(tx);
      if (await store.removeExperiment(tx.db, id))
        await note(tx, job, { experiments: 1, experiment: id, name });
    });
    job.progress(0.7, 'experiments');
  }
}

/** Counts over all tries of a job, from its own events. */
async function purgedBy(tx: Scope, job: string): Promise<Purged> {
  const sum: Purged = { experiments: 0, runs: 0, models: 0, traces: 0, points: 0 };
  for (let after = 0; ; ) {
    const events = await listEvents(tx, {
      subject: purgeSubject(job),
      types: ['experiments.deleted.purged'],
      order: 'oldest',
      after,
      limit: 1000,
    });
    for (const { data, seq } of events) {
      for (const key of Object.keys(sum) as (keyof Purged)[]) sum[key] += Number(data[key] ?? 0);
      after = seq;
    }
    if (events.length < 1000) return sum;
  }
}
