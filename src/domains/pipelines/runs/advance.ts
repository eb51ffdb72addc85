import type { JsonObject } from '../../../platform/json.ts';
import { record } from '../../../platform/ledger/index.ts';
import type { Scope } from '../../../platform/scope.ts';
import { withCause } from '../../../platform/scope.ts';
import type { PipelineSpec } from '../definitions/definition.contract.ts';
import type { RunState } from '../pipelines.contract.ts';
import type { RunRow, StepRow } from '../pipelines.tables.ts';
import { type Decision, type PlanStep, planRun } from './plan.model.ts';
import * as store from './runs.store.ts';
import { stepsOf } from './step-registry.ts';

/** The kind of job that starts queued runs of a pipeline. */
export const admitJob = 'pipelines.admit';

/** Jobs that run one attempt of a step: light ones in the server, heavy ones that watch a process. */
export const stepJobs = { server: 'pipelines.step', process: 'pipelines.process' } as const;

/** A step that waits for its turn. */
export function stepRow(runId: string, spec: PipelineSpec, step: PlanStep, position: number): StepRow {
  const job = spec.jobs[step.job];
  return {
    run_id: runId,
    key: step.key,
    job: step.job,
    position,
    matrix: step.matrix === null ? null : JSON.stringify(step.matrix),
    expands: step.expands ? 1 : 0,
    uses: job.uses ?? 'run',
    state: 'waiting',
    attempt: 1,
    failures: 0,
    job_id: null,
    engine: null,
    external_id: null,
    input: null,
    progress: null,
    note: null,
    cache_key: null,
    cache_material: null,
    cache_why: null,
    outputs: null,
    error: null,
    awaiting: null,
    started_at: null,
    ended_at: null,
  };
}

/**
 * Carries out, in the caller's transaction and with the run locked, everything that follows from the states of its
 * steps: successors become ready with a job each, others are skipped or cancelled, and the run ends when all have.
 */
export async function advanceRun(tx: Scope, runId: string, spec: PipelineSpec): Promise<void> {
  const run = await store.lockRun(tx.db, runId);
  if (run?.state !== 'running') return;
  const rows = new Map((await store.listSteps(tx.db, runId)).map((row) => [row.key, row]));
  const planRow = {
    id: run.id,
    pipeline: run.pipeline,
    revision: run.revision,
    params: JSON.parse(run.params) as JsonObject,
    cancelled: run.cancel_requested === 1,
  };
  const plan = planRun(spec, planRow, [...rows.values()].map(store.toPlanStep));
  for (const decision of plan.decisions) await carryOut(tx, spec, rows, runId, decision);
  if (plan.end) await endRun(tx, run, plan.end, [...rows.values()]);
}

async function carryOut(
  tx: Scope,
  spec: PipelineSpec,
  rows: Map<string, StepRow>,
  runId: string,
  decision: Decision,
): Promise<void> {
  const row = rows.get(decision.key);
  if (!row) return;
  const now = tx.now();
  const set = async (values: Partial<StepRow>) => {
    await store.updateStep(tx.db, runId, row.key, values);
    rows.set(row.key, { ...row, ...values });
  };
  switch (decision.to) {
    case 'ready':
      await set({ state: 'ready', job_id: await enqueueStep(tx, row) });
      break;
    case 'skipped':
      await set({ state: 'skipped', ended_at: now });
      break;
    case 'cancelled':
      if (row.job_id) await tx.platform.jobs.cancel(tx, row.job_id);
      await set({ state: 'cancelled', ended_at: now });
      break;
    case 'interrupt':
      // Not when its job waits to be taken over: whoever takes it over ends what still runs of the step.
      if (row.job_id) await tx.platform.jobs.cancel(tx, row.job_id, { onlyRunning: true });
      break;
    case 'failed':
      await set({ state: 'failed', ended_at: now, error: JSON.stringify({ message: decision.message }) });
      break;
    case 'expand': {
      const steps = decision.instances.map((matrix, index): PlanStep => {
        const key = `${row.job}.${index}`;
        return { key, job: row.job, state: 'waiting', matrix, expands: false, outputs: {} };
      });
      const fresh = steps.map((step) => stepRow(runId, spec, step, row.position));
      await store.deleteSteps(tx.db, runId, [row.key]);
      await store.insertSteps(tx.db, fresh);
      rows.delete(row.key);
      for (const step of fresh) rows.set(step.key, step);
    }
  }
}

/** Queues the job of a step's present attempt. */
export function enqueueStep(
  tx: Scope,
  step: Pick<StepRow, 'run_id' | 'key' | 'attempt' | 'uses'>,
  notBefore?: number,
): Promise<string> {
  return tx.platform.jobs.enqueue(tx, {
    kind:
      step.uses === 'run' || stepsOf(tx.platform).get(step.uses)?.runs === 'process'
        ? stepJobs.process
        : stepJobs.server,
    payload: { run: step.run_id, step: step.key, attempt: step.attempt },
    ...(notBefore !== undefined && { notBefore }),
  });
}

async function endRun(tx: Scope, run: RunRow, end: RunState, steps: readonly StepRow[]): Promise<void> {
  const reason = run.reason ?? reasonOf(end, steps);
  await store.updateRun(tx.db, run.id, { state: end, ended_at: tx.now(), reason });
  await record(withCause(tx, tx.cause ?? run.started_event), {
    type: `pipelines.run.${end}`,
    subject: `run:${run.id}`,
    data: {
      run: run.id,
      pipeline: run.pipeline,
      revision: run.revision,
      trigger: run.trigger_kind,
      ...(reason && { reason }),
      seconds: run.started_at === null ? 0 : (tx.now() - run.started_at) / 1000,
    },
    uses: steps
      .filter((step) => step.ended_at !== null && step.state !== 'skipped')
      .map((step) => `step:${run.id}/${step.key}`),
  });
  await tx.platform.jobs.enqueue(tx, { kind: admitJob, payload: { pipeline: run.pipeline } });
}

function reasonOf(end: RunState, steps: readonly StepRow[]): string | null {
  const culprit = steps.find((step) => step.state === (end === 'stopped' ? 'stopped' : 'failed'));
  if (end === 'succeeded' || end === 'cancelled' || !culprit) return null;
  const error = culprit.error === null ? null : (JSON.parse(culprit.error) as { message?: string });
  return `${culprit.key}: ${error?.message ?? culprit.note ?? culprit.state}`;
}
