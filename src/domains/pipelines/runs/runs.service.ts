import { newId } from '../../../platform/ids.ts';
import type { Json, JsonObject } from '../../../platform/json.ts';
import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact, withCause } from '../../../platform/scope.ts';
import type { PipelineSpec } from '../definitions/definition.contract.ts';
import { paramFault } from '../definitions/definition.model.ts';
import { getPipeline } from '../definitions/definitions.service.ts';
import { findDefinition, lockPipeline } from '../definitions/definitions.store.ts';
import { pipelinesError } from '../pipelines.contract.ts';
import type { RunRow, StepRow } from '../pipelines.tables.ts';
import { admitJob, advanceRun, stepRow } from './advance.ts';
import { initialSteps, type PlanRun } from './plan.model.ts';
import * as store from './runs.store.ts';

export type Trigger = {
  kind: 'manual' | 'schedule' | 'data' | 'incident';
  /** Queued runs of one pipeline and key are one run. */
  key?: string;
  /** The ledger event: one run per pipeline and event, however often a reactor sees it. */
  event?: string;
};

export type NewRun = {
  pipeline: string;
  params?: JsonObject;
  trigger?: Trigger;
  /** Take no earlier results; what is made is kept for later runs all the same. */
  noCache?: boolean;
};

/**
 * Queues a run in the caller's transaction; it starts right after the commit unless as many runs as the pipeline
 * allows are at work. A queued run of the same trigger takes the new params instead of a second one.
 */
export async function startRun(scope: Scope, wanted: NewRun): Promise<RunRow> {
  authorise(scope, 'pipelines.run');
  return transact(scope, async (tx) => {
    const { pipeline, trigger = { kind: 'manual' as const } } = wanted;
    const definition = await getPipeline(tx, pipeline);
    const params = resolveParams(definition.spec, wanted.params ?? {});
    const present = await findEqualRun(tx, pipeline, trigger);
    if (present) return coalesce(tx, present, trigger, params);
    const now = tx.now();
    const run: RunRow = {
      id: newId('run', now),
      workspace: 'default',
      pipeline,
      revision: definition.revision,
      state: 'queued',
      params: JSON.stringify(params),
      trigger_kind: trigger.kind,
      trigger_key: trigger.key ?? null,
      trigger_event: trigger.event ?? null,
      coalesced: 0,
      no_cache: wanted.noCache ? 1 : 0,
      cancel_requested: 0,
      actor: tx.actor,
      cause: tx.cause,
      started_event: null,
      reason: null,
      lock: 0,
      created_at: now,
      started_at: null,
      ended_at: null,
    };
    await store.insertRun(tx.db, run);
    await tx.platform.jobs.enqueue(tx, { kind: admitJob, payload: { pipeline } });
    return run;
  });
}

async function findEqualRun(tx: Scope, pipeline: string, trigger: Trigger): Promise<RunRow | undefined> {
  const { event, key } = trigger;
  const same = event && (await store.findRunByTrigger(tx.db, pipeline, { event }));
  if (same || !key) return same || undefined;
  return store.findRunByTrigger(tx.db, pipeline, { key, state: 'queued' });
}

async function coalesce(tx: Scope, run: RunRow, trigger: Trigger, params: JsonObject): Promise<RunRow> {
  if (run.state !== 'queued' || (trigger.event && run.trigger_event === trigger.event)) return run;
  const values = {
    params: JSON.stringify(params),
    cause: tx.cause,
    trigger_event: trigger.event ?? null,
    coalesced: run.coalesced + 1,
  };
  await store.updateRun(tx.db, run.id, values);
  return { ...run, ...values };
}

/** Fills in defaults. Raises pipelines.params.invalid for what is unknown, missing or of the wrong type. */
function resolveParams(spec: PipelineSpec, given: JsonObject): JsonObject {
  const declared = spec.params ?? {};
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(declared, name));
  if (unknown !== undefined) {
    const known = Object.keys(declared).join(', ') || 'none';
    throw pipelinesError(
      'pipelines.params.invalid',
      `There is no param "${unknown}"; this pipeline has ${known}.`,
    );
  }
  return Object.fromEntries(
    Object.entries(declared).map(([name, param]) => {
      const value = given[name] ?? (param.default as Json | undefined);
      if (value === undefined)
        throw pipelinesError('pipelines.params.invalid', `The param "${name}" is missing.`);
      const fault = paramFault(param, value);
      if (fault) throw pipelinesError('pipelines.params.invalid', `The param "${name}" ${fault}.`);
      return [name, value];
    }),
  );
}

/** Starts as many queued runs of a pipeline as its `concurrency` leaves room for. */
export function admitRuns(scope: Scope, pipeline: string): Promise<void> {
  return transact(scope, async (tx) => {
    await lockPipeline(tx.db, pipeline);
    const newest = await findDefinition(tx.db, pipeline);
    if (!newest) return;
    for (const run of await store.admissibleRuns(tx.db, pipeline, newest.spec.concurrency ?? 1)) {
      const definition = await getPipeline(tx, pipeline, run.revision);
      await beginRun(tx, run, definition.spec);
    }
  });
}

