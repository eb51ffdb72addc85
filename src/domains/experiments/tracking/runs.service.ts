import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { experimentsError } from '../experiments.contract.ts';
import { LIMITS, newHexId, type RunStatus } from '../experiments.model.ts';
import type { RunRow } from '../experiments.tables.ts';
import { linkModels } from '../logged-models/logged-models.service.ts';
import { foldLongLog } from '../points/points.store.ts';
import * as runs from '../runs.store.ts';
import { activeExperiment } from './experiments.service.ts';
import * as store from './runs.store.ts';
import {
  checkKeyAt,
  type DatasetInput,
  type ModelLink,
  type Pair,
  pairsToRecord,
  type Stage,
  type TrackedRun,
} from './tracking.model.ts';

export type OpenRun = {
  experimentId: number;
  name: string;
  parent?: string | undefined;
  user?: string | undefined;
  startedAt?: number | undefined;
  tags?: readonly Pair[];
};
/** What may change of a run; absent fields stay. */
export type RunChange = {
  name?: string | undefined;
  parent?: string | undefined;
  status?: RunStatus | undefined;
  endedAt?: number | undefined;
};

const isTerminal = (status: string) => status !== 'running' && status !== 'scheduled';

/** Opens a run in an active experiment. @throws experiments.experiment.not_found, experiments.experiment.deleted */
export async function openRun(scope: Scope, input: OpenRun): Promise<TrackedRun> {
  authorise(scope, 'experiments.write');
  const tags = input.tags ?? [];
  tags.forEach(({ key }, i) => {
    checkKeyAt(key, `tags[${i}].key`);
  });
  return transact(scope, async (tx) => {
    const experiment = await activeExperiment(tx, input.experimentId);
    const now = tx.now();
    const id = newHexId(now);
    const row: RunRow = {
      id,
      experiment_id: experiment.id,
      name: input.name.slice(0, 250),
      parent_id: input.parent ?? null,
      status: 'running',
      stage: 'active',
      started_at: input.startedAt ?? now,
      ended_at: null,
      actor: tx.actor,
      environment: '{}',
      user_name: input.user || null,
      artifact_uri: experiment.artifact_location && `${experiment.artifact_location}/${id}/artifacts`,
      deleted_at: null,
    };
    await runs.insertRun(tx.db, row);
    await runs.setTags(tx.db, runs.pairRows(id, pairsToRecord(tags, LIMITS.tagValue, false)));
    const [run] = await store.assembleRuns(tx.db, [row]);
    return run!;
  });
}

/** Also finds deleted ones. @throws experiments.run.not_found */
export async function getTrackedRun(scope: Scope, id: string): Promise<TrackedRun> {
  const [run] = await store.assembleRuns(scope.db, [await existing(scope, id)]);
  return run!;
}

/**
 * Changes status, end, name or parent; a run may be reopened. Ending it records experiments.run.finished.
 * @throws experiments.run.not_found, experiments.run.deleted
 */
export async function updateRun(scope: Scope, id: string, change: RunChange): Promise<TrackedRun> {
  authorise(scope, 'experiments.write');
  return transact(scope, async (tx) => {
    const before = await writable(tx, id);
    const { name, parent, status, endedAt } = change;
    await store.updateRunRow(tx.db, id, {
      ...(name !== undefined && { name: name.slice(0, 250) }),
      ...(parent !== undefined && { parent_id: parent }),
      ...(status !== undefined && { status }),
      ...(endedAt !== undefined && { ended_at: endedAt }),
      ...(status !== undefined && !isTerminal(status) && { ended_at: null }),
      ...(status !== undefined && isTerminal(status) && endedAt === undefined && { ended_at: tx.now() }),
    });
    const run = await getTrackedRun(tx, id);
    if (status !== undefined && isTerminal(status) && before.status !== status) {
      await foldLongLog(tx.db, id);
      await recordEnd(tx, run);
    }
    return run;
  });
}

