import Type, { type Static } from 'typebox';
import { Name } from '../../../platform/names.ts';
import { EntityValues } from '../privacy/erasure.contract.ts';

const Time = Type.Union([Type.String({ maxLength: 40 }), Type.Number()]);

export const FeedbackItem = Type.Object(
  {
    id: Type.Optional(Type.String({ minLength: 1, maxLength: 300, description: 'Prediction id' })),
    entity: Type.Optional(EntityValues),
    deployment: Type.Optional(Type.String({ minLength: 1, maxLength: 260 })),
    value: Type.Optional(Type.Union([Type.Number(), Type.Boolean()], { description: 'The outcome' })),
    reward: Type.Optional(Type.Number({ description: 'What the answer was worth, beside its outcome' })),
    time: Type.Optional(Time),
  },
  { additionalProperties: false },
);

export const FeedbackBody = Type.Object(
  {
    items: Type.Array(FeedbackItem, { maxItems: 100_000 }),
    deployment: Type.Optional({ ...Name, description: 'Whose predictions items with an entity are about' }),
    windowHours: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 87_600,
        description: 'How old the prediction of an entity may be; default 720',
      }),
    ),
  },
  { additionalProperties: false },
);

export const FeedbackReply = Type.Object({
  accepted: Type.Integer(),
  unknown: Type.Array(Type.String(), {
    description: 'Ids that nobody was given; entities without a prediction',
  }),
  unsampled: Type.Array(Type.String(), {
    description: 'Answered, but left out of the sample: there is no score to judge',
  }),
  matched: Type.Array(Type.Object({ item: Type.Integer(), id: Type.String() }), {
    description: 'Which prediction each item with an entity went to',
  }),
});
export type FeedbackReplyBody = Static<typeof FeedbackReply>;

export const FeedbackFileReply = Type.Object({
  rows: Type.Integer(),
  accepted: Type.Integer(),
  unknown: Type.Integer(),
  unsampled: Type.Integer(),
  examples: Type.Array(Type.String(), { description: 'The first hundred that found no prediction' }),
});
export type FeedbackFileReplyBody = Static<typeof FeedbackFileReply>;

export const FeedbackHistory = Type.Object({
  items: Type.Array(
    Type.Object({
      value: Type.Union([Type.Number(), Type.Null()]),
      reward: Type.Union([Type.Number(), Type.Null()]),
      time: Type.Union([Type.String(), Type.Null()]),
      received: Type.String(),
    }),
  ),
});
