import type { Static } from 'typebox';
import type { JobSpec, ParamSpec } from '../../../src/domains/pipelines/definitions/definition.contract.ts';
import type {
  DefinitionReply,
  PipelineReply,
  PipelinesReply,
  RunReply,
  RunState,
  RunSummaryReply,
  StepState,
} from '../../../src/domains/pipelines/pipelines.contract.ts';

export type { JobSpec as PipelineJob, ParamSpec as PipelineParam, RunState, StepState };
export type Pipeline = Static<typeof DefinitionReply>;
export type PipelineDetail = Static<typeof PipelineReply>;
/** In lists: with the number of runs by state, and the newest one. */
export type PipelineItem = Static<typeof PipelinesReply>['items'][number];
/** In lists: of its steps only the states. */
export type PipelineRun = Static<typeof RunSummaryReply>;
export type PipelineRunDetail = Static<typeof RunReply>;
export type PipelineStep = PipelineRunDetail['steps'][number];