async function recordEnd(tx: Scope, run: TrackedRun): Promise<void> {
  const inputs = await runs.listInputs(tx.db, run.id);
  const experiment = (await runs.findRun(tx.db, run.id))?.experiment ?? '';
  await record(tx, {
    type: 'experiments.run.finished',
    subject: `experiment-run:${run.id}`,
    data: {
      run: run.id,
      experiment,
      name: run.name,
      status: run.status,
      metrics: Object.fromEntries(
        run.metrics.filter(({ value }) => Number.isFinite(value)).map(({ key, value }) => [key, value]),
      ),
    },
    uses: inputs.map(({ subject }) => subject),
  });
}

/** Deletes softly. @throws experiments.run.deleted when it is deleted already */
export async function deleteRun(scope: Scope, id: string): Promise<void> {
  await moveTo(scope, id, 'deleted');
}

/** @throws experiments.run.active when it is not deleted */
export async function restoreRun(scope: Scope, id: string): Promise<void> {
  await moveTo(scope, id, 'active');
}

async function moveTo(scope: Scope, id: string, stage: Stage): Promise<void> {
  authorise(scope, 'experiments.write');
  await transact(scope, async (tx) => {
    const row = await existing(tx, id);
    if (row.stage === stage) {
      if (stage === 'deleted') throw runDeleted();
      throw experimentsError('experiments.run.active', 'The run is active.');
    }
    await store.updateRunRow(tx.db, id, { stage, deleted_at: stage === 'deleted' ? tx.now() : null });
    await record(tx, {
      type: stage === 'deleted' ? 'experiments.run.deleted' : 'experiments.run.restored',
      subject: `experiment-run:${id}`,
      data: { run: id, name: row.name },
    });
  });
}

/** @throws experiments.tag.not_found */
export async function deleteRunTag(scope: Scope, id: string, key: string): Promise<void> {
  authorise(scope, 'experiments.write');
  await transact(scope, async (tx) => {
    await writable(tx, id);
    if (!(await store.deleteTagRow(tx.db, id, key))) {
      throw experimentsError('experiments.tag.not_found', 'The run has no such tag.');
    }
  });
}

const datasetLimits = { name: 500, digest: 36, schema: 1_048_575, source: 65_535, profile: 16_777_215 };

/** Records what a run was made from, and the logged models that it used or made. @throws experiments.input.invalid */
export async function logInputs(
  scope: Scope,
  id: string,
  inputs: readonly DatasetInput[],
  models: readonly ModelLink[] = [],
): Promise<void> {
  authorise(scope, 'experiments.write');
  inputs.forEach(({ dataset }, i) => {
    for (const [field, longest] of Object.entries(datasetLimits)) {
      const value = dataset[field as keyof typeof datasetLimits];
      if (value !== null && value.length > longest) {
        throw experimentsError(
          'experiments.input.invalid',
          `Invalid value for parameter 'datasets[${i}].dataset.${field}' supplied: longer than ${longest}.`,
        );
      }
    }
  });
  await transact(scope, async (tx) => {
    const row = await writable(tx, id);
    await store.addDatasetInputs(tx.db, { id, experimentId: row.experiment_id }, inputs);
    await linkModels(tx, id, models);
  });
}

async function existing(scope: Scope, id: string): Promise<RunRow> {
  const row = await store.findRunRow(scope.db, id);
  if (!row) throw runNotFound();
  return row;
}

/** What a write to a run that is not there says. */
export const runNotFound = () =>
  experimentsError('experiments.run.not_found', 'There is no run with this id.');

/** What a write to a deleted run says. */
export const runDeleted = () =>
  experimentsError('experiments.run.deleted', 'The run is deleted; it must be in the active state.');

async function writable(scope: Scope, id: string): Promise<RunRow> {
  const row = await existing(scope, id);
  if (row.stage !== 'active') throw runDeleted();
  return row;
}

export type DatasetSummary = { experimentId: number; name: string; digest: string; context: string | null };

/** The different datasets that runs of these experiments were made from, at most 1000. */
export async function datasetSummaries(
  scope: Scope,
  experimentIds: readonly number[],
): Promise<DatasetSummary[]> {
  const rows = await scope.db
    .selectFrom('experiments_dataset_inputs')
    .select(['experiment_id', 'name', 'digest', 'context'])
    .distinct()
    .where('experiment_id', 'in', experimentIds)
    .orderBy('name')
    .orderBy('digest')
    .limit(1000)
    .execute();
  return rows.map(({ experiment_id, ...row }) => ({ experimentId: experiment_id, ...row }));
}
