import type { Db } from '../../../platform/db/database.ts';
import { selectRows } from '../../../platform/db/rows.ts';
import { isAnyOf } from '../bulk.store.ts';
import { loadNumber, type RunStatus } from '../experiments.model.ts';
import type { RunRow } from '../experiments.tables.ts';
import { partsOfRuns } from './run-parts.store.ts';
import {
  type BareRun,
  type DatasetInput,
  runLocation,
  type Stage,
  type TrackedRun,
} from './tracking.model.ts';

/** What a run says of itself, without how it came about. */
export type RunHead = Omit<RunRow, 'environment' | 'deleted_at'>;

export function findRunRow(db: Db, id: string): Promise<RunRow | undefined> {
  return db.selectFrom('experiments_runs').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The stage of each run that is there. */
export async function stagesOfRuns(db: Db, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('experiments_runs')
    .select(['id', 'stage'])
    .where(isAnyOf(db, 'id', ids))
    .execute();
  return new Map(rows.map(({ id, stage }) => [id, stage]));
}

export async function updateRunRow(db: Db, id: string, change: Partial<RunRow>): Promise<void> {
  if (Object.keys(change).length === 0) return;
  await db.updateTable('experiments_runs').set(change).where('id', '=', id).execute();
}

export async function deleteTagRow(db: Db, runId: string, key: string): Promise<boolean> {
  const result = await db
    .deleteFrom('experiments_run_tags')
    .where('run_id', '=', runId)
    .where('key', '=', key)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Fills rows with params, tags, latest metrics, datasets and models: five queries for any number of runs. */
export async function assembleRuns(db: Db, rows: readonly RunHead[]): Promise<TrackedRun[]> {
  const runs = rows.map(
    (row): TrackedRun => ({ ...toBareRun(row), metrics: [], params: {}, tags: {}, datasets: [], models: [] }),
  );
  const { params, tags, metrics, datasets, models } = await partsOfRuns(
    db,
    rows.map(({ id }) => id),
    selectRows,
  );
  for (const [at, key, value] of params) runs[at]!.params[key] = value;
  for (const [at, key, value] of tags) runs[at]!.tags[key] = value;
  for (const [at, key, value, special, step, time] of metrics) {
    runs[at]!.metrics.push({ key, value: loadNumber({ value, special }), step, time });
  }
  for (const { at, input } of datasets) runs[at]!.datasets.push(input);
  for (const { at, link } of models) runs[at]!.models.push(link);
  return runs;
}

/** A run as its own row tells it. */
export function toBareRun(row: RunHead): BareRun {
  return {
    id: row.id,
    experimentId: row.experiment_id,
    name: row.name,
    parent: row.parent_id,
    user: row.user_name ?? row.actor.replace(/^user:/, ''),
    status: row.status as RunStatus,
    stage: row.stage as Stage,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    artifactUri: runLocation(row.experiment_id, row.id, row.artifact_uri),
  };
}

/** Records datasets as inputs of a run; what is there already stays as it is. */
export async function addDatasetInputs(
  db: Db,
  run: { id: string; experimentId: number },
  inputs: readonly DatasetInput[],
): Promise<void> {
  for (const { dataset, context, tags } of inputs) {
    const { name, digest } = dataset;
    await db
      .insertInto('experiments_datasets')
      .values({
        experiment_id: run.experimentId,
        name,
        digest,
        source_type: dataset.sourceType,
        source: dataset.source,
        schema: dataset.schema,
        profile: dataset.profile,
      })
      .onConflict((conflict) => conflict.columns(['experiment_id', 'name', 'digest']).doNothing())
      .execute();
    await db
      .insertInto('experiments_dataset_inputs')
      .values({
        run_id: run.id,
        experiment_id: run.experimentId,
        name,
        digest,
        context,
        tags: JSON.stringify(tags),
      })
      .onConflict((conflict) => conflict.columns(['run_id', 'name', 'digest']).doNothing())
      .execute();
  }
}
