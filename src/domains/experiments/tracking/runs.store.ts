import type { Db } from '../../../platform/db/database.ts';
import { isAnyOf } from '../bulk.store.ts';
import { loadNumber, type RunStatus } from '../experiments.model.ts';
import type { RunRow } from '../experiments.tables.ts';
import {
  type DatasetInput,
  type ModelLink,
  runLocation,
  type Stage,
  type TrackedRun,
} from './tracking.model.ts';

export function findRunRow(db: Db, id: string): Promise<RunRow | undefined> {
  return db.selectFrom('experiments_runs').selectAll().where('id', '=', id).executeTakeFirst();
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

/** Fills rows with params, tags, latest metrics and datasets: five queries for any number of runs. */
export async function assembleRuns(db: Db, rows: readonly RunRow[]): Promise<TrackedRun[]> {
  const runs = new Map<string, TrackedRun>(rows.map((row) => [row.id, bare(row)]));
  if (rows.length === 0) return [];
  const ids = [...runs.keys()];
  const [params, tags, metrics, inputs, links] = await Promise.all([
    db
      .selectFrom('experiments_params')
      .selectAll()
      .where(isAnyOf(db, 'run_id', ids))
      .execute(),
    db
      .selectFrom('experiments_run_tags')
      .selectAll()
      .where(isAnyOf(db, 'run_id', ids))
      .execute(),
    db
      .selectFrom('experiments_series')
      .selectAll()
      .where(isAnyOf(db, 'run_id', ids))
      .execute(),
    datasetInputs(db, ids),
    db
      .selectFrom('experiments_model_links')
      .selectAll()
      .where(isAnyOf(db, 'run_id', ids))
      .execute(),
  ]);
  for (const { run_id, key, value } of params) runs.get(run_id)!.params[key] = value;
  for (const { run_id, key, value } of tags) runs.get(run_id)!.tags[key] = value;
  for (const row of metrics) {
    const { key, step, time } = row;
    runs.get(row.run_id)!.metrics.push({ key, value: loadNumber(row), step, time });
  }
  for (const { runId, input } of inputs) runs.get(runId)!.datasets.push(input);
  for (const { run_id, model_id, direction, step } of links) {
    const link = { modelId: model_id, direction: direction as ModelLink['direction'], step };
    runs.get(run_id)!.models.push(link);
  }
  return [...runs.values()];
}

function bare(row: RunRow): TrackedRun {
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
    metrics: [],
    params: {},
    tags: {},
    datasets: [],
    models: [],
  };
}

async function datasetInputs(
  db: Db,
  ids: readonly string[],
): Promise<{ runId: string; input: DatasetInput }[]> {
  const rows = await db
    .selectFrom('experiments_dataset_inputs as input')
    .innerJoin('experiments_datasets as dataset', (join) =>
      join
        .onRef('dataset.experiment_id', '=', 'input.experiment_id')
        .onRef('dataset.name', '=', 'input.name')
        .onRef('dataset.digest', '=', 'input.digest'),
    )
    .selectAll('dataset')
    .select(['input.run_id', 'input.context', 'input.tags'])
    .where(isAnyOf(db, 'input.run_id', ids))
    .execute();
  return rows.map((row) => ({
    runId: row.run_id,
    input: {
      dataset: {
        name: row.name,
        digest: row.digest,
        sourceType: row.source_type,
        source: row.source,
        schema: row.schema,
        profile: row.profile,
      },
      context: row.context,
      tags: JSON.parse(row.tags) as Record<string, string>,
    },
  }));
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
