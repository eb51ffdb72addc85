import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import type { Engine } from '../../../platform/engines/engine.ts';
import { type JobContext, JobLost } from '../../../platform/jobs/jobs.ts';
import type { JsonObject } from '../../../platform/json.ts';
import { record } from '../../../platform/ledger/index.ts';
import { type Scope, transact, withCause } from '../../../platform/scope.ts';
import { needsOf } from '../definitions/definition.model.ts';
import { durationMs } from '../definitions/duration.ts';
import type { StepState } from '../pipelines.contract.ts';
import { pipelinesError } from '../pipelines.contract.ts';
import type { StepRow } from '../pipelines.tables.ts';
import { type FileRef, StepOutcome, type StepResult } from '../steps.ts';
import { advanceRun, enqueueStep } from './advance.ts';
import { earlierDecision } from './approvals.ts';
import * as store from './runs.store.ts';
import { keep } from './step-cache.ts';
import { type Attempt, type Outcome, type StepFailure, toFailure } from './step-context.ts';

const mostOutputBytes = 256 * 1024;
/** Attempts in all when a program asks for another one, or its process was lost, and no `retries` are declared. */
const attemptsAsked = 3;

type Ending = { state: StepState; values?: Partial<StepRow>; lineage?: readonly string[]; reason?: string };

/**
 * Writes down how an attempt ended, in one transaction with everything that follows from it: the kind's own
 * commit, outputs, cache, ledger, successors, the end of the job. Whoever lost the job writes nothing.
 */
export async function concludeStep(
  scope: Scope,
  attempt: Attempt,
  outcome: Outcome,
  job: JobContext,
  engine: Engine,
): Promise<void> {
  try {
    const files =
      outcome.state === 'done' ? await storeFiles(scope, outcome.result, engine, attempt.step) : {};
    await transact(scope, (tx) => write(tx, attempt, outcome, files, job));
  } catch (error) {
    if (outcome.state !== 'done' || error instanceof JobLost || isDatabaseTrouble(error)) throw error;
    const failure: Outcome = { state: 'failed', error: toFailure(error) };
    await transact(scope, (tx) => write(tx, attempt, failure, {}, job));
  }
  const { external_id: id, engine: name } = attempt.step;
  if (id !== null && name !== null) await engine.clean(id).catch(() => {});
}

/** Takes the files of a result into the blob store; they must lie in the step's own folder. */
async function storeFiles(
  scope: Scope,
  { files = {} }: StepResult,
  engine: Engine,
  step: StepRow,
): Promise<Record<string, FileRef>> {
  const stored: Record<string, FileRef> = {};
  for (const [name, path] of Object.entries(files)) {
    let file = path;
    if (step.engine !== null && step.external_id !== null) {
      const folder = await realpath((await engine.collect(step.external_id)).outputDir);
      file = await realpath(resolve(folder, path)).catch(() => {
        throw failedError(`The file "${name}" is not there.`);
      });
      if (!file.startsWith(folder + sep))
        throw failedError(`The file "${name}" lies outside of the step's folder.`);
    }
    const { digest, size } = await scope.platform.blobs.putFile(file);
    stored[name] = { digest, size };
  }
  return stored;
}

const failedError = (message: string) => pipelinesError('pipelines.step.output_invalid', message);

async function write(
  tx: Scope,
  attempt: Attempt,
  outcome: Outcome,
  files: Record<string, FileRef>,
  job: JobContext,
): Promise<void> {
  const { run, step, spec } = attempt;
  const locked = await store.lockRun(tx.db, run.id);
  await job.finish(tx);
  const present = await store.findStep(tx.db, run.id, step.key);
  if (!locked || present?.state !== 'running' || present.attempt !== step.attempt) return;
  if (
    outcome.state === 'failed' &&
    (await retryLater(tx, attempt, outcome.error, locked.cancel_requested === 1))
  )
    return;
  const ending = await endingOf(tx, attempt, outcome, files);
  const ended = ending.state !== 'awaiting-approval';
  await store.updateStep(tx.db, run.id, step.key, {
    state: ending.state,
    ended_at: ended ? tx.now() : null,
    ...(ended && ending.state !== 'failed' && { progress: 1 }),
    ...ending.values,
  });
  if (ending.reason) await store.updateRun(tx.db, run.id, { reason: `${step.key}: ${ending.reason}` });
  const event = await record(tx, {
    type: ended ? 'pipelines.step.finished' : 'pipelines.step.awaiting',
    subject: attempt.context.stepSubject,
    data: {
      run: run.id,
      pipeline: run.pipeline,
      step: step.key,
      uses: step.uses,
      state: ending.state,
      attempt: step.attempt,
      ...(ending.values?.awaiting && { awaiting: ending.values.awaiting }),
      ...(ending.reason && { reason: ending.reason }),
      ...(outcome.state === 'failed' && { error: outcome.error.message }),
      seconds: (tx.now() - (step.started_at ?? tx.now())) / 1000,
    },
    uses: [...(ending.lineage ?? []), ...(await neededSteps(tx, attempt))],
  });
  await advanceRun(withCause(tx, event.id), run.id, spec);
}

