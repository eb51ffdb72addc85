import type { Db } from '../../../platform/db/database.ts';
import type { JsonObject } from '../../../platform/json.ts';
import type { RunState } from '../pipelines.contract.ts';
import type { CacheRow, RunRow, StepRow } from '../pipelines.tables.ts';
import type { PlanStep } from './plan.model.ts';

export async function insertRun(db: Db, row: RunRow): Promise<void> {
  await db.insertInto('pipelines_runs').values(row).execute();
}

export function findRun(db: Db, id: string): Promise<RunRow | undefined> {
  return db.selectFrom('pipelines_runs').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Reads a run and holds it until the transaction ends: who changes its steps does so alone. */
export function lockRun(db: Db, id: string): Promise<RunRow | undefined> {
  return db
    .updateTable('pipelines_runs')
    .set((eb) => ({ lock: eb('lock', '+', 1) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
}

export async function updateRun(db: Db, id: string, values: Partial<RunRow>): Promise<void> {
  await db.updateTable('pipelines_runs').set(values).where('id', '=', id).execute();
}

export type RunFilter = { pipeline?: string; state?: RunState; before?: string; limit?: number };

/** Runs that match, newest first. */
export function listRuns(db: Db, filter: RunFilter): Promise<RunRow[]> {
  let query = db.selectFrom('pipelines_runs').selectAll();
  if (filter.pipeline) query = query.where('pipeline', '=', filter.pipeline);
  if (filter.state) query = query.where('state', '=', filter.state);
  if (filter.before) query = query.where('id', '<', filter.before);
  return query
    .orderBy('id', 'desc')
    .limit(filter.limit ?? 50)
    .execute();
}

/** The newest run that an event or a trigger started, if any. */
export function findRunByTrigger(
  db: Db,
  pipeline: string,
  by: { event: string } | { key: string; state?: RunState; since?: number },
): Promise<RunRow | undefined> {
  let query = db.selectFrom('pipelines_runs').selectAll().where('pipeline', '=', pipeline);
  if ('event' in by) query = query.where('trigger_event', '=', by.event);
  else {
    query = query.where('trigger_key', '=', by.key);
    if (by.state) query = query.where('state', '=', by.state);
    if (by.since !== undefined) query = query.where('created_at', '>', by.since);
  }
  return query.orderBy('id', 'desc').limit(1).executeTakeFirst();
}

/** The queued runs that a pipeline may start now, oldest first. */
export async function admissibleRuns(db: Db, pipeline: string, concurrency: number): Promise<RunRow[]> {
  const { running } = await db
    .selectFrom('pipelines_runs')
    .select((eb) => eb.fn.countAll<number>().as('running'))
    .where('pipeline', '=', pipeline)
    .where('state', '=', 'running')
    .executeTakeFirstOrThrow();
  const free = concurrency - Number(running);
  if (free <= 0) return [];
  return db
    .selectFrom('pipelines_runs')
    .selectAll()
    .where('pipeline', '=', pipeline)
    .where('state', '=', 'queued')
    .orderBy('id')
    .limit(free)
    .execute();
}

/** Runs by pipeline and state, for the list of pipelines. */
export async function countRuns(db: Db): Promise<{ pipeline: string; state: RunState; count: number }[]> {
  const rows = await db
    .selectFrom('pipelines_runs')
    .select((eb) => ['pipeline', 'state', eb.fn.countAll<number>().as('count')])
    .groupBy(['pipeline', 'state'])
    .execute();
  return rows.map((row) => ({ ...row, count: Number(row.count) }));
}

export async function insertSteps(db: Db, rows: StepRow[]): Promise<void> {
  for (let at = 0; at < rows.length; at += 30) {
    await db
      .insertInto('pipelines_steps')
      .values(rows.slice(at, at + 30))
      .execute();
  }
}

export function listSteps(db: Db, runId: string): Promise<StepRow[]> {
  return db
    .selectFrom('pipelines_steps')
    .selectAll()
    .where('run_id', '=', runId)
    .orderBy('position')
    .orderBy('key')
    .execute();
}

/** Steps of several runs, for lists. */
export function listStepsOf(db: Db, runIds: readonly string[]): Promise<StepRow[]> {
  if (runIds.length === 0) return Promise.resolve([]);
  return db
    .selectFrom('pipelines_steps')
    .selectAll()
    .where('run_id', 'in', runIds)
    .orderBy('position')
    .orderBy('key')
    .execute();
}

export function findStep(db: Db, runId: string, key: string): Promise<StepRow | undefined> {
  return db
    .selectFrom('pipelines_steps')
    .selectAll()
    .where('run_id', '=', runId)
    .where('key', '=', key)
    .executeTakeFirst();
}

export async function updateStep(
  db: Db,
  runId: string,
  key: string,
  values: Partial<StepRow>,
): Promise<void> {
  await db
    .updateTable('pipelines_steps')
    .set(values)
    .where('run_id', '=', runId)
    .where('key', '=', key)
    .execute();
}

/** Shows progress, unless the step has gone on to another attempt or has ended. */
export async function updateProgress(
  db: Db,
  step: Pick<StepRow, 'run_id' | 'key' | 'attempt'>,
  values: { progress: number; note: string | null },
): Promise<void> {
  await db
    .updateTable('pipelines_steps')
    .set(values)
    .where('run_id', '=', step.run_id)
    .where('key', '=', step.key)
    .where('attempt', '=', step.attempt)
    .where('state', '=', 'running')
    .execute();
}

export async function deleteSteps(db: Db, runId: string, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await db.deleteFrom('pipelines_steps').where('run_id', '=', runId).where('key', 'in', keys).execute();
}

/** Steps that wait for an approval. */
export function stepsAwaiting(db: Db, subject: string): Promise<StepRow[]> {
  return db
    .selectFrom('pipelines_steps')
    .selectAll()
    .where('awaiting', '=', subject)
    .where('state', '=', 'awaiting-approval')
    .execute();
}

/** The last time that this step of this pipeline ran with a cache key, in an earlier run. */
export function previousKeyedStep(
  db: Db,
  pipeline: string,
  step: Pick<StepRow, 'run_id' | 'key'>,
): Promise<Pick<StepRow, 'run_id' | 'cache_material' | 'state'> | undefined> {
  return db
    .selectFrom('pipelines_steps')
    .innerJoin('pipelines_runs', 'pipelines_runs.id', 'pipelines_steps.run_id')
    .select(['pipelines_steps.run_id', 'pipelines_steps.cache_material', 'pipelines_steps.state'])
    .where('pipelines_runs.pipeline', '=', pipeline)
    .where('pipelines_steps.key', '=', step.key)
    .where('pipelines_steps.run_id', '<', step.run_id)
    .where('pipelines_steps.cache_material', 'is not', null)
    .orderBy('pipelines_steps.run_id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export function findCached(db: Db, key: string): Promise<CacheRow | undefined> {
  return db.selectFrom('pipelines_cache').selectAll().where('key', '=', key).executeTakeFirst();
}

export async function putCached(db: Db, row: CacheRow): Promise<void> {
  const { key: _key, ...values } = row;
  await db
    .insertInto('pipelines_cache')
    .values(row)
    .onConflict((conflict) => conflict.column('key').doUpdateSet(values))
    .execute();
}

export async function touchCached(db: Db, key: string, time: number): Promise<void> {
  await db.updateTable('pipelines_cache').set({ used_at: time }).where('key', '=', key).execute();
}

export const parseObject = (text: string | null): JsonObject =>
  text === null ? {} : (JSON.parse(text) as JsonObject);

/** What the plan must know of a stored step. */
export function toPlanStep(row: StepRow): PlanStep {
  return {
    key: row.key,
    job: row.job,
    state: row.state,
    matrix: row.matrix === null ? null : parseObject(row.matrix),
    expands: row.expands === 1,
    outputs: parseObject(row.outputs),
  };
}
