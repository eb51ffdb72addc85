import type { JsonObject } from '../../platform/json.ts';
import { record } from '../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../platform/scope.ts';
import type { RunsQueryInput } from './experiments.contract.ts';
import { experimentsError } from './experiments.contract.ts';
import {
  checkKey,
  LIMITS,
  loadNumber,
  type MetricPoint,
  newHexId,
  type RunStatus,
} from './experiments.model.ts';
import {
  ensureExperiment,
  experimentHolds,
  experimentTags,
  findExperiment,
  type Holds,
  listExperiments,
} from './experiments.store.ts';
import type { ExperimentRow } from './experiments.tables.ts';
import { addMetricPoints, metricPoints, toPoints } from './metrics.store.ts';
import { cutColumns } from './points/columns.model.ts';
import * as runs from './runs.store.ts';
import { decodeCursor, encodeCursor, parseComparison, parsePair } from './search.model.ts';
import { searchRuns } from './search.store.ts';

export type Experiment = {
  id: number;
  name: string;
  description: string;
  tags: Record<string, string>;
  runs: number;
  createdAt: number;
  updatedAt: number;
};

export type RunSummary = {
  id: string;
  experiment: string;
  name: string;
  parent: string | null;
  status: RunStatus;
  startedAt: number;
  endedAt: number | null;
  actor: string;
  params: Record<string, string>;
  /** Latest value per key; may be NaN or infinite. */
  metrics: Record<string, number>;
  tags: Record<string, string>;
};

export type ArtifactRef = { path: string; digest: string; size: number; mediaType: string };
export type RunInput = { subject: string; role: string };
export type Run = RunSummary & { environment: JsonObject; inputs: RunInput[]; artifacts: ArtifactRef[] };

export type NewRun = {
  experiment: string;
  name?: string;
  parent?: string;
  startedAt?: number;
  params?: Record<string, string>;
  tags?: Record<string, string>;
  environment?: JsonObject;
  /** What it was made from: ledger subjects such as `dataset:flights@3`. */
  inputs?: RunInput[];
};

/** Where tracking clients keep what an experiment is about. */
const DESCRIPTION_TAG = 'mlflow.note.content';

/** All active experiments, newest first. */
export async function listAllExperiments(scope: Scope): Promise<Experiment[]> {
  const rows = await listExperiments(scope.db);
  const tags = await experimentTags(
    scope.db,
    rows.map((row) => row.id),
  );
  return rows.map((row) => ({ ...wordsOf(row, tags), runs: row.runs }));
}

export type ExperimentDetail = Omit<Experiment, 'runs'> & { stage: string; holds: Holds };

/** Also finds deleted ones. @throws experiments.experiment.not_found */
export async function getExperiment(scope: Scope, name: string): Promise<ExperimentDetail> {
  const row = await findExperiment(scope.db, name);
  if (!row)
    throw experimentsError('experiments.experiment.not_found', 'There is no experiment of this name.');
  const [tags, holds] = await Promise.all([
    experimentTags(scope.db, [row.id]),
    experimentHolds(scope.db, row.id),
  ]);
  return { ...wordsOf(row, tags), stage: row.stage, holds };
}

