import Type, { type Static } from 'typebox';
import { defineErrors } from '../../platform/errors.ts';
import { Nullable, Time } from '../../platform/schemas.ts';

const Key = Type.String({ minLength: 1, maxLength: 250 });

/** JSON has no NaN and no infinities: they travel as words. */
export const MetricValue = Type.Union([
  Type.Number(),
  Type.Literal('NaN'),
  Type.Literal('Infinity'),
  Type.Literal('-Infinity'),
]);
export const ExperimentName = Type.String({ minLength: 1, maxLength: 500 });
export const RunStatusSchema = Type.Union([
  Type.Literal('running'),
  Type.Literal('scheduled'),
  Type.Literal('finished'),
  Type.Literal('failed'),
  Type.Literal('killed'),
]);
const KeyValues = Type.Record(Key, Type.String());

export const ExperimentReply = Type.Object({
  id: Type.Integer(),
  name: ExperimentName,
  description: Type.String(),
  tags: KeyValues,
  runs: Type.Integer(),
  createdAt: Time,
  updatedAt: Time,
});

const Has = (what: string) => Type.Boolean({ description: `Whether it has ${what}` });

/** One experiment by its name: what a page shows of it first. */
export const ExperimentDetailReply = Type.Object({
  ...Type.Omit(ExperimentReply, ['runs']).properties,
  stage: Type.String({ description: 'active or deleted' }),
  holds: Type.Object({
    runs: Has('runs that are not deleted'),
    traces: Has('traces'),
    models: Has('logged models that are not deleted'),
    reviews: Has('queues of traces that people review'),
  }),
});

export const RunSummary = Type.Object({
  id: Type.String(),
  experiment: ExperimentName,
  name: Type.String(),
  parent: Nullable(Type.String()),
  status: RunStatusSchema,
  startedAt: Time,
  endedAt: Nullable(Time),
  actor: Type.String(),
  params: KeyValues,
  metrics: Type.Record(Key, MetricValue),
  tags: KeyValues,
});
export const ArtifactReply = Type.Object({
  path: Type.String(),
  digest: Type.String(),
  size: Type.Integer(),
  mediaType: Type.String(),
});
export const RunReply = Type.Object({
  ...RunSummary.properties,
  environment: Type.Record(Type.String(), Type.Unknown()),
  inputs: Type.Array(Type.Object({ subject: Type.String(), role: Type.String() })),
  artifacts: Type.Array(ArtifactReply),
});

const MetricInput = Type.Object({
  key: Key,
  value: MetricValue,
  step: Type.Optional(Type.Integer()),
  time: Type.Optional(Time),
});
export const CreateRunBody = Type.Object(
  {
    experiment: ExperimentName,
    name: Type.Optional(Type.String({ maxLength: 250 })),
    parent: Type.Optional(Type.String({ maxLength: 64 })),
    params: Type.Optional(KeyValues),
    tags: Type.Optional(KeyValues),
  },
  { additionalProperties: false },
);
export const MetricsBody = Type.Object(
  { metrics: Type.Array(MetricInput, { minItems: 1, maxItems: 1000 }) },
  { additionalProperties: false },
);
export const ParamsBody = Type.Object(
  { params: Type.Optional(KeyValues), tags: Type.Optional(KeyValues) },
  { additionalProperties: false },
);
export const FinishBody = Type.Object(
  {
    status: Type.Optional(
      Type.Union([Type.Literal('finished'), Type.Literal('failed'), Type.Literal('killed')]),
    ),
  },
  { additionalProperties: false },
);
export const RunsQuery = Type.Object(
  {
    status: Type.Optional(RunStatusSchema),
    parent: Type.Optional(Type.String({ maxLength: 64 })),
    metric: Type.Optional(Type.String({ maxLength: 600, description: 'For example "auc > 0.7"' })),
    param: Type.Optional(
      Type.String({ maxLength: 6300, description: 'For example "trainer=logistic-regression"' }),
    ),
    tag: Type.Optional(Type.String({ maxLength: 8300, description: 'For example "team=ops"' })),
    orderBy: Type.Optional(
      Type.String({ maxLength: 260, description: '"startedAt" (default) or "metrics.NAME"' }),
    ),
    order: Type.Optional(Type.Union([Type.Literal('asc'), Type.Literal('desc')])),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
    cursor: Type.Optional(Type.String({ maxLength: 1000 })),
  },
  { additionalProperties: false },
);
export type RunsQueryInput = Static<typeof RunsQuery>;

export const experimentsError = defineErrors({
  'experiments.purge.active': {
    status: 409,
    next: 'Delete the run first; only what is deleted can go for good.',
  },
  'experiments.purge.not_found': { status: 404, next: 'Use the job that POST /api/experiments/gc returned.' },
  'experiments.experiment.not_found': { status: 404, next: 'List the experiments at /api/experiments.' },
  'experiments.experiment.exists': {
    status: 409,
    next: 'Choose another name; a deleted experiment keeps its name until it is restored.',
  },
  'experiments.experiment.deleted': { status: 409, next: 'Restore the experiment first.' },
  'experiments.run.deleted': { status: 409, next: 'Restore the run first.' },
  'experiments.run.active': { status: 409, next: 'The run is not deleted; go on with it.' },
  'experiments.model.not_found': { status: 404, next: 'Search the logged models of the experiment.' },
  'experiments.trace.not_found': { status: 404, next: 'Search the traces of the experiment.' },
  'experiments.span.not_found': { status: 404, next: 'Read the trace for the ids of its spans.' },
  'experiments.assessment.not_found': { status: 404, next: 'Read the trace for the ids of its assessments.' },
  'experiments.dataset.not_found': { status: 404, next: 'Search the evaluation datasets.' },
  'experiments.scorer.not_found': { status: 404, next: 'List the scorers of the experiment.' },
  'experiments.label_schema.not_found': { status: 404, next: 'List the questions of the experiment.' },
  'experiments.label_schema.exists': { status: 409, next: 'Choose another name, or change the question.' },
  'experiments.review_queue.not_found': { status: 404, next: 'List the review queues of the experiment.' },
  'experiments.review_queue.exists': {
    status: 409,
    next: 'Choose another name; names differ in more than upper and lower case.',
  },
  'experiments.review_item.not_found': { status: 404, next: 'Add the trace to the queue first.' },
  'experiments.issue.not_found': { status: 404, next: 'Search the issues of the experiment.' },
  'experiments.tag.not_found': { status: 404, next: 'Read the tags that are there.' },
  'experiments.input.invalid': { status: 400, next: 'Correct the named field and send the request again.' },
  'experiments.run.not_found': { status: 404, next: 'List the runs of the experiment.' },
  'experiments.run.closed': { status: 409, next: 'Start another run; this one has ended.' },
  'experiments.artifact.not_found': { status: 404, next: 'Read the run for the paths of its artifacts.' },
  'experiments.param.immutable': {
    status: 409,
    next: 'A param keeps its first value. Start another run for another value.',
  },
  'experiments.key.invalid': {
    status: 400,
    next: 'Use 1 to 250 letters, digits, spaces and _ / . : - without "..", and no slash at the ends.',
  },
  'experiments.value.too_long': { status: 400, next: 'Store long texts as an artifact of the run.' },
  'experiments.batch.too_large': { status: 400, next: 'Send at most 1000 metrics, 100 params and 100 tags.' },
  'experiments.search.invalid': {
    status: 400,
    next: 'Correct what is named and search again.',
  },
  'experiments.train.invalid': { status: 400, next: 'Correct the "with" of the step in the pipeline.' },
});
