import { HoustonError } from '../../../platform/errors.ts';
import type { Json, JsonObject } from '../../../platform/json.ts';
import type { JobSpec, PipelineSpec } from '../definitions/definition.contract.ts';
import { durationMs } from '../definitions/duration.ts';
import { interpolate } from '../expressions/evaluator.ts';
import { pipelinesError } from '../pipelines.contract.ts';
import type { RunRow, StepRow } from '../pipelines.tables.ts';
import type { StepContext, StepKind, StepResult } from '../steps.ts';
import { jobContexts } from './plan.model.ts';
import { toPlanRun } from './runs.service.ts';
import { parseObject, toPlanStep } from './runs.store.ts';

/** Everything about one attempt of one step that its execution needs. */
export type Attempt = {
  run: RunRow;
  step: StepRow;
  spec: PipelineSpec;
  job: JobSpec;
  /** Absent for `run:` steps. */
  kind: StepKind | undefined;
  /** The script and the environment with every `${{ }}` filled in; `with` stands in the context. */
  filled: { command: string | null; env: Record<string, string> };
  context: StepContext;
  /** Time at which it is ended, in milliseconds since 1970. */
  deadline: number;
};

/** How an attempt ended, before it is written down. */
export type Outcome =
  | { state: 'done'; result: StepResult; input: JsonObject }
  | { state: 'cached'; outputs: JsonObject; lineage: string[]; from: string }
  | { state: 'failed'; error: StepFailure }
  | { state: 'cancelled' };

export type StepFailure = {
  code: string;
  message: string;
  next?: string;
  retry: 'as-declared' | 'asked' | 'never';
};

const defaultTimeoutMs = 6 * 3_600_000;

/** Puts an attempt together; `fillIn` completes it. */
export function describeAttempt(
  run: RunRow,
  step: StepRow,
  spec: PipelineSpec,
  kind: StepKind | undefined,
): Attempt {
  const job = spec.jobs[step.job];
  const timeoutMs = job.timeout === undefined ? defaultTimeoutMs : durationMs(job.timeout);
  return {
    run,
    step,
    spec,
    job,
    kind,
    filled: { command: null, env: {} },
    deadline: (step.started_at ?? Date.now()) + timeoutMs,
    context: {
      runId: run.id,
      pipeline: run.pipeline,
      revision: run.revision,
      step: step.key,
      attempt: step.attempt,
      runSubject: `run:${run.id}`,
      stepSubject: `step:${run.id}/${step.key}`,
      params: parseObject(run.params),
      matrix: parseObject(step.matrix),
      with: {},
    },
  };
}

/** Fills in every `${{ }}` of the step. Throws what the expressions throw. */
export function fillIn({ run, step, spec, job, ...attempt }: Attempt, steps: readonly StepRow[]): void {
  const contexts = jobContexts(spec, toPlanRun(run), steps.map(toPlanStep), toPlanStep(step));
  const env = interpolate({ ...spec.env, ...job.env }, contexts) as JsonObject;
  attempt.filled.command = job.run === undefined ? null : String(interpolate(job.run, contexts));
  attempt.filled.env = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, envText(value)]));
  attempt.context.with = interpolate((job.with ?? {}) as Json, contexts) as JsonObject;
}

const envText = (value: Json): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));

/** Deterministic name of an attempt at every engine. */
export function externalIdOf({ run_id, key, attempt }: Pick<StepRow, 'run_id' | 'key' | 'attempt'>): string {
  return `houston-${run_id}-${key}-${attempt}`;
}

/** Whether results of this step are taken from, and kept in, the cache. */
export function isCached({ job, kind }: Pick<Attempt, 'job' | 'kind'>): boolean {
  return job.cache ?? kind?.cached ?? kind?.runs === 'process';
}

/** Errors that another attempt would meet again. */
const hopeless = new Set(['pipelines.step.input_invalid', 'pipelines.expression.invalid']);

/** What a thrown value says about a step. */
export function toFailure(error: unknown, retry: StepFailure['retry'] = 'as-declared'): StepFailure {
  if (error instanceof HoustonError) {
    const { code, message, next } = error;
    return { code, message, next, retry: hopeless.has(code) ? 'never' : retry };
  }
  const message = (error instanceof Error ? error.message : String(error)).slice(0, 2000);
  return { ...failed('pipelines.step.failed', message), retry };
}

export function failed(
  code: Parameters<typeof pipelinesError>[0],
  message: string,
  retry: StepFailure['retry'] = 'as-declared',
): StepFailure {
  return { code, message, next: pipelinesError(code, message).next, retry };
}
