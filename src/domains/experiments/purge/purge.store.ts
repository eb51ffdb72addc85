import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Db } from '../../../platform/db/database.ts';
import { isAnyOf } from '../bulk.store.ts';
import { removePoints } from '../points/points.store.ts';

/** What is asked to go for good: all that was deleted until a time, or only that of some experiments or runs. */
export type PurgeFilter = {
  deletedUntil: number;
  experiments: readonly number[] | null;
  runs: readonly string[] | null;
};

const deletedAt = sql<number>`coalesce(deleted_at, ended_at, started_at)`;

/** Deleted experiments; never the default one, which clients take for granted. */
export function findExperiments(db: Db, { deletedUntil, experiments, runs }: PurgeFilter) {
  let query = db
    .selectFrom('experiments_experiments')
    .select(['id', 'name'])
    .where('stage', '=', 'deleted')
    .where('id', '<>', 0)
    .where('updated_at', '<=', deletedUntil);
  if (runs) query = query.where(sql<boolean>`1 = 0`);
  if (experiments) query = query.where(isAnyOf(db, 'id', experiments));
  return query.orderBy('id').execute();
}

/** Deleted runs after an id; those of `within` count as deleted with their experiment. */
export async function findRuns(
  db: Db,
  { deletedUntil, experiments, runs }: PurgeFilter,
  within: readonly number[],
  after: string,
  limit: number,
): Promise<string[]> {
  let query = db.selectFrom('experiments_runs').select('id').where('id', '>', after);
  query = query.where((where) =>
    where.or([
      where.and([where('stage', '=', 'deleted'), where(deletedAt, '<=', deletedUntil)]),
      isAnyOf(db, 'experiment_id', within),
    ]),
  );
  if (experiments) query = query.where(isAnyOf(db, 'experiment_id', experiments));
  if (runs) query = query.where(isAnyOf(db, 'id', runs));
  return (await query.orderBy('id').limit(limit).execute()).map(({ id }) => id);
}

export async function findModels(
  db: Db,
  { deletedUntil, experiments, runs }: PurgeFilter,
  within: readonly number[],
  after: string,
  limit: number,
): Promise<string[]> {
  if (runs) return [];
  let query = db.selectFrom('experiments_logged_models').select('id').where('id', '>', after);
  query = query.where((where) =>
    where.or([
      where.and([where('stage', '=', 'deleted'), where('updated_at', '<=', deletedUntil)]),
      isAnyOf(db, 'experiment_id', within),
    ]),
  );
  if (experiments) query = query.where(isAnyOf(db, 'experiment_id', experiments));
  return (await query.orderBy('id').limit(limit).execute()).map(({ id }) => id);
}

export async function countTraces(db: Db, experiments: readonly number[]): Promise<number> {
  const { count } = await db
    .selectFrom('experiments_traces')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where(isAnyOf(db, 'experiment_id', experiments))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Artifacts of runs and logged models, with their digests. */
export function artifactsOf(db: Db, owners: readonly string[]) {
  return db
    .selectFrom('experiments_artifacts')
    .select(['digest', 'size'])
    .where(isAnyOf(db, 'run_id', owners))
    .execute();
}

/** Artifacts of the traces of experiments. */
export function artifactsOfTraces(db: Db, experiments: readonly number[]) {
  return db
    .selectFrom('experiments_artifacts')
    .innerJoin('experiments_traces', 'experiments_traces.id', 'experiments_artifacts.run_id')
    .select(['digest', 'size'])
    .where(isAnyOf(db, 'experiments_traces.experiment_id', experiments))
    .execute();
}

/** How many artifacts, of whomever, hold each digest. */
export async function countHolders(db: Db, digests: readonly string[]): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('experiments_artifacts')
    .select((select) => ['digest', select.fn.countAll<number>().as('count')])
    .where(isAnyOf(db, 'digest', digests))
    .groupBy('digest')
    .execute();
  return new Map(rows.map(({ digest, count }) => [digest, Number(count)]));
}

/** Removes all that belongs to runs, and the runs. Large histories go in pieces, so that readers get their turns. */
export async function removeRuns(db: Db, runs: readonly string[]): Promise<{ points: number }> {
  const points = await removePoints(db, runs, () => nextTurn());
  for (const table of [
    'experiments_series',
    'experiments_params',
    'experiments_run_tags',
    'experiments_artifacts',
    'experiments_run_inputs',
    'experiments_dataset_inputs',
    'experiments_model_links',
  ] as const) {
    await db
      .deleteFrom(table)
      .where(isAnyOf(db, 'run_id', runs))
      .execute();
  }
  await db
    .deleteFrom('experiments_trace_links')
    .where('kind', '=', 'run')
    .where(isAnyOf(db, 'target', runs))
    .execute();
  await db
    .deleteFrom('experiments_runs')
    .where(isAnyOf(db, 'id', runs))
    .execute();
  return { points };
}

export async function removeModels(db: Db, models: readonly string[]): Promise<void> {
  for (const [table, column] of [
    ['experiments_logged_model_params', 'model_id'],
    ['experiments_logged_model_tags', 'model_id'],
    ['experiments_logged_model_metrics', 'model_id'],
    ['experiments_model_links', 'model_id'],
    ['experiments_artifacts', 'run_id'],
    ['experiments_logged_models', 'id'],
  ] as const) {
    await db
      .deleteFrom(table)
      .where(isAnyOf(db, column, models))
      .execute();
  }
}

/** What an experiment has beside runs, logged models and traces; tables with `experiment_id` stand here or go with those. */
export const ofExperiment = [
  'experiments_experiment_tags',
  'experiments_datasets',
  'experiments_evaluation_links',
  'experiments_issues',
  'experiments_label_schemas',
  'experiments_review_queues',
  'experiments_scorers',
] as const;

/** Removes an experiment that is still deleted and has nothing left; false when it has. */
export async function removeExperiment(db: Db, id: number): Promise<boolean> {
  for (const table of ['experiments_runs', 'experiments_logged_models', 'experiments_traces'] as const) {
    const left = await db
      .selectFrom(table)
      .select('id')
      .where('experiment_id', '=', id)
      .limit(1)
      .executeTakeFirst();
    if (left) return false;
  }
  await db
    .deleteFrom('experiments_scorer_versions')
    .where('scorer_id', 'in', (scorers) =>
      scorers.selectFrom('experiments_scorers').select('id').where('experiment_id', '=', id),
    )
    .execute();
  await db
    .deleteFrom('experiments_review_items')
    .where('queue_id', 'in', (queues) =>
      queues.selectFrom('experiments_review_queues').select('id').where('experiment_id', '=', id),
    )
    .execute();
  for (const table of ofExperiment) await db.deleteFrom(table).where('experiment_id', '=', id).execute();
  const gone = await db
    .deleteFrom('experiments_experiments')
    .where('id', '=', id)
    .where('stage', '=', 'deleted')
    .executeTakeFirst();
  return gone.numDeletedRows > 0n;
}

/** Locks rows against being restored meanwhile, by touching them; SQLite has one writer anyway. */
export async function lockRuns(db: Db, runs: readonly string[]): Promise<void> {
  await sql`update experiments_runs set stage = stage where ${isAnyOf(db, 'id', runs)}`.execute(db);
}

export async function lockExperiments(db: Db, ids: readonly number[]): Promise<void> {
  await sql`update experiments_experiments set stage = stage where ${isAnyOf(db, 'id', ids)}`.execute(db);
}
