import type { Json, JsonObject } from '../../../platform/json.ts';
import type { PipelineSpec } from '../definitions/definition.contract.ts';
import { ancestorsOf, needsOf } from '../definitions/definition.model.ts';
import { expandMatrix } from '../definitions/matrix.model.ts';
import { type Contexts, interpolate, isWanted, type NeedsStatus } from '../expressions/evaluator.ts';
import type { RunState, StepState } from '../pipelines.contract.ts';

/** What the plan must know of a step. */
export type PlanStep = {
  key: string;
  job: string;
  state: StepState;
  matrix: JsonObject | null;
  /** Its matrix waits for outputs of other jobs. */
  expands: boolean;
  outputs: JsonObject;
};

export type PlanRun = {
  id: string;
  pipeline: string;
  revision: number;
  params: JsonObject;
  cancelled: boolean;
};

/** What must happen next. */
export type Decision =
  | { key: string; to: 'ready' | 'skipped' | 'cancelled' }
  /** Running or waiting for a person, and no longer wanted. */
  | { key: string; to: 'interrupt' }
  | { key: string; to: 'expand'; instances: JsonObject[] }
  | { key: string; to: 'failed'; message: string };

export type Plan = { decisions: Decision[]; end: RunState | null };

export type JobResult = 'pending' | 'success' | 'failure' | 'cancelled' | 'skipped' | 'stopped';

const terminal: ReadonlySet<StepState> = new Set([
  'succeeded',
  'cached',
  'failed',
  'cancelled',
  'skipped',
  'stopped',
]);

export const isTerminal = (state: StepState): boolean => terminal.has(state);

/** The steps that a run begins with: one per job, or one per instance of a matrix that is known already. */
export function initialSteps(spec: PipelineSpec, run: PlanRun): PlanStep[] {
  return Object.entries(spec.jobs).flatMap(([job, { strategy }]): PlanStep[] => {
    const waiting = { job, state: 'waiting' as const, outputs: {} };
    if (!strategy) return [{ ...waiting, key: job, matrix: null, expands: false }];
    if (/\$\{\{[^}]*\b(jobs|needs)\b/.test(JSON.stringify(strategy.matrix))) {
      return [{ ...waiting, key: job, matrix: null, expands: true }];
    }
    try {
      const instances = expandMatrix(interpolate(strategy.matrix as Json, { values: runContext(run) }));
      return instances.map((matrix, index) => ({
        ...waiting,
        key: `${job}.${index}`,
        matrix,
        expands: false,
      }));
    } catch {
      // Params made a matrix that cannot be: its step fails with the reason when its turn comes.
      return [{ ...waiting, key: job, matrix: null, expands: true }];
    }
  });
}

/** The contexts that every expression of a run sees. */
function runContext(run: PlanRun): Record<string, Json> {
  return { params: run.params, run: { id: run.id, pipeline: run.pipeline, revision: run.revision } };
}

/** Contexts of the expressions of one job: what it needs, near and far, and its matrix values. */
export function jobContexts(
  spec: PipelineSpec,
  run: PlanRun,
  steps: readonly PlanStep[],
  step: Pick<PlanStep, 'job' | 'matrix'>,
): Contexts {
  const jobs = Object.fromEntries(
    [...ancestorsOf(spec, step.job)].map((name) => [name, jobContext(spec, steps, name)]),
  );
  return {
    values: { ...runContext(run), jobs, needs: jobs, matrix: step.matrix ?? {} },
    status: statusOf(spec, run, steps, step.job),
  };
}

/** `outputs` of a job: those of its step, or with a matrix a list per output in the order of the instances. */
function jobContext(spec: PipelineSpec, steps: readonly PlanStep[], name: string): JsonObject {
  const instances = steps.filter((step) => step.job === name);
  const result = resultOf(spec, steps, name);
  if (!spec.jobs[name].strategy) return { result, outputs: instances[0]?.outputs ?? {} };
  const keys = new Set(instances.flatMap((step) => Object.keys(step.outputs)));
  const outputs = Object.fromEntries(
    [...keys].map((key) => [key, instances.map((step) => step.outputs[key] ?? null)]),
  );
  return { result, outputs };
}

/** How a job ended, over all its instances. `continue-on-error` turns failure into success. */
export function resultOf(spec: PipelineSpec, steps: readonly PlanStep[], name: string): JobResult {
  const states = steps.filter((step) => step.job === name).map((step) => step.state);
  if (states.some((state) => !isTerminal(state))) return 'pending';
  if (states.includes('stopped')) return 'stopped';
  if (states.includes('failed')) return spec.jobs[name]['continue-on-error'] ? 'success' : 'failure';
  if (states.includes('cancelled')) return 'cancelled';
  return states.length > 0 && states.every((state) => state === 'skipped') ? 'skipped' : 'success';
}

function statusOf(spec: PipelineSpec, run: PlanRun, steps: readonly PlanStep[], name: string): NeedsStatus {
  const direct = needsOf(spec.jobs[name]).map((need) => resultOf(spec, steps, need));
  const all = [...ancestorsOf(spec, name)].map((need) => resultOf(spec, steps, need));
  const stopped = steps.some((step) => step.state === 'stopped');
  return {
    success: !run.cancelled && !stopped && direct.every((result) => result === 'success'),
    failure: all.includes('failure'),
    cancelled: run.cancelled,
  };
}

/** Everything that follows from the states of the steps, down to the end of the run. */
export function planRun(spec: PipelineSpec, run: PlanRun, given: readonly PlanStep[]): Plan {
  const steps = given.map((step) => ({ ...step }));
  const decisions: Decision[] = [];
  const decide = (step: PlanStep, decision: Decision) => {
    decisions.push(decision);
    if (decision.to === 'expand') {
      const at = steps.indexOf(step as (typeof steps)[number]);
      const instances = decision.instances.map((matrix, index) => ({
        ...step,
        key: `${step.job}.${index}`,
        matrix,
        expands: false,
      }));
      steps.splice(at, 1, ...instances);
    } else if (decision.to !== 'interrupt') step.state = decision.to;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const step of [...steps]) {
      const decision = decideStep(spec, run, steps, step);
      if (!decision) continue;
      decide(step, decision);
      changed ||= decision.to !== 'interrupt';
    }
  }
  const unique = decisions.filter(
    ({ key, to }, index) => to !== 'interrupt' || decisions.findIndex((other) => other.key === key) === index,
  );
  return { decisions: unique, end: endOf(spec, run, steps) };
}

