import { sql } from 'kysely';
import type { Db } from '../../platform/db/database.ts';
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

/** Adds params that are new and returns those of the wanted keys whose stored value differs. */
export async function addParams(
  db: Db,
  runId: string,
  params: Record<string, string>,
): Promise<{ key: string; stored: string }[]> {
  const keys = Object.keys(params);
  if (keys.length === 0) return [];
  await db
    .insertInto('experiments_params')
    .values(keys.map((key) => ({ run_id: runId, key, value: params[key]! })))
    .onConflict((conflict) => conflict.columns(['run_id', 'key']).doNothing())
    .execute();
  const stored = await db
    .selectFrom('experiments_params')
    .selectAll()
    .where('run_id', '=', runId)
    .where('key', 'in', keys)
    .execute();
  return stored
    .filter(({ key, value }) => params[key] !== value)
    .map(({ key, value }) => ({ key, stored: value }));
}

/** Sets tags; the last write wins. */
export async function setTags(db: Db, runId: string, tags: Record<string, string>): Promise<void> {
  const rows = Object.entries(tags).map(([key, value]) => ({ run_id: runId, key, value }));
  if (rows.length === 0) return;
  await db
    .insertInto('experiments_run_tags')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['run_id', 'key']).doUpdateSet({ value: sql<string>`excluded.value` }),
    )
    .execute();
}

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
