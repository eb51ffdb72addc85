import type { Db } from '../../../platform/db/database.ts';
import { nextNumber, WORKSPACE } from '../experiments.store.ts';
import type { ExperimentRow } from '../experiments.tables.ts';

export function findExperimentById(db: Db, id: number): Promise<ExperimentRow | undefined> {
  return db.selectFrom('experiments_experiments').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Inserts an experiment; undefined when the name or the id is taken. */
export async function insertExperiment(
  db: Db,
  given: { id?: number; name: string; artifactLocation: string | null; now: number },
): Promise<ExperimentRow | undefined> {
  return db
    .insertInto('experiments_experiments')
    .values({
      id: given.id ?? (await nextNumber(db, 'experiment')),
      workspace: WORKSPACE,
      name: given.name,
      description: '',
      stage: 'active',
      created_at: given.now,
      updated_at: given.now,
      artifact_location: given.artifactLocation,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
}

export async function updateExperiment(
  db: Db,
  id: number,
  change: Partial<Pick<ExperimentRow, 'name' | 'stage' | 'updated_at'>>,
): Promise<void> {
  await db.updateTable('experiments_experiments').set(change).where('id', '=', id).execute();
}

export async function setExperimentTag(db: Db, id: number, key: string, value: string): Promise<void> {
  await db
    .insertInto('experiments_experiment_tags')
    .values({ experiment_id: id, key, value })
    .onConflict((conflict) => conflict.columns(['experiment_id', 'key']).doUpdateSet({ value }))
    .execute();
}

export async function deleteExperimentTag(db: Db, id: number, key: string): Promise<boolean> {
  const result = await db
    .deleteFrom('experiments_experiment_tags')
    .where('experiment_id', '=', id)
    .where('key', '=', key)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Moves all runs of an experiment to a stage. */
export async function setStageOfRuns(
  db: Db,
  experimentId: number,
  stage: string,
  deletedAt: number | null,
): Promise<void> {
  await db
    .updateTable('experiments_runs')
    .set({ stage, deleted_at: deletedAt })
    .where('experiment_id', '=', experimentId)
    .where('stage', '!=', stage)
    .execute();
}
