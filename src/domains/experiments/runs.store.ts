import { sql } from 'kysely';
import type { Db } from '../../platform/db/database.ts';
import { type BulkTarget, insertMany, isAnyPairOf } from './bulk.store.ts';
import type { ArtifactRow, RunInputRow, RunRow } from './experiments.tables.ts';

export type RunWithExperiment = RunRow & { experiment: string };

export async function insertRun(db: Db, run: RunRow): Promise<void> {
  await db.insertInto('experiments_runs').values(run).execute();
}

export function findRun(db: Db, id: string): Promise<RunWithExperiment | undefined> {
  return db
    .selectFrom('experiments_runs')
    .innerJoin('experiments_experiments', 'experiments_experiments.id', 'experiments_runs.experiment_id')
    .selectAll('experiments_runs')
    .select('experiments_experiments.name as experiment')
    .where('experiments_runs.id', '=', id)
    .executeTakeFirst();
}

/** Ends a run that has not ended; false when it had. */
export async function endRun(db: Db, id: string, status: string, endedAt: number): Promise<boolean> {
  const result = await db
    .updateTable('experiments_runs')
    .set({ status, ended_at: endedAt })
    .where('id', '=', id)
    .where('status', 'in', ['running', 'scheduled'])
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

export type PairRow = { run_id: string; key: string; value: string };

const pairColumns = [
  ['run_id', 'text'],
  ['key', 'text'],
  ['value', 'text'],
] as const;
const paramTarget: BulkTarget = {
  table: 'experiments_params',
  columns: pairColumns,
  suffix: 'on conflict do nothing',
};
const tagTarget: BulkTarget = {
  table: 'experiments_run_tags',
  columns: pairColumns,
  suffix: 'on conflict (run_id, key) do update set value = excluded.value',
};
const values = (rows: readonly PairRow[]) => rows.map(({ run_id, key, value }) => [run_id, key, value]);

/** Adds params that are new and returns those whose stored value differs. */
export async function addParams(db: Db, rows: readonly PairRow[]): Promise<PairRow[]> {
  await insertMany(db, paramTarget, values(rows));
  const wanted = new Map(rows.map(({ run_id, key, value }) => [`${run_id} ${key}`, value]));
  const stored = await storedParams(db, rows);
  return stored.filter(({ run_id, key, value }) => wanted.get(`${run_id} ${key}`) !== value);
}

/** What is stored under the runs and keys of the given params. */
export async function storedParams(db: Db, rows: readonly PairRow[]): Promise<PairRow[]> {
  if (rows.length === 0) return [];
  return db
    .selectFrom('experiments_params')
    .selectAll()
    .where(
      isAnyPairOf(
        db,
        ['run_id', 'key'],
        rows.map(({ run_id, key }) => [run_id, key]),
      ),
    )
    .execute();
}

/** Sets tags, one row for each run and key; the last write wins. */
export async function setTags(db: Db, rows: readonly PairRow[]): Promise<void> {
  await insertMany(db, tagTarget, values(rows));
}

/** A record as rows of one run. */
export const pairRows = (runId: string, pairs: Readonly<Record<string, string>>): PairRow[] =>
  Object.entries(pairs).map(([key, value]) => ({ run_id: runId, key, value }));

export async function addArtifacts(db: Db, artifacts: readonly ArtifactRow[]): Promise<void> {
  if (artifacts.length === 0) return;
  await db
    .insertInto('experiments_artifacts')
    .values([...artifacts])
    .onConflict((conflict) =>
      conflict.columns(['run_id', 'path']).doUpdateSet({
        digest: sql<string>`excluded.digest`,
        size: sql<number>`excluded.size`,
        media_type: sql<string>`excluded.media_type`,
        created_at: sql<number>`excluded.created_at`,
      }),
    )
    .execute();
}

export function listArtifacts(db: Db, runId: string): Promise<ArtifactRow[]> {
  return db
    .selectFrom('experiments_artifacts')
    .selectAll()
    .where('run_id', '=', runId)
    .orderBy('path')
    .execute();
}

export async function addInputs(db: Db, inputs: readonly RunInputRow[]): Promise<void> {
  if (inputs.length === 0) return;
  await db
    .insertInto('experiments_run_inputs')
    .values([...inputs])
    .onConflict((conflict) => conflict.columns(['run_id', 'subject', 'role']).doNothing())
    .execute();
}

export function listInputs(db: Db, runId: string): Promise<RunInputRow[]> {
  return db.selectFrom('experiments_run_inputs').selectAll().where('run_id', '=', runId).execute();
}

export type RunData = {
  params: Record<string, string>;
  tags: Record<string, string>;
  metrics: { key: string; value: number; special: number }[];
};

/** Params, tags and latest metrics of several runs, in three queries. */
export async function runData(db: Db, ids: readonly string[]): Promise<Map<string, RunData>> {
  const data = new Map<string, RunData>(ids.map((id) => [id, { params: {}, tags: {}, metrics: [] }]));
  if (ids.length === 0) return data;
  const [params, tags, metrics] = await Promise.all([
    db.selectFrom('experiments_params').selectAll().where('run_id', 'in', ids).execute(),
    db.selectFrom('experiments_run_tags').selectAll().where('run_id', 'in', ids).execute(),
    db.selectFrom('experiments_series').selectAll().where('run_id', 'in', ids).execute(),
  ]);
  for (const row of params) data.get(row.run_id)!.params[row.key] = row.value;
  for (const row of tags) data.get(row.run_id)!.tags[row.key] = row.value;
  for (const row of metrics) data.get(row.run_id)!.metrics.push(row);
  return data;
}