function decideStep(
  spec: PipelineSpec,
  run: PlanRun,
  steps: readonly PlanStep[],
  step: PlanStep,
): Decision | null {
  const { key } = step;
  const job = spec.jobs[step.job];
  if (isTerminal(step.state)) return null;
  const unwanted = run.cancelled || hasFailedSibling(spec, steps, step);
  if (step.state === 'running') return unwanted ? { key, to: 'interrupt' } : null;
  if (step.state === 'awaiting-approval' || step.state === 'ready')
    return unwanted ? { key, to: 'cancelled' } : null;
  if (unwanted) return { key, to: 'cancelled' };
  if (needsOf(job).some((need) => resultOf(spec, steps, need) === 'pending')) return null;
  try {
    const contexts = jobContexts(spec, run, steps, step);
    if (step.expands) {
      if (!contexts.status?.success) return { key, to: 'skipped' };
      const instances = expandMatrix(interpolate(job.strategy?.matrix as Json, contexts));
      return instances.length > 0 ? { key, to: 'expand', instances } : { key, to: 'skipped' };
    }
    const condition = typeof job.if === 'boolean' ? String(job.if) : job.if;
    if (!isWanted(condition, contexts)) return { key, to: 'skipped' };
  } catch (error) {
    return { key, to: 'failed', message: (error as Error).message };
  }
  return hasFreePlace(spec, steps, step.job) ? { key, to: 'ready' } : null;
}

function hasFailedSibling(spec: PipelineSpec, steps: readonly PlanStep[], step: PlanStep): boolean {
  const { strategy } = spec.jobs[step.job];
  if (!strategy || strategy['fail-fast'] === false || spec.jobs[step.job]['continue-on-error']) return false;
  return steps.some((other) => other.job === step.job && other.state === 'failed');
}

function hasFreePlace(spec: PipelineSpec, steps: readonly PlanStep[], job: string): boolean {
  const most = spec.jobs[job].strategy?.['max-parallel'] ?? Number.POSITIVE_INFINITY;
  return (
    steps.filter((step) => step.job === job && (step.state === 'ready' || step.state === 'running')).length <
    most
  );
}

function endOf(spec: PipelineSpec, run: PlanRun, steps: readonly PlanStep[]): RunState | null {
  if (steps.some((step) => !isTerminal(step.state))) return null;
  if (run.cancelled) return 'cancelled';
  if (steps.some((step) => step.state === 'stopped')) return 'stopped';
  const failed = steps.some((step) => step.state === 'failed' && !spec.jobs[step.job]['continue-on-error']);
  return failed ? 'failed' : 'succeeded';
}
