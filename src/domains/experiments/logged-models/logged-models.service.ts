import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { isAnyOf } from '../bulk.store.ts';
import { experimentsError } from '../experiments.contract.ts';
import { LIMITS, loadNumber, storeNumber } from '../experiments.model.ts';
import type { LoggedModelRow } from '../experiments.tables.ts';
import { activeExperiment } from '../tracking/experiments.service.ts';
import {
  type BatchPoint,
  checkKeyAt,
  experimentLocation,
  type ModelLink,
  modelLocation,
  type Pair,
  pairsToRecord,
  randomRunName,
} from '../tracking/tracking.model.ts';
import {
  checkLoggedModelName,
  type LoggedModel,
  type LoggedModelStatus,
  newLoggedModelId,
} from './logged-models.model.ts';

const tables = { params: 'experiments_logged_model_params', tags: 'experiments_logged_model_tags' } as const;

export type NewLoggedModel = {
  experimentId: number;
  name?: string | undefined;
  modelType?: string | undefined;
  sourceRunId?: string | undefined;
  params?: readonly Pair[];
  tags?: readonly Pair[];
};

/** Opens a logged model whose files follow; it is PENDING until `finalizeLoggedModel`. */
export async function createLoggedModel(scope: Scope, input: NewLoggedModel): Promise<LoggedModel> {
  authorise(scope, 'experiments.write');
  const name = checkLoggedModelName(input.name || randomRunName());
  return transact(scope, async (tx) => {
    const experiment = await activeExperiment(tx, input.experimentId);
    const id = newLoggedModelId();
    const now = tx.now();
    const row: LoggedModelRow = {
      id,
      experiment_id: experiment.id,
      name,
      model_type: input.modelType || null,
      source_run_id: input.sourceRunId || null,
      status: 'PENDING',
      artifact_uri: modelLocation(experimentLocation(experiment.id, experiment.artifact_location), id),
      stage: 'active',
      actor: tx.actor,
      created_at: now,
      updated_at: now,
    };
    await tx.db.insertInto('experiments_logged_models').values(row).execute();
    await putPairs(tx, 'params', id, input.params ?? []);
    await putPairs(tx, 'tags', id, input.tags ?? []);
    return getLoggedModel(tx, id);
  });
}

async function putPairs(
  tx: Scope,
  kind: keyof typeof tables,
  id: string,
  pairs: readonly Pair[],
): Promise<void> {
  pairs.forEach(({ key }, i) => {
    checkKeyAt(key, `${kind}[${i}].key`);
  });
  const longest = kind === 'params' ? LIMITS.paramValue : LIMITS.tagValue;
  for (const [key, value] of Object.entries(pairsToRecord(pairs, longest, false))) {
    await tx.db
      .insertInto(tables[kind])
      .values({ model_id: id, key, value })
      .onConflict((conflict) => conflict.columns(['model_id', 'key']).doUpdateSet({ value }))
      .execute();
  }
}

/** @throws experiments.model.not_found, also for deleted ones unless they are asked for */
export async function getLoggedModel(scope: Scope, id: string, withDeleted = false): Promise<LoggedModel> {
  const model = await findLoggedModel(scope, id);
  if (!model || (model.isDeleted && !withDeleted)) {
    throw experimentsError('experiments.model.not_found', 'There is no logged model with this id.');
  }
  return model;
}

export async function findLoggedModel(scope: Scope, id: string): Promise<LoggedModel | undefined> {
  const row = await scope.db
    .selectFrom('experiments_logged_models')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  return row && (await assembleModels(scope, [row]))[0];
}

/** Fills rows with params, tags and metrics. */
export async function assembleModels(scope: Scope, rows: readonly LoggedModelRow[]): Promise<LoggedModel[]> {
  const { db } = scope;
  const models = new Map(rows.map((row) => [row.id, bare(row)]));
  if (rows.length === 0) return [];
  const ids = [...models.keys()];
  const [params, tags, metrics] = await Promise.all([
    db
      .selectFrom(tables.params)
      .selectAll()
      .where(isAnyOf(db, 'model_id', ids))
      .execute(),
    db
      .selectFrom(tables.tags)
      .selectAll()
      .where(isAnyOf(db, 'model_id', ids))
      .execute(),
    db
      .selectFrom('experiments_logged_model_metrics')
      .selectAll()
      .where(isAnyOf(db, 'model_id', ids))
      .orderBy('step')
      .orderBy('time')
      .execute(),
  ]);
  for (const { model_id, key, value } of params) models.get(model_id)!.params[key] = value;
  for (const { model_id, key, value } of tags) models.get(model_id)!.tags[key] = value;
  for (const row of metrics) {
    models.get(row.model_id)!.metrics.push({
      key: row.key,
      value: loadNumber(row),
      step: row.step,
      time: row.time,
      runId: row.run_id,
      datasetName: row.dataset_name,
      datasetDigest: row.dataset_digest,
    });
  }
  return [...models.values()];
}

