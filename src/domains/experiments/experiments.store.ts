import { sql } from 'kysely';
import type { Db } from '../../platform/db/database.ts';
import type { ExperimentRow } from './experiments.tables.ts';

export const WORKSPACE = 'default';

/** Next number of a named counter; the row lock orders concurrent callers until their commit. */
export async function nextNumber(db: Db, name: string): Promise<number> {
  const row = await db
    .insertInto('experiments_counters')
    .values({ name, value: 1 })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({ value: sql<number>`experiments_counters.value + 1` }),
    )
    .returning('value')
    .executeTakeFirstOrThrow();
  return row.value;
}

/** The experiment of this name; created when missing. Safe among concurrent creators. */
export async function ensureExperiment(
  db: Db,
  name: string,
  now: number,
): Promise<{ experiment: ExperimentRow; created: boolean }> {
  const known = await findExperiment(db, name);
  if (known) return { experiment: known, created: false };
  const id = await nextNumber(db, 'experiment');
  const inserted = await db
    .insertInto('experiments_experiments')
    .values({
      id,
      workspace: WORKSPACE,
      name,
      description: '',
      stage: 'active',
      created_at: now,
      updated_at: now,
      artifact_location: null,
    })
    .onConflict((conflict) => conflict.columns(['workspace', 'name']).doNothing())
    .returningAll()
    .executeTakeFirst();
  const experiment = inserted ?? (await findExperiment(db, name));
  if (!experiment) throw new Error('The experiment vanished while it was being created.');
  return { experiment, created: inserted !== undefined };
}

export function findExperiment(db: Db, name: string): Promise<ExperimentRow | undefined> {
  return db
    .selectFrom('experiments_experiments')
    .selectAll()
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .executeTakeFirst();
}

/** Active experiments with their number of active runs, newest first. */
export function listExperiments(db: Db): Promise<(ExperimentRow & { runs: number })[]> {
  return db
    .selectFrom('experiments_experiments')
    .selectAll()
    .select((select) =>
      select
        .selectFrom('experiments_runs')
        .whereRef('experiment_id', '=', 'experiments_experiments.id')
        .where('stage', '=', 'active')
        .select(({ fn }) => fn.countAll<number>().as('runs'))
        .as('runs'),
    )
    .where('workspace', '=', WORKSPACE)
    .where('stage', '=', 'active')
    .orderBy('id', 'desc')
    .execute()
    .then((rows) => rows.map((row) => ({ ...row, runs: Number(row.runs ?? 0) })));
}

export type Holds = { runs: boolean; traces: boolean; models: boolean; reviews: boolean };

/** Which kinds of things an experiment has; each answer is one look into an index. */
export async function experimentHolds(db: Db, id: number): Promise<Holds> {
  const tables = ['experiments_traces', 'experiments_review_queues'] as const;
  const staged = ['experiments_runs', 'experiments_logged_models'] as const;
  const [traces, reviews] = tables.map((table) =>
    db.selectFrom(table).select('id').where('experiment_id', '=', id).limit(1).executeTakeFirst(),
  );
  const [runs, models] = staged.map((table) =>
    db
      .selectFrom(table)
      .select('id')
      .where('experiment_id', '=', id)
      .where('stage', '=', 'active')
      .limit(1)
      .executeTakeFirst(),
  );
  return {
    runs: (await runs) !== undefined,
    traces: (await traces) !== undefined,
    models: (await models) !== undefined,
    reviews: (await reviews) !== undefined,
  };
}

export async function experimentTags(
  db: Db,
  ids: readonly number[],
): Promise<Map<number, Record<string, string>>> {
  const tags = new Map<number, Record<string, string>>(ids.map((id) => [id, {}]));
  if (ids.length === 0) return tags;
  const rows = await db
    .selectFrom('experiments_experiment_tags')
    .selectAll()
    .where('experiment_id', 'in', ids)
    .execute();
  for (const row of rows) tags.get(row.experiment_id)![row.key] = row.value;
  return tags;
}