async function beginRun(tx: Scope, run: RunRow, spec: PipelineSpec): Promise<void> {
  const event = await record(
    { ...withCause(tx, run.cause), actor: run.actor },
    {
      type: 'pipelines.run.started',
      subject: `run:${run.id}`,
      data: {
        run: run.id,
        pipeline: run.pipeline,
        revision: run.revision,
        trigger: run.trigger_kind,
        params: JSON.parse(run.params) as JsonObject,
      },
      uses: [`pipeline:${run.pipeline}@${run.revision}`],
    },
  );
  await store.updateRun(tx.db, run.id, { state: 'running', started_at: tx.now(), started_event: event.id });
  const planned = initialSteps(spec, toPlanRun(run));
  const rows = planned.map((step, position) => stepRow(run.id, spec, step, position));
  await store.insertSteps(tx.db, rows);
  await advanceRun(withCause(tx, event.id), run.id, spec);
}

export function toPlanRun(run: RunRow): PlanRun {
  const { id, pipeline, revision } = run;
  const params = JSON.parse(run.params) as JsonObject;
  return { id, pipeline, revision, params, cancelled: run.cancel_requested === 1 };
}

/** The run with this id. Raises pipelines.run.not_found. */
export async function getRun(scope: Scope, id: string): Promise<RunRow> {
  const run = await store.findRun(scope.db, id);
  if (!run) throw pipelinesError('pipelines.run.not_found', 'There is no pipeline run with this id.');
  return run;
}

/** Ends a run: what waits never starts, what runs is told to end (TERM, then KILL, to its whole process group). */
export async function cancelRun(scope: Scope, id: string): Promise<RunRow> {
  authorise(scope, 'pipelines.run');
  return transact(scope, async (tx) => {
    const run = await lockExisting(tx, id);
    if (run.state === 'queued') {
      await store.updateRun(tx.db, id, { state: 'cancelled', cancel_requested: 1, ended_at: tx.now() });
      await record(tx, {
        type: 'pipelines.run.cancelled',
        subject: `run:${id}`,
        data: { run: id, pipeline: run.pipeline, by: tx.actor },
      });
      return getRun(tx, id);
    }
    if (run.state !== 'running')
      throw pipelinesError('pipelines.run.ended', `This run has ${run.state} already.`);
    await store.updateRun(tx.db, id, { cancel_requested: 1, reason: `cancelled by ${tx.actor}` });
    const { spec } = await getPipeline(tx, run.pipeline, run.revision);
    await advanceRun(tx, id, spec);
    return getRun(tx, id);
  });
}

/**
 * Takes up a failed, cancelled or stopped run again: finished steps keep their results, the others start anew with
 * the next attempt number. With `latest` they follow the newest revision of the pipeline.
 */
export async function resumeRun(
  scope: Scope,
  id: string,
  options: { latest?: boolean } = {},
): Promise<RunRow> {
  authorise(scope, 'pipelines.run');
  return transact(scope, async (tx) => {
    const run = await lockExisting(tx, id);
    if (!['failed', 'cancelled', 'stopped'].includes(run.state)) {
      throw pipelinesError('pipelines.run.not_resumable', `This run is ${run.state}.`);
    }
    const definition = await getPipeline(tx, run.pipeline, options.latest ? undefined : run.revision);
    await restartSteps(tx, { ...run, cancel_requested: 0 }, definition.spec);
    const event = await record(tx, {
      type: 'pipelines.run.resumed',
      subject: `run:${id}`,
      data: { run: id, pipeline: run.pipeline, revision: definition.revision },
      uses: [`pipeline:${run.pipeline}@${definition.revision}`],
    });
    await store.updateRun(tx.db, id, {
      state: 'running',
      revision: definition.revision,
      cancel_requested: 0,
      reason: null,
      ended_at: null,
      started_at: run.started_at ?? tx.now(),
      started_event: event.id,
    });
    await advanceRun(withCause(tx, event.id), id, definition.spec);
    return getRun(tx, id);
  });
}

/** Replaces every step that did not succeed by a waiting one, as the definition has it now. */
async function restartSteps(tx: Scope, run: RunRow, spec: PipelineSpec): Promise<void> {
  const rows = await store.listSteps(tx.db, run.id);
  const kept = new Set(
    rows
      .filter((row) => ['succeeded', 'cached'].includes(row.state) && Object.hasOwn(spec.jobs, row.job))
      .map((row) => row.key),
  );
  const attempts = new Map(rows.map((row) => [row.key, row.attempt]));
  await store.deleteSteps(
    tx.db,
    run.id,
    rows.filter((row) => !kept.has(row.key)).map((row) => row.key),
  );
  const expanded = rows.filter((row) => row.matrix !== null && Object.hasOwn(spec.jobs, row.job));
  const fresh = initialSteps(spec, toPlanRun(run)).flatMap((step) =>
    // A matrix that was expanded at run time keeps its instances.
    step.expands && expanded.some((row) => row.job === step.job)
      ? expanded
          .filter((row) => row.job === step.job)
          .map((row) => ({ ...step, key: row.key, expands: false, matrix: store.parseObject(row.matrix) }))
      : [step],
  );
  const missing: StepRow[] = fresh.flatMap((step, position) =>
    kept.has(step.key)
      ? []
      : [{ ...stepRow(run.id, spec, step, position), attempt: (attempts.get(step.key) ?? 0) + 1 }],
  );
  await store.insertSteps(tx.db, missing);
}

async function lockExisting(tx: Scope, id: string): Promise<RunRow> {
  const run = await store.lockRun(tx.db, id);
  if (!run) throw pipelinesError('pipelines.run.not_found', 'There is no pipeline run with this id.');
  return run;
}
