import Value from 'typebox/value';
import type { Engine } from '../../../platform/engines/engine.ts';
import { type JobContext, JobLost, JobReleased } from '../../../platform/jobs/jobs.ts';
import type { JsonObject } from '../../../platform/json.ts';
import { type Scope, transact, withCause } from '../../../platform/scope.ts';
import { findDefinition } from '../definitions/definitions.store.ts';
import { pipelinesError } from '../pipelines.contract.ts';
import type { StepRow } from '../pipelines.tables.ts';
import type { StepKind } from '../steps.ts';
import { withPaths } from './cache-key.model.ts';
import { concludeStep } from './conclude.ts';
import { runInProcess } from './process-step.ts';
import * as store from './runs.store.ts';
import { runInServer } from './server-step.ts';
import { lookUp } from './step-cache.ts';
import {
  type Attempt,
  describeAttempt,
  externalIdOf,
  failed,
  fillIn,
  type Outcome,
  toFailure,
} from './step-context.ts';
import { stepsOf } from './step-registry.ts';

export type StepPayload = { run: string; step: string; attempt: number };

export type StepRunner = (scope: Scope, payload: StepPayload, job: JobContext) => Promise<void>;

/** Runs one attempt of one step to its written end. Started again after a crash it takes up what it finds. */
export function createStepRunner(engine: Engine, folder: string): StepRunner {
  return async (jobScope, payload, job) => {
    const begun = await begin(jobScope, payload, job);
    if (!begun) return;
    const { attempt } = begun;
    const scope = withCause(jobScope, attempt.run.started_event);
    const outcome = await perform(scope, begun, job, engine, folder).catch((error) => onThrown(error, job));
    await concludeStep(scope, attempt, outcome, job, engine);
  };
}

function onThrown(error: unknown, job: JobContext): Outcome {
  if (error instanceof JobLost || error instanceof JobReleased) throw error;
  if (job.signal.aborted && job.signal.reason === 'cancelled') return { state: 'cancelled' };
  if (job.signal.aborted) throw new JobReleased('The server stops; the step goes on at the next start.');
  return { state: 'failed', error: toFailure(error) };
}

type Begun = { attempt: Attempt; steps: StepRow[] };

/** Marks the step as running. Null when this attempt is no longer wanted: cancelled, or ended already. */
async function begin(scope: Scope, payload: StepPayload, job: JobContext): Promise<Begun | null> {
  return transact(scope, async (tx) => {
    const run = await store.lockRun(tx.db, payload.run);
    await job.guard(tx);
    const steps = run ? await store.listSteps(tx.db, run.id) : [];
    const step = steps.find(({ key }) => key === payload.step);
    const isCurrent =
      step?.attempt === payload.attempt && (step.state === 'ready' || step.state === 'running');
    const definition = run && (await findDefinition(tx.db, run.pipeline, run.revision));
    if (!run || !definition || !step || !isCurrent || run.state !== 'running') return null;
    if (step.state === 'ready') {
      const started = {
        state: 'running' as const,
        started_at: tx.now(),
        progress: null,
        note: null,
        error: null,
      };
      await store.updateStep(tx.db, run.id, step.key, started);
      Object.assign(step, started);
    }
    return {
      attempt: describeAttempt(run, step, definition.spec, stepsOf(tx.platform).get(step.uses)),
      steps,
    };
  });
}

async function perform(
  scope: Scope,
  { attempt, steps }: Begun,
  job: JobContext,
  engine: Engine,
  folder: string,
): Promise<Outcome> {
  fillIn(attempt, steps);
  const { step, kind, job: spec } = attempt;
  if (!kind && spec.run === undefined) {
    return {
      state: 'failed',
      error: failed('pipelines.step.failed', `This server knows no step "${step.uses}".`, 'never'),
    };
  }
  if (attempt.run.cancel_requested === 1) {
    if (step.engine !== null && step.external_id !== null) await engine.stop(step.external_id);
    return { state: 'cancelled' };
  }
  job.signal.throwIfAborted();
  const isProcess = !kind || kind.runs === 'process';
  if (isProcess && step.external_id !== null && (await engine.find(step.external_id)) !== null) {
    return runInProcess(scope, attempt, job, engine, { input: store.parseObject(step.input), adopt: true });
  }
  const input = kind ? await prepare(scope, attempt, kind) : attempt.context.with;
  const cache = await lookUp(scope, attempt, input);
  const noted = {
    external_id: externalIdOf(step),
    engine: isProcess ? engine.name : null,
    input: JSON.stringify(input),
    cache_key: cache.key,
    cache_material: cache.material && JSON.stringify(cache.material),
    cache_why: JSON.stringify(cache.why),
  };
  await transact(scope, async (tx) => {
    await job.guard(tx);
    await store.updateStep(tx.db, step.run_id, step.key, noted);
  });
  Object.assign(step, noted);
  if (cache.hit) return cache.hit;
  const ready = withPaths(input, (digest) => scope.platform.blobs.path(digest)) as JsonObject;
  if (kind?.runs === 'server') return runInServer(scope, attempt, job, kind, ready, folder);
  return runInProcess(scope, attempt, job, engine, { input: ready, adopt: false });
}

/** Checks `with` and resolves names to versions and digests. */
async function prepare(scope: Scope, attempt: Attempt, kind: StepKind): Promise<JsonObject> {
  const [fault] = Value.Errors(kind.inputs, attempt.context.with);
  if (fault) {
    const field = fault.instancePath.slice(1).replaceAll('/', '.') || 'with';
    throw pipelinesError('pipelines.step.input_invalid', `${kind.name}: "${field}" ${fault.message}.`);
  }
  return kind.prepare ? kind.prepare(scope, attempt.context.with, attempt.context) : attempt.context.with;
}
