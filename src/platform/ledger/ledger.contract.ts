import Type from 'typebox';
import { Items, JsonRecord, Nullable, Time } from '../schemas.ts';

/** One change of state. `hash` covers every other field, `prev` is the hash of the event before. */
export const EventReply = Type.Object({
  seq: Type.Integer(),
  id: Type.String(),
  time: Time,
  type: Type.String({ description: 'domain.noun.verb in the past tense' }),
  actor: Type.String(),
  subject: Type.String(),
  data: JsonRecord(),
  uses: Type.Array(Type.String(), { description: 'Subjects that this state was made from' }),
  cause: Nullable(Type.String({ description: 'The event that led to this one' })),
  prev: Type.String(),
  hash: Type.String(),
});

export const EventsReply = Type.Object({
  items: Type.Array(EventReply),
  total: Type.Integer({ description: 'Events in the whole ledger' }),
});

/** The causes of a state as a graph; an edge points from a later event to an earlier one. */
export const WhyReply = Type.Object({
  subject: Type.String(),
  root: Type.String({ description: 'The event that is explained' }),
  nodes: Type.Array(
    Type.Object({
      id: Type.String(),
      depth: Type.Integer({ description: 'Distance from the root' }),
      event: EventReply,
    }),
  ),
  edges: Type.Array(
    Type.Object({
      from: Type.String(),
      to: Type.String(),
      kind: Type.Enum(['cause', 'uses', 'origin'], {
        description:
          'cause: the event that led here; uses: made from this state; origin: how the same subject came to be',
      }),
      subject: Type.Optional(Type.String()),
    }),
  ),
  truncated: Type.Boolean({ description: 'There are more events than the limit' }),
});

export const VerificationReply = Type.Object({
  ok: Type.Boolean(),
  events: Type.Integer({ description: 'Events found in the database' }),
  head: Type.String(),
  checkpoints: Type.Integer(),
  checkpointedUpTo: Type.Integer({ description: 'Later events are covered by the chain alone' }),
  firstBad: Nullable(
    Type.Object({ seq: Type.Integer(), id: Nullable(Type.String()), reason: Type.String() }),
  ),
});

/** A signed statement, kept outside the database, that the ledger had this hash at this number. */
export const CheckpointsReply = Items(
  Type.Object({ seq: Type.Integer(), hash: Type.String(), time: Time, signature: Type.String() }),
);
