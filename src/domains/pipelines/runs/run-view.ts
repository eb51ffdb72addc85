import type { Static } from 'typebox';
import { isoTime } from '../../../platform/clock.ts';
import type { PipelineSpec } from '../definitions/definition.contract.ts';
import { needsOf } from '../definitions/definition.model.ts';
import type { RunReply, RunSummaryReply, StepFailure, StepReply } from '../pipelines.contract.ts';
import type { RunRow, StepRow } from '../pipelines.tables.ts';
import { parseObject } from './runs.store.ts';

export function runSummary(run: RunRow, steps: readonly StepRow[]): Static<typeof RunSummaryReply> {
  return { ...runBase(run), steps: steps.map(({ key, state }) => ({ key, state })) };
}

export function runView(run: RunRow, steps: readonly StepRow[], spec: PipelineSpec): Static<typeof RunReply> {
  return { ...runBase(run), steps: steps.map((step) => stepView(step, steps, spec)) };
}

function runBase(run: RunRow) {
  return {
    id: run.id,
    pipeline: run.pipeline,
    revision: run.revision,
    state: run.state,
    params: parseObject(run.params),
    trigger: run.trigger_kind,
    actor: run.actor,
    cause: run.cause,
    reason: run.reason,
    createdAt: isoTime(run.created_at),
    startedAt: isoTime(run.started_at),
    endedAt: isoTime(run.ended_at),
  };
}

function stepView(step: StepRow, steps: readonly StepRow[], spec: PipelineSpec): Static<typeof StepReply> {
  const job = Object.hasOwn(spec.jobs, step.job) ? spec.jobs[step.job] : {};
  const needed = new Set(needsOf(job));
  return {
    key: step.key,
    job: step.job,
    uses: step.uses,
    needs: steps.filter((other) => needed.has(other.job)).map((other) => other.key),
    matrix: step.matrix === null ? null : parseObject(step.matrix),
    state: step.state,
    attempt: step.attempt,
    startedAt: isoTime(step.started_at),
    endedAt: isoTime(step.ended_at),
    progress: step.progress,
    note: step.note,
    cache: {
      hit: step.state === 'cached',
      key: step.cache_key,
      why: step.cache_why === null ? [] : (JSON.parse(step.cache_why) as string[]),
    },
    outputs: parseObject(step.outputs),
    error: step.error === null ? null : (JSON.parse(step.error) as StepFailure),
    awaiting: step.awaiting,
  };
}
