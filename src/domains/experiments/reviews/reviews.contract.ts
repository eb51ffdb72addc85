import Type from 'typebox';
import { Nullable, Time } from '../../../platform/schemas.ts';
import { TraceState } from '../traces/traces.contract.ts';

const Count = Type.Integer({ minimum: 0 });

/** A question that reviewers answer. */
export const QuestionReply = Type.Object({
  id: Type.String(),
  name: Type.String(),
  /** `feedback` judges what the program said, `expectation` says what it should have said. */
  type: Type.Union([Type.Literal('feedback'), Type.Literal('expectation')]),
  instruction: Nullable(Type.String()),
  /** How it is answered, in words. */
  answer: Type.String(),
  isDefault: Type.Boolean(),
});

export const ReviewQueueReply = Type.Object({
  id: Type.String(),
  name: Type.String(),
  type: Type.Union([Type.Literal('user'), Type.Literal('custom')]),
  users: Type.Array(Type.String()),
  /** Names of the questions; those of a user's queue are all of the experiment. */
  questions: Type.Array(Type.String()),
  pending: Count,
  complete: Count,
  declined: Count,
  createdAt: Time,
});

export const IssueStatusSchema = Type.Union([
  Type.Literal('pending'),
  Type.Literal('rejected'),
  Type.Literal('resolved'),
]);

export const IssueReply = Type.Object({
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  status: IssueStatusSchema,
  severity: Nullable(
    Type.Union([
      Type.Literal('not_an_issue'),
      Type.Literal('low'),
      Type.Literal('medium'),
      Type.Literal('high'),
    ]),
  ),
  rootCauses: Type.Array(Type.String()),
  categories: Type.Array(Type.String()),
  /** How many traces have it. */
  traces: Count,
  sourceRun: Nullable(Type.String()),
  createdAt: Time,
});

/** Everything about the reviews of an experiment. */
export const ReviewsReply = Type.Object({
  questions: Type.Array(QuestionReply),
  queues: Type.Array(ReviewQueueReply),
  issues: Type.Array(IssueReply),
});

export const ReviewStatusSchema = Type.Union([
  Type.Literal('pending'),
  Type.Literal('complete'),
  Type.Literal('declined'),
]);

export const ReviewItemReply = Type.Object({
  trace: Type.String(),
  status: ReviewStatusSchema,
  completedBy: Nullable(Type.String()),
  completedAt: Nullable(Time),
  /** What the trace is; null when it is not there. */
  about: Nullable(
    Type.Object({
      name: Nullable(Type.String()),
      state: TraceState,
      startedAt: Time,
      request: Nullable(Type.String()),
      response: Nullable(Type.String()),
      /** How many answers it has. */
      assessments: Count,
    }),
  ),
});

export const ReviewItemBody = Type.Object({ status: ReviewStatusSchema }, { additionalProperties: false });
export const IssueBody = Type.Object({ status: IssueStatusSchema }, { additionalProperties: false });
export const QueueId = Type.String({ pattern: '^[\\w-]{1,50}$' });