async function endingOf(
  tx: Scope,
  attempt: Attempt,
  outcome: Outcome,
  files: Record<string, FileRef>,
): Promise<Ending> {
  switch (outcome.state) {
    case 'cancelled':
      return { state: 'cancelled' };
    case 'failed': {
      const { retry: _retry, ...error } = outcome.error;
      return {
        state: 'failed',
        values: { error: JSON.stringify(error), failures: attempt.step.failures + 1 },
      };
    }
    case 'cached':
      return {
        state: 'cached',
        values: { outputs: JSON.stringify(outcome.outputs) },
        lineage: [outcome.from, ...outcome.lineage],
      };
    case 'done':
      return finish(tx, attempt, outcome, files);
  }
}

/** The kind's own commit, and what it makes of the step. */
async function finish(
  tx: Scope,
  attempt: Attempt,
  { result, input }: Outcome & { state: 'done' },
  files: Record<string, FileRef>,
): Promise<Ending> {
  const { kind, context } = attempt;
  const own: JsonObject = { ...result.outputs, ...(files as unknown as JsonObject) };
  const given = await kind?.commit?.(tx, { outputs: own, files, uses: result.uses ?? [], input }, context);
  const outcome = given instanceof StepOutcome ? given : new StepOutcome({ outputs: given ?? {} });
  const outputs = { ...own, ...outcome.outputs };
  const text = JSON.stringify(outputs);
  if (text.length > mostOutputBytes) {
    throw failedError(
      `The outputs take ${text.length} bytes; beyond ${mostOutputBytes} they belong into a file.`,
    );
  }
  const lineage = [...(result.uses ?? []), ...outcome.uses];
  const stopped = outcome.stopped ?? result.stopped;
  const awaiting = outcome.awaiting ?? result.awaiting;
  if (stopped !== undefined)
    return { state: 'stopped', values: { outputs: text, note: stopped }, lineage, reason: stopped };
  if (awaiting !== undefined) return awaitDecision(tx, awaiting, outputs, lineage);
  await keep(tx, attempt, outputs, lineage);
  return { state: 'succeeded', values: { outputs: text }, lineage };
}

async function awaitDecision(
  tx: Scope,
  subject: string,
  outputs: JsonObject,
  lineage: string[],
): Promise<Ending> {
  const decision = await earlierDecision(tx, subject);
  const values = { outputs: JSON.stringify(outputs), awaiting: subject };
  if (!decision) return { state: 'awaiting-approval', values, lineage: [...lineage, subject] };
  const reason = `${subject} was ${decision.granted ? 'granted' : 'rejected'} already`;
  return decision.granted
    ? { state: 'succeeded', values, lineage: [...lineage, subject] }
    : { state: 'stopped', values, lineage: [...lineage, subject], reason };
}

/** Queues the next attempt when one is left. */
async function retryLater(
  tx: Scope,
  attempt: Attempt,
  error: StepFailure,
  cancelled: boolean,
): Promise<boolean> {
  const { step, job, run } = attempt;
  const declared = (job.retries ?? 0) + 1;
  const attempts = error.retry === 'asked' ? Math.max(declared, attemptsAsked) : declared;
  const failures = step.failures + 1;
  if (cancelled || error.retry === 'never' || failures >= attempts) return false;
  const waitMs = job['retry-delay']
    ? durationMs(job['retry-delay'])
    : Math.min(1000 * 2 ** (failures - 1), 60_000);
  const next = { attempt: step.attempt + 1, failures };
  const jobId = await enqueueStep(tx, { ...step, ...next }, tx.now() + waitMs);
  await store.updateStep(tx.db, run.id, step.key, {
    ...next,
    state: 'ready',
    job_id: jobId,
    external_id: null,
    progress: null,
    note: `Attempt ${step.attempt} failed: ${error.message}`,
    error: JSON.stringify({ code: error.code, message: error.message, next: error.next }),
  });
  return true;
}

/** The steps that this one needed: lineage within the run. */
async function neededSteps(tx: Scope, { run, step, spec }: Attempt): Promise<string[]> {
  const needs = new Set(needsOf(spec.jobs[step.job]));
  if (needs.size === 0) return [];
  const rows = await store.listSteps(tx.db, run.id);
  return rows
    .filter((row) => needs.has(row.job) && row.state !== 'skipped')
    .map((row) => `step:${run.id}/${row.key}`);
}

/** Trouble of the database is no failure of the step: its job tries again and takes up what the step left. */
function isDatabaseTrouble(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string') return false;
  return /^(40001|40P01|08...|57P..|53...|ECONN.*|ERR_SQLITE.*)$/.test(code);
}