/** An experiment without the number of its runs. */
function wordsOf(row: ExperimentRow, allTags: Map<number, Record<string, string>>): Omit<Experiment, 'runs'> {
  const tags = allTags.get(row.id) ?? {};
  return {
    id: row.id,
    name: row.name,
    description: row.description || (tags[DESCRIPTION_TAG] ?? ''),
    tags,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/**
 * Opens a run, and its experiment when that is new.
 * @throws experiments.run.not_found for a parent that is not there; experiments.key.invalid and
 *   experiments.value.too_long for what it carries.
 */
export async function createRun(scope: Scope, input: NewRun): Promise<Run> {
  authorise(scope, 'experiments.write');
  const { params = {}, tags = {}, inputs = [] } = input;
  checkPairs(params, LIMITS.paramValue, LIMITS.batchParams);
  checkPairs(tags, LIMITS.tagValue, LIMITS.batchTags);
  return transact(scope, async (tx) => {
    const now = tx.now();
    if (input.parent !== undefined && !(await runs.findRun(tx.db, input.parent))) {
      throw experimentsError('experiments.run.not_found', 'The parent run is not there.');
    }
    const { experiment, created } = await ensureExperiment(tx.db, input.experiment, now);
    if (experiment.stage !== 'active') {
      throw experimentsError('experiments.experiment.deleted', 'The experiment is deleted.');
    }
    if (created) {
      await record(tx, {
        type: 'experiments.experiment.created',
        subject: `experiment:${experiment.id}`,
        data: { experiment: experiment.id, name: experiment.name },
      });
    }
    const id = newHexId(now);
    await runs.insertRun(tx.db, {
      id,
      experiment_id: experiment.id,
      name: input.name ?? `run-${id.slice(-8)}`,
      parent_id: input.parent ?? null,
      status: 'running',
      stage: 'active',
      started_at: input.startedAt ?? now,
      ended_at: null,
      actor: tx.actor,
      environment: JSON.stringify(input.environment ?? {}),
      user_name: null,
      artifact_uri: null,
      deleted_at: null,
    });
    await runs.addParams(tx.db, runs.pairRows(id, params));
    await runs.setTags(tx.db, runs.pairRows(id, tags));
    await runs.addInputs(
      tx.db,
      inputs.map(({ subject, role }) => ({ run_id: id, subject, role })),
    );
    return getRun(tx, id);
  });
}

/**
 * Adds points to a run: all of them or none; a point sent twice counts once.
 * @throws experiments.run.not_found, experiments.key.invalid, experiments.batch.too_large
 */
export async function logMetrics(scope: Scope, runId: string, points: readonly MetricPoint[]): Promise<void> {
  authorise(scope, 'experiments.write');
  if (points.length > LIMITS.batchMetrics) {
    throw experimentsError(
      'experiments.batch.too_large',
      `A batch holds at most ${LIMITS.batchMetrics} points.`,
    );
  }
  for (const { key } of points) checkKey(key);
  await transact(scope, async (tx) => {
    await existingRun(tx, runId);
    await addMetricPoints(tx.db, [{ runId, points }]);
  });
}

/**
 * Adds params and sets tags. A param that is there with the same value is left alone.
 * @throws experiments.param.immutable when a param has another value; nothing is kept then.
 */
export async function logParams(
  scope: Scope,
  runId: string,
  { params = {}, tags = {} }: { params?: Record<string, string>; tags?: Record<string, string> },
): Promise<void> {
  authorise(scope, 'experiments.write');
  checkPairs(params, LIMITS.paramValue, LIMITS.batchParams);
  checkPairs(tags, LIMITS.tagValue, LIMITS.batchTags);
  await transact(scope, async (tx) => {
    await existingRun(tx, runId);
    const [conflict] = await runs.addParams(tx.db, runs.pairRows(runId, params));
    if (conflict) {
      throw experimentsError('experiments.param.immutable', `The param "${conflict.key}" has another value.`);
    }
    await runs.setTags(tx.db, runs.pairRows(runId, tags));
  });
}

/** Registers blobs as artifacts of a run, by relative path; the same path again replaces the reference. */
export async function logArtifacts(
  scope: Scope,
  runId: string,
  artifacts: readonly ArtifactRef[],
): Promise<void> {
  authorise(scope, 'experiments.write');
  for (const { path } of artifacts) checkKey(path);
  await transact(scope, async (tx) => {
    await existingRun(tx, runId);
    const now = tx.now();
    await runs.addArtifacts(
      tx.db,
      artifacts.map(({ path, digest, size, mediaType }) => ({
        run_id: runId,
        path,
        digest,
        size,
        media_type: mediaType,
        created_at: now,
      })),
    );
  });
}

/**
 * Ends a run and records experiments.run.finished. Ending it again with the same status changes nothing.
 * @throws experiments.run.not_found; experiments.run.closed when it ended otherwise.
 */
export async function finishRun(
  scope: Scope,
  runId: string,
  status: 'finished' | 'failed' | 'killed' = 'finished',
  endedAt?: number,
): Promise<Run> {
  authorise(scope, 'experiments.write');
  return transact(scope, async (tx) => {
    const known = await existingRun(tx, runId);
    if (!(await runs.endRun(tx.db, runId, status, endedAt ?? tx.now()))) {
      if (known.status === status) return getRun(tx, runId);
      throw experimentsError('experiments.run.closed', `The run has ended as ${known.status}.`);
    }
    const run = await getRun(tx, runId);
    await record(tx, {
      type: 'experiments.run.finished',
      subject: `experiment-run:${runId}`,
      data: {
        run: runId,
        experiment: run.experiment,
        name: run.name,
        status,
        metrics: Object.fromEntries(
          Object.entries(run.metrics).filter(([, value]) => Number.isFinite(value)),
        ),
      },
      uses: run.inputs.map(({ subject }) => subject),
    });
    return run;
  });
}

/** @throws experiments.run.not_found */
export async function getRun(scope: Scope, id: string): Promise<Run> {
  const row = await existingRun(scope, id);
  const [data, inputs, artifacts] = await Promise.all([
    runs.runData(scope.db, [id]),
    runs.listInputs(scope.db, id),
    runs.listArtifacts(scope.db, id),
  ]);
  return {
    ...summary(row, data.get(id)),
    environment: JSON.parse(row.environment) as JsonObject,
    inputs: inputs.map(({ subject, role }) => ({ subject, role })),
    artifacts: artifacts.map(({ path, digest, size, media_type }) => ({
      path,
      digest,
      size,
      mediaType: media_type,
    })),
  };
}

/** One page of an experiment's runs; see `RunsQuery` for the filters. @throws experiments.search.invalid */
export async function listRuns(
  scope: Scope,
  experiment: string,
  query: RunsQueryInput,
): Promise<{ items: RunSummary[]; next?: string }> {
  const found = await findExperiment(scope.db, experiment);
  if (!found)
    throw experimentsError('experiments.experiment.not_found', 'There is no experiment of this name.');
  const orderBy = query.orderBy ?? 'startedAt';
  if (orderBy !== 'startedAt' && !orderBy.startsWith('metrics.')) {
    throw experimentsError('experiments.search.invalid', 'Order by "startedAt" or by "metrics.NAME".');
  }
  const limit = query.limit ?? 100;
  const rows = await searchRuns(scope.db, {
    experimentId: found.id,
    ...(query.status !== undefined && { status: query.status }),
    ...(query.parent !== undefined && { parent: query.parent }),
    ...(query.metric !== undefined && { metric: parseComparison(query.metric) }),
    ...(query.param !== undefined && { param: parsePair(query.param) }),
    ...(query.tag !== undefined && { tag: parsePair(query.tag) }),
    orderByMetric: orderBy === 'startedAt' ? null : orderBy.slice('metrics.'.length),
    order: query.order ?? 'desc',
    limit: limit + 1,
    ...(query.cursor !== undefined && { after: decodeCursor(query.cursor) }),
  });
  const page = rows.slice(0, limit);
  const data = await runs.runData(
    scope.db,
    page.map((row) => row.id),
  );
  const last = page.at(-1);
  return {
    items: page.map((row) => summary(row, data.get(row.id))),
    ...(rows.length > limit && last && { next: encodeCursor({ value: last.sort_value, id: last.id }) }),
  };
}

/** Points of one metric by time; at most `limit`. */
export async function metricHistory(
  scope: Scope,
  runId: string,
  key: string,
  limit = 1000,
): Promise<MetricPoint[]> {
  await existingRun(scope, runId);
  return toPoints(key, cutColumns(await metricPoints(scope.db, runId, key), 0, limit));
}

async function existingRun(scope: Scope, id: string): Promise<runs.RunWithExperiment> {
  const row = await runs.findRun(scope.db, id);
  if (!row) throw experimentsError('experiments.run.not_found', 'There is no run with this id.');
  return row;
}

function summary(row: runs.RunWithExperiment, data?: runs.RunData): RunSummary {
  return {
    id: row.id,
    experiment: row.experiment,
    name: row.name,
    parent: row.parent_id,
    status: row.status as RunStatus,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    actor: row.actor,
    params: data?.params ?? {},
    metrics: Object.fromEntries((data?.metrics ?? []).map((metric) => [metric.key, loadNumber(metric)])),
    tags: data?.tags ?? {},
  };
}

function checkPairs(pairs: Record<string, string>, longest: number, most: number): void {
  const entries = Object.entries(pairs);
  if (entries.length > most) {
    throw experimentsError('experiments.batch.too_large', `Send at most ${most} of them at a time.`);
  }
  for (const [key, value] of entries) {
    checkKey(key);
    if (value.length > longest) {
      throw experimentsError(
        'experiments.value.too_long',
        `The value of "${key}" is longer than ${longest}.`,
      );
    }
  }
}
