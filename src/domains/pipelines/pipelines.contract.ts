import { defineErrors } from '../../platform/errors.ts';

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
