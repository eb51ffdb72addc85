import Type, { type Static } from 'typebox';
import { Name } from '../../../platform/names.ts';
import { Nullable, Time } from '../../../platform/schemas.ts';

const settings = {
  method: Type.Optional(
    Type.Union(
      [Type.Literal('auto'), Type.Literal('exact'), Type.Literal('kernel'), Type.Literal('permutation')],
      { description: 'Default auto: exact up to 12 features that vary, else permutation' },
    ),
  ),
  link: Type.Optional(
    Type.Union([Type.Literal('identity'), Type.Literal('logit')], {
      description: 'Scale of the contributions: the score itself (default), or log-odds of a probability',
    }),
  ),
  background: Type.Optional(
    Type.Integer({ minimum: 10, maximum: 1000, description: 'Recorded rows to compare with; default 100' }),
  ),
  budget: Type.Optional(
    Type.Integer({
      minimum: 1000,
      maximum: 10_000_000,
      description: 'Rows that a sampled method may score; default 200000',
    }),
  ),
  seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 31, description: 'Default 1' })),
  timeLimitMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 120_000, description: 'Default 30000' })),
  upstream: Type.Optional(
    Type.Boolean({
      description: 'true: also when another server runs the model, which then gets every call',
    }),
  ),
};

export const ExplanationBody = Type.Object(settings, { additionalProperties: false });
export type ExplanationSettingsInput = Static<typeof ExplanationBody>;

const Cell = Type.Union([Type.Number(), Type.Boolean(), Type.Null(), Type.String({ maxLength: 10_000 })]);

export const ExplainRequestBody = Type.Object(
  {
    ...settings,
    row: Type.Record(Type.String(), Type.Union([Cell, Type.Array(Cell, { maxItems: 2048 })]), {
      description: 'Value of each input of one row; a list where the input has several values a row',
    }),
    eventTime: Type.Optional(Type.Union([Type.String({ maxLength: 40 }), Type.Number()])),
    version: Type.Optional(Type.Integer({ minimum: 1, description: 'Default: the champion' })),
  },
  { additionalProperties: false },
);
export type ExplainRequestInput = Static<typeof ExplainRequestBody>;

export const ReasonCode = Type.Object({
  rank: Type.Integer(),
  feature: Type.String(),
  value: Nullable(Type.Number()),
  contribution: Type.Number(),
  share: Type.Number({ description: 'Part of the sum of all absolute contributions' }),
  direction: Type.Union([Type.Literal('raises'), Type.Literal('lowers')]),
  sentence: Type.String(),
  text: Nullable(Type.String({ description: 'What the deployment declares under reasons' })),
});
export type ReasonCodeReply = Static<typeof ReasonCode>;

export const ExplanationReply = Type.Object({
  state: Type.Literal('done'),
  deployment: Name,
  revision: Type.String(),
  model: Type.String(),
  version: Type.Integer(),
  prediction: Nullable(Type.String({ description: 'Id of the prediction' })),
  method: Type.Union([Type.Literal('exact'), Type.Literal('kernel'), Type.Literal('permutation')]),
  methodReason: Type.String(),
  exact: Type.Boolean({ description: 'No sampling: errors are 0' }),
  link: Type.Union([Type.Literal('identity'), Type.Literal('logit')]),
  base: Type.Number({ description: 'Mean over the background, on the scale of the link' }),
  output: Type.Number({ description: 'This row, on the scale of the link' }),
  score: Type.Number({ description: 'What the model gives now' }),
  recordedScore: Nullable(Type.Number()),
  sum: Type.Object({
    contributions: Type.Number(),
    expected: Type.Number({ description: 'output − base' }),
    difference: Type.Number(),
  }),
  features: Type.Array(
    Type.Object({
      name: Type.String(),
      value: Nullable(Type.Number()),
      usual: Nullable(Type.Number({ description: 'Median of the background' })),
      contribution: Type.Number(),
      standardError: Type.Number(),
    }),
  ),
  reasons: Type.Array(ReasonCode),
  background: Type.Object({
    rows: Type.Integer(),
    of: Type.Integer({ description: 'Rows that they were drawn from' }),
    from: Time,
    to: Time,
    source: Type.String(),
  }),
  seed: Type.Integer(),
  modelRows: Type.Integer({ description: 'Rows that the model scored' }),
  elapsedMs: Type.Number(),
  cached: Type.Boolean(),
});
export type ExplanationReplyBody = Static<typeof ExplanationReply>;

export const RunningReply = Type.Object({
  state: Type.Literal('running'),
  deployment: Name,
  waiting: Type.Integer({ description: 'Explanations ahead of this one' }),
  done: Type.Integer({ description: 'Rows scored' }),
  total: Type.Integer({ description: 'Rows to score; 0 while that is not known' }),
});
export type RunningReplyBody = Static<typeof RunningReply>;
