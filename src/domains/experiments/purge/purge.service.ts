import type { JsonObject } from '../../../platform/json.ts';
import { listEvents, record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { experimentsError } from '../experiments.contract.ts';
import { countPoints } from '../points/points.store.ts';
import * as store from './purge.store.ts';
import { findExperiments, type PurgeFilter } from './purge.store.ts';

export type PurgeRequest = { olderThanSeconds?: number; experiments?: string[]; runs?: string[] };

/** Something that stays although it is deleted, and why. */
export type Kept = { subject: string; why: string };

/** What a purge removes; `frees` are the bytes that nothing else holds. */
export type PurgePlan = {
  experiments: { id: number; name: string }[];
  runs: number;
  models: number;
  traces: number;
  points: number;
  artifacts: { files: number; bytes: number };
  frees: { blobs: number; bytes: number };
  /** Bytes that nothing holds already now. */
  unreferenced: { blobs: number; bytes: number };
  kept: Kept[];
};

/** Tells which runs and logged models a higher floor still reads files of, and what for. */
export type ArtifactHolders = (
  scope: Scope,
  owners: readonly string[],
) => Promise<ReadonlyMap<string, string>>;

export const purgeJob = 'experiments.gc';
export const purgeSubject = (job: string) => `gc:${job}`;

/** Reads a request: names to ids, ages to times. @throws experiments.experiment.not_found, experiments.purge.active */
export async function readRequest(scope: Scope, request: PurgeRequest): Promise<PurgeFilter> {
  authorise(scope, 'experiments.purge');
  const experiments = request.experiments && (await experimentIds(scope, request.experiments));
  if (request.runs) await checkRuns(scope, request.runs);
  return {
    deletedUntil: scope.now() - (request.olderThanSeconds ?? 0) * 1000,
    experiments: experiments ?? null,
    runs: request.runs ?? null,
  };
}

async function experimentIds(scope: Scope, wanted: readonly string[]): Promise<number[]> {
  const rows = await scope.db
    .selectFrom('experiments_experiments')
    .select(['id', 'name'])
    .where((where) =>
      where.or([
        where('name', 'in', [...wanted]),
        where('id', 'in', [-1, ...wanted.filter((one) => /^\d{1,9}$/.test(one)).map(Number)]),
      ]),
    )
    .execute();
  return wanted.map((one) => {
    const row = rows.find(({ name }) => name === one) ?? rows.find(({ id }) => String(id) === one);
    if (row) return row.id;
    throw experimentsError('experiments.experiment.not_found', 'There is no experiment of this name or id.');
  });
}

async function checkRuns(scope: Scope, wanted: readonly string[]): Promise<void> {
  const rows = await scope.db
    .selectFrom('experiments_runs')
    .select(['id', 'stage'])
    .where('id', 'in', [...wanted])
    .execute();
  for (const id of wanted) {
    const row = rows.find((one) => one.id === id);
    if (!row) throw experimentsError('experiments.run.not_found', 'There is no run with this id.');
    if (row.stage !== 'deleted')
      throw experimentsError('experiments.purge.active', 'A named run is not deleted.');
  }
}

const page = 500;

/** What a purge would remove now; changes nothing. */
export async function planPurge(
  scope: Scope,
  filter: PurgeFilter,
  holders: ArtifactHolders,
): Promise<PurgePlan> {
  authorise(scope, 'experiments.purge');
  const { db } = scope;
  const experiments = await findExperiments(db, filter);
  const within = experiments.map(({ id }) => id);
  const kept: Kept[] = [];
  const doomed = { runs: 0, models: 0, points: 0 };
  const digests = new Map<string, { files: number; size: number }>();
  const addArtifacts = (rows: readonly { digest: string; size: number }[]) => {
    for (const { digest, size } of rows) {
      const files = (digests.get(digest)?.files ?? 0) + 1;
      digests.set(digest, { files, size });
    }
  };
  for (const [kind, find] of [
    ['runs', store.findRuns],
    ['models', store.findModels],
  ] as const) {
    for (let after = ''; ; ) {
      const found = await find(db, filter, within, after, page);
      if (found.length === 0) break;
      after = found.at(-1)!;
      const held = await holders(scope, found);
      kept.push(...keptOf(held, kind));
      const ids = found.filter((id) => !held.has(id));
      doomed[kind] += ids.length;
      if (kind === 'runs') doomed.points += await countPoints(db, ids);
      addArtifacts(await store.artifactsOf(db, ids));
    }
  }
  addArtifacts(await store.artifactsOfTraces(db, within));
  return {
    experiments,
    runs: doomed.runs,
    models: doomed.models,
    points: doomed.points,
    traces: await store.countTraces(db, within),
    ...(await weigh(scope, digests)),
    unreferenced: await scope.platform.collector.find(scope),
    kept,
  };
}

const keptOf = (held: ReadonlyMap<string, string>, kind: 'runs' | 'models'): Kept[] =>
  [...held].map(([id, why]) => ({
    subject: `${kind === 'runs' ? 'experiment-run' : 'logged-model'}:${id}`,
    why,
  }));

/** Files and bytes of artifacts that go, and what is freed because nothing else holds it. */
async function weigh(scope: Scope, digests: ReadonlyMap<string, { files: number; size: number }>) {
  const artifacts = { files: 0, bytes: 0 };
  const frees = { blobs: 0, bytes: 0 };
  const all = [...digests.keys()];
  const unheld = await scope.platform.collector.unheldBeside(scope, all, 'experiments_artifacts');
  for (let from = 0; from < all.length; from += page) {
    const some = all.slice(from, from + page);
    const holders = await store.countHolders(scope.db, some);
    for (const digest of some) {
      const { files, size } = digests.get(digest)!;
      artifacts.files += files;
      artifacts.bytes += files * size;
      if (!unheld.has(digest) || holders.get(digest)! > files) continue;
      frees.blobs++;
      frees.bytes += size;
    }
  }
  return { artifacts, frees };
}

/** Has a purge done in the background; returns the id of its job. */
export async function startPurge(scope: Scope, filter: PurgeFilter): Promise<string> {
  authorise(scope, 'experiments.purge');
  return transact(scope, async (tx) => {
    const payload = { ...filter } as JsonObject;
    const job = await tx.platform.jobs.enqueue(tx, { kind: purgeJob, payload });
    await record(tx, { type: 'experiments.gc.requested', subject: purgeSubject(job), data: payload });
    return job;
  });
}

export type PurgeState = { id: string; state: string; note: string | null; result: JsonObject | null };

/** How far a purge is, and what it removed once it is done. @throws experiments.purge.not_found */
export async function getPurge(scope: Scope, id: string): Promise<PurgeState> {
  authorise(scope, 'experiments.purge');
  const job = await scope.platform.jobs.get(scope, id);
  if (job?.kind !== purgeJob) {
    throw experimentsError('experiments.purge.not_found', 'There is no such job of the collector.');
  }
  const [done] = await listEvents(scope, {
    subject: purgeSubject(id),
    types: ['experiments.gc.finished'],
    limit: 1,
  });
  return { id, state: job.state, note: job.note, result: (done?.data as JsonObject | undefined) ?? null };
}
