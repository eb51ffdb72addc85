import Type from 'typebox';
import { WhyReply } from '../../platform/ledger/ledger.contract.ts';
import { Name } from '../../platform/names.ts';
import { JsonValue, Nullable, Time } from '../../platform/schemas.ts';

/** A request that was answered, as it was recorded. */
export const PredictionReply = Type.Object({
  id: Type.String(),
  deployment: Name,
  eventTime: Nullable(Time),
  time: Time,
  revision: Type.String(),
  model: Nullable(Type.String()),
  version: Nullable(Type.Integer()),
  arm: Type.String(),
  rollout: Nullable(Type.String()),
  latencyMs: Type.Number(),
  inputs: JsonValue(),
  features: Type.Record(Type.String(), Nullable(Type.Number())),
  score: Nullable(Type.Number()),
  pairScore: Nullable(Type.Number()),
  label: Nullable(Type.Number()),
  path: Nullable(
    Type.String({ description: 'Of a graph: NODE=BRANCH for each switch, !NODE for what failed on the way' }),
  ),
  reward: Nullable(Type.Number()),
  weight: Type.Number({ description: 'Requests that it stands for; 0: it was left out of the sample' }),
  erased: Type.Boolean({ description: 'A person was erased from it' }),
  error: Nullable(Type.String()),
  cached: Type.Boolean({ description: 'The answer came from the cache' }),
});

/** Newest first; `next` is where the page after begins. */
export const PredictionsReply = Type.Object({
  items: Type.Array(PredictionReply),
  next: Type.Optional(Type.String()),
});

/** A prediction with the causes of the revision that gave it. */
export const PredictionWhyReply = Type.Object({ prediction: PredictionReply, graph: WhyReply });
