import Type, { type Static } from 'typebox';
import { Name } from '../../../platform/names.ts';
import { Nullable, Pair, Time } from '../../../platform/schemas.ts';
import { RevisionReply } from '../runtime/revision.contract.ts';

/** How a new version comes in. What is left out keeps the safe default. */
export const RolloutSpec = Type.Object(
  {
    strategy: Type.Optional(Type.Union([Type.Literal('canary'), Type.Literal('immediate')])),
    steps: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: 99 }), {
        minItems: 1,
        maxItems: 10,
        description: 'Percent of requests that the challenger answers, step by step',
      }),
    ),
    shadowRequests: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Requests scored aside before step one' }),
    ),
    minimumRequests: Type.Optional(Type.Integer({ minimum: 1, description: 'Requests in each step' })),
    minimumLabelled: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Requests with outcomes before promotion' }),
    ),
    requireLabels: Type.Optional(Type.Boolean({ description: 'false: promote without outcomes' })),
    loss: Type.Optional(Type.Union([Type.Literal('brier'), Type.Literal('log-loss')])),
    margin: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: 'Loss by which a challenger may be worse' }),
    ),
    alpha: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 0.5,
        description: 'Chance of rolling back a good challenger, in all',
      }),
    ),
    latencyObjectiveMs: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: 'A slower answer counts as slow; default from the champion',
      }),
    ),
    timeoutMinutes: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: 'Undecided by then: held' }),
    ),
    stickyParameter: Type.Optional(
      Type.String({
        description: 'Request parameter whose value keeps its arm; default: every request for itself',
      }),
    ),
  },
  { additionalProperties: false },
);
export type RolloutSpecInput = Static<typeof RolloutSpec>;

export const RolloutState = Type.Union([
  Type.Literal('awaiting-approval'),
  Type.Literal('shadow'),
  Type.Literal('canary'),
  Type.Literal('promoted'),
  Type.Literal('rolled-back'),
  Type.Literal('aborted'),
  Type.Literal('held'),
]);

export const EvidenceTestSchema = Type.Object({
  name: Type.String(),
  kind: Type.Union([
    Type.Literal('harm'),
    Type.Literal('promotion'),
    Type.Literal('check'),
    Type.Literal('info'),
  ]),
  value: Nullable(Type.Number()),
  bound: Nullable(Type.Number()),
  n: Type.Integer(),
  decision: Type.Union([
    Type.Literal('undecided'),
    Type.Literal('pass'),
    Type.Literal('alarm'),
    Type.Literal('none'),
  ]),
  unit: Type.String(),
  interval: Nullable(Pair),
  champion: Nullable(Type.Number()),
  challenger: Nullable(Type.Number()),
  reason: Type.String(),
  history: Type.Array(Pair, {
    description: 'Pairs of time (ms) and value, oldest first',
  }),
});
export type EvidenceTest = Static<typeof EvidenceTestSchema>;

export const EvidenceSchema = Type.Object({
  requests: Type.Object({ champion: Type.Integer(), challenger: Type.Integer(), paired: Type.Integer() }),
  labelled: Type.Integer(),
  tests: Type.Array(EvidenceTestSchema),
  transitions: Type.Array(
    Type.Object({ time: Type.Number(), state: Type.String(), weight: Type.Integer(), reason: Type.String() }),
  ),
});
export type Evidence = Static<typeof EvidenceSchema>;

export const RolloutReply = Type.Object({
  id: Type.String(),
  deployment: Name,
  state: RolloutState,
  challenger: Nullable(RevisionReply),
  champion: Nullable(RevisionReply),
  step: Type.Integer(),
  steps: Type.Array(Type.Integer()),
  weight: Type.Integer(),
  reason: Type.String(),
  approval: Nullable(Type.String()),
  actor: Type.String(),
  evidence: EvidenceSchema,
  createdAt: Time,
  startedAt: Nullable(Time),
  endedAt: Nullable(Time),
});

/** Why a person ends a rollout or goes back; it stays on record. */
export const ReasonBody = Type.Object(
  { reason: Type.String({ minLength: 1, maxLength: 2000 }) },
  { additionalProperties: false },
);
