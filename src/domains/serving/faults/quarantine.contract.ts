import Type from 'typebox';
import { Nullable, Time } from '../../../platform/schemas.ts';

/** A revision that died, hung or leaked too often: not loaded until a person releases it. */
export const QuarantineReply = Type.Object({
  id: Type.String(),
  revision: Type.String(),
  deployment: Type.String(),
  model: Type.String(),
  version: Type.Integer(),
  kind: Type.String({ description: 'crash, hang or memory: what went wrong most often' }),
  reason: Type.String(),
  faults: Type.Array(Type.Object({ time: Time, kind: Type.String(), detail: Type.String() })),
  answeredBy: Type.String({
    description: 'Who has answered since: champion, previous (the champion before), fallback or nobody',
  }),
  event: Type.String(),
  since: Time,
  releasedAt: Nullable(Time),
  releasedBy: Nullable(Type.String()),
  releaseReason: Nullable(Type.String()),
});