function bare(row: LoggedModelRow): LoggedModel {
  return {
    id: row.id,
    experimentId: row.experiment_id,
    name: row.name,
    modelType: row.model_type,
    sourceRunId: row.source_run_id,
    status: row.status as LoggedModelStatus,
    artifactUri: row.artifact_uri,
    isDeleted: row.stage === 'deleted',
    params: {},
    tags: {},
    metrics: [],
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** Says that all files are stored, or that they could not be; records experiments.model.logged. */
export async function finalizeLoggedModel(
  scope: Scope,
  id: string,
  status: LoggedModelStatus,
): Promise<LoggedModel> {
  authorise(scope, 'experiments.write');
  return transact(scope, async (tx) => {
    const before = await getLoggedModel(tx, id);
    await touch(tx, id, { status });
    if (status === 'READY' && before.status !== 'READY') {
      await record(tx, {
        type: 'experiments.model.logged',
        subject: `logged-model:${id}`,
        data: { model: id, name: before.name, experiment: before.experimentId },
        uses: before.sourceRunId ? [`experiment-run:${before.sourceRunId}`] : [],
      });
    }
    return getLoggedModel(tx, id);
  });
}

async function touch(tx: Scope, id: string, change: Partial<LoggedModelRow> = {}): Promise<void> {
  await tx.db
    .updateTable('experiments_logged_models')
    .set({ ...change, updated_at: tx.now() })
    .where('id', '=', id)
    .execute();
}

/** Deletes softly. */
export async function deleteLoggedModel(scope: Scope, id: string): Promise<void> {
  authorise(scope, 'experiments.write');
  await transact(scope, async (tx) => {
    const { name } = await getLoggedModel(tx, id);
    await touch(tx, id, { stage: 'deleted' });
    await record(tx, {
      type: 'experiments.model.deleted',
      subject: `logged-model:${id}`,
      data: { model: id, name },
    });
  });
}

export async function addLoggedModelParams(scope: Scope, id: string, params: readonly Pair[]): Promise<void> {
  authorise(scope, 'experiments.write');
  await transact(scope, async (tx) => {
    await getLoggedModel(tx, id);
    await putPairs(tx, 'params', id, params);
    await touch(tx, id);
  });
}

export async function setLoggedModelTags(
  scope: Scope,
  id: string,
  tags: readonly Pair[],
): Promise<LoggedModel> {
  authorise(scope, 'experiments.write');
  return transact(scope, async (tx) => {
    await getLoggedModel(tx, id);
    await putPairs(tx, 'tags', id, tags);
    await touch(tx, id);
    return getLoggedModel(tx, id);
  });
}

/** @throws experiments.tag.not_found */
export async function deleteLoggedModelTag(scope: Scope, id: string, key: string): Promise<void> {
  authorise(scope, 'experiments.write');
  await transact(scope, async (tx) => {
    const model = await getLoggedModel(tx, id);
    if (!Object.hasOwn(model.tags, key)) {
      throw experimentsError('experiments.tag.not_found', 'The logged model has no such tag.');
    }
    await tx.db.deleteFrom(tables.tags).where('model_id', '=', id).where('key', '=', key).execute();
    await touch(tx, id);
  });
}

/** Of a batch, the points that are about logged models. Part of the batch's transaction. */
export async function addModelMetrics(
  tx: Scope,
  runId: string,
  points: readonly BatchPoint[],
): Promise<void> {
  const about = points.filter(({ modelId }) => modelId);
  if (about.length === 0) return;
  await existing(tx, [...new Set(about.map(({ modelId }) => modelId!))]);
  for (const { modelId, key, step, time, value, datasetName, datasetDigest } of about) {
    await tx.db
      .insertInto('experiments_logged_model_metrics')
      .values({
        model_id: modelId!,
        key,
        run_id: runId,
        step,
        time,
        ...storeNumber(value),
        dataset_name: datasetName || null,
        dataset_digest: datasetDigest || null,
      })
      .onConflict((conflict) =>
        conflict.columns(['model_id', 'key', 'run_id', 'step', 'time']).doUpdateSet(storeNumber(value)),
      )
      .execute();
  }
}

/** Connects a run with logged models that it used or made. Part of the caller's transaction. */
export async function linkModels(tx: Scope, runId: string, links: readonly ModelLink[]): Promise<void> {
  if (links.length === 0) return;
  await existing(tx, [...new Set(links.map(({ modelId }) => modelId))]);
  await tx.db
    .insertInto('experiments_model_links')
    .values(
      links.map(({ modelId, direction, step }) => ({ run_id: runId, model_id: modelId, direction, step })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function existing(tx: Scope, ids: readonly string[]): Promise<void> {
  const found = await tx.db
    .selectFrom('experiments_logged_models')
    .select('id')
    .where(isAnyOf(tx.db, 'id', ids))
    .execute();
  if (found.length < ids.length) {
    throw experimentsError('experiments.model.not_found', 'There is no logged model with this id.');
  }
}
