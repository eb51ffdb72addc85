import Type, { type Static } from 'typebox';
import { JsonRecord, JsonValue } from '../../../platform/schemas.ts';
import { durationPattern } from './duration.ts';

const closed = { additionalProperties: false };
const Duration = Type.String({ pattern: durationPattern, description: 'Such as 30s, 10m, 2h' });
const Values = JsonRecord();
const Scalar = Type.Union([Type.String(), Type.Number(), Type.Boolean()]);
const Environment = Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }), Scalar);
const JobName = Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_-]{0,62}$' });

const TriggerParams = Type.Optional(
  JsonRecord({
    description: 'Params of the run; ${{ event.… }} is known here',
  }),
);

export const ScheduleTrigger = Type.Object(
  {
    cron: Type.String({ minLength: 9, maxLength: 120 }),
    timezone: Type.Optional(Type.String({ description: 'IANA name; default UTC' })),
    catchup: Type.Optional(
      Type.Union([Type.Literal('none'), Type.Literal('last'), Type.Literal('all')], {
        description: 'What becomes of fires missed while the server was down (default last)',
      }),
    ),
    params: TriggerParams,
  },
  closed,
);

export const DataTrigger = Type.Object({ dataset: Type.String(), params: TriggerParams }, closed);

export const IncidentTrigger = Type.Object(
  {
    deployment: Type.String(),
    cooldown: Type.Optional(
      Type.String({ pattern: durationPattern, description: 'Least time between two runs (default 0s)' }),
    ),
    params: TriggerParams,
  },
  closed,
);

export const ParamSpec = Type.Object(
  {
    type: Type.Union([
      Type.Literal('string'),
      Type.Literal('number'),
      Type.Literal('integer'),
      Type.Literal('boolean'),
      Type.Literal('json'),
    ]),
    description: Type.Optional(Type.String()),
    default: Type.Optional(JsonValue()),
    choices: Type.Optional(Type.Array(JsonValue(), { minItems: 1 })),
  },
  closed,
);
export type ParamSpec = Static<typeof ParamSpec>;

const Matrix = JsonRecord({
  description: 'Name → list of values; `include` and `exclude` as in GitHub Actions',
});

export const JobSpec = Type.Object(
  {
    name: Type.Optional(Type.String()),
    needs: Type.Optional(Type.Union([JobName, Type.Array(JobName)])),
    uses: Type.Optional(Type.String({ description: 'A step kind, such as data/validate' })),
    with: Type.Optional(Values),
    run: Type.Optional(Type.String({ description: 'A shell script; needs the permission pipelines.code' })),
    env: Type.Optional(Environment),
    timeout: Type.Optional(Duration),
    retries: Type.Optional(Type.Integer({ minimum: 0, maximum: 20 })),
    'retry-delay': Type.Optional(Duration),
    if: Type.Optional(Type.Union([Type.String(), Type.Boolean()])),
    cache: Type.Optional(Type.Boolean({ description: 'Overrides whether the step kind is cached' })),
    'continue-on-error': Type.Optional(Type.Boolean()),
    strategy: Type.Optional(
      Type.Object(
        {
          matrix: Type.Union([
            Matrix,
            Type.String({ description: 'An expression that gives such an object or a list' }),
          ]),
          'max-parallel': Type.Optional(Type.Integer({ minimum: 1 })),
          'fail-fast': Type.Optional(Type.Boolean({ description: 'Default true' })),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type JobSpec = Static<typeof JobSpec>;

const oneOrMore = <T extends typeof ScheduleTrigger | typeof DataTrigger | typeof IncidentTrigger>(
  schema: T,
) => Type.Optional(Type.Union([schema, Type.Array(schema)]));

/** A pipeline as a person declares it, in the words of GitHub Actions. */
export const PipelineSpec = Type.Object(
  {
    description: Type.Optional(Type.String()),
    on: Type.Optional(
      Type.Object(
        {
          schedule: oneOrMore(ScheduleTrigger),
          data: oneOrMore(DataTrigger),
          incident: oneOrMore(IncidentTrigger),
        },
        closed,
      ),
    ),
    params: Type.Optional(Type.Record(Type.String(), ParamSpec)),
    env: Type.Optional(Environment),
    concurrency: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Runs at a time (default 1); others queue' }),
    ),
    jobs: Type.Record(Type.String(), JobSpec, { minProperties: 1, maxProperties: 500 }),
  },
  closed,
);
export type PipelineSpec = Static<typeof PipelineSpec>;
