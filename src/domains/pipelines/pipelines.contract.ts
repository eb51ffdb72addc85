import Type, { type Static } from 'typebox';
import { defineErrors } from '../../platform/errors.ts';
import { Items, JsonRecord, Nullable, Time } from '../../platform/schemas.ts';
import type { PipelineSpec } from './definitions/definition.contract.ts';

export const RunStateSchema = Type.Enum(['queued', 'running', 'succeeded', 'failed', 'cancelled', 'stopped']);
export type RunState = Static<typeof RunStateSchema>;

export const StepStateSchema = Type.Enum([
  'waiting',
  'ready',
  'running',
  'awaiting-approval',
  'succeeded',
  'cached',
  'failed',
  'cancelled',
  'skipped',
  'stopped',
]);
export type StepState = Static<typeof StepStateSchema>;

/** Why a step failed. */
export type StepFailure = { message: string; code?: string; next?: string };

export const StepReply = Type.Object({
  key: Type.String(),
  job: Type.String(),
  uses: Type.String(),
  needs: Type.Array(Type.String(), { description: 'Keys of the steps before it' }),
  matrix: Nullable(JsonRecord({ description: 'Values of this instance of a matrix' })),
  state: StepStateSchema,
  attempt: Type.Integer(),
  startedAt: Nullable(Time),
  endedAt: Nullable(Time),
  progress: Nullable(Type.Number({ description: '0 to 1' })),
  note: Nullable(Type.String()),
  cache: Type.Object({
    hit: Type.Boolean(),
    key: Nullable(Type.String()),
    why: Type.Array(Type.String(), { description: 'What differs from the run before' }),
  }),
  outputs: JsonRecord(),
  error: Nullable(Type.Unsafe<StepFailure>(Type.Record(Type.String(), Type.Unknown()))),
  awaiting: Nullable(Type.String({ description: 'What a waiting step waits for' })),
});

const runFields = {
  id: Type.String(),
  pipeline: Type.String(),
  revision: Type.Integer(),
  state: RunStateSchema,
  params: JsonRecord(),
  trigger: Type.String({ description: 'manual, schedule, data or incident' }),
  actor: Type.String(),
  cause: Nullable(Type.String()),
  reason: Nullable(Type.String()),
  createdAt: Time,
  startedAt: Nullable(Time),
  endedAt: Nullable(Time),
};

/** A run in a list: of its steps only the states. */
export const RunSummaryReply = Type.Object({
  ...runFields,
  steps: Type.Array(Type.Object({ key: Type.String(), state: StepStateSchema })),
});

export const RunReply = Type.Object({ ...runFields, steps: Type.Array(StepReply) });

const revisionFields = {
  revision: Type.Integer(),
  digest: Type.String(),
  createdAt: Time,
  createdBy: Type.String(),
};

/** One revision of a pipeline, as a person declared it. */
export const DefinitionReply = Type.Object({
  name: Type.String(),
  definition: Type.Unsafe<PipelineSpec>(Type.Record(Type.String(), Type.Unknown())),
  ...revisionFields,
});

export const PipelineReply = Type.Object({
  ...DefinitionReply.properties,
  revisions: Type.Array(Type.Object(revisionFields)),
});

export const PipelinesReply = Items(
  Type.Object({
    ...DefinitionReply.properties,
    runs: Type.Record(Type.String(), Type.Integer(), { description: 'Number of runs by state' }),
    latest: Nullable(RunSummaryReply),
  }),
);

export const pipelinesError = defineErrors({
  'pipelines.pipeline.not_found': { status: 404, next: 'GET /api/pipelines lists the pipelines.' },
  'pipelines.run.not_found': { status: 404, next: 'GET /api/pipelines/runs lists the runs.' },
  'pipelines.step.not_found': { status: 404, next: 'The run names its steps under "steps".' },
  'pipelines.definition.invalid': {
    status: 400,
    next: 'Correct what details.problems names; each entry has its path in the definition.',
  },
  'pipelines.params.invalid': {
    status: 400,
    next: 'GET the pipeline to see its params, their types and defaults.',
  },
  'pipelines.expression.invalid': {
    status: 400,
    next: 'Inside ${{ }} stand params, jobs.NAME.outputs.KEY, run, matrix, event, literals, comparisons and functions.',
  },
  'pipelines.run.not_resumable': {
    status: 409,
    next: 'Only a failed, cancelled or stopped run is resumed; start a new run instead.',
  },
  'pipelines.run.ended': { status: 409, next: 'The run has ended already; resume it or start a new one.' },
  'pipelines.step.failed': {
    status: 500,
    next: 'Read the log of the step, correct the cause, and resume the run.',
  },
  'pipelines.step.timeout': {
    status: 500,
    next: 'Raise the timeout of the job, or make the step faster, and resume the run.',
  },
  'pipelines.step.lost': {
    status: 500,
    next: 'Its process was killed from outside, often for want of memory. Resume the run.',
  },
  'pipelines.step.input_invalid': {
    status: 400,
    next: 'Correct the `with` of the job; the message names the field.',
  },
  'pipelines.step.output_invalid': {
    status: 500,
    next: 'A step writes {"outputs": {…}, "files": {"name": "path in outputDir"}} into the file that the manifest names.',
  },
  'pipelines.approval.unavailable': {
    status: 503,
    next: 'Approvals belong to the governance domain, which this server runs without.',
  },
});
