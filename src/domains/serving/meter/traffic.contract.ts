import Type from 'typebox';
import { Nullable, Time } from '../../../platform/schemas.ts';

/** Requests over time, by revision; latencies in milliseconds. */
export const TrafficReply = Type.Object({
  step: Type.Integer({ description: 'Seconds of a point' }),
  revisions: Type.Array(
    Type.Object({
      revision: Type.String(),
      version: Nullable(Type.Integer()),
      points: Type.Array(
        Type.Object({
          time: Time,
          requests: Type.Integer(),
          rows: Type.Integer(),
          errors: Type.Integer(),
          p50: Nullable(Type.Number()),
          p90: Nullable(Type.Number()),
          p99: Nullable(Type.Number()),
        }),
      ),
    }),
  ),
});
