import Type from 'typebox';
import { Nullable, Time } from '../../../platform/schemas.ts';

export const TimeRange = Type.Object({
  from: Type.Optional(
    Type.String({ maxLength: 40, description: 'ISO time or milliseconds; default: all that is kept' }),
  ),
  to: Type.Optional(Type.String({ maxLength: 40 })),
  step: Type.Optional(
    Type.Integer({ minimum: 5, maximum: 3600, description: 'Seconds of a point; default: about 120 points' }),
  ),
});

export const HistoryReply = Type.Object({
  step: Type.Integer({ description: 'Seconds of a point' }),
  from: Time,
  to: Time,
  points: Type.Array(
    Type.Object({
      time: Time,
      requests: Type.Integer(),
      failed: Type.Integer(),
      refused: Type.Integer({ description: 'Refused at the gate; not among the requests' }),
      waited: Type.Integer({ description: 'Requests that had to wait for their turn' }),
      meanWaitMs: Nullable(Type.Number()),
      waiting: Type.Integer({ description: 'The most that waited at once' }),
      latency: Type.Record(Type.String(), Type.Integer(), {
        description: 'Requests by latency; the key is the lower end of a bin in microseconds, a power of two',
      }),
    }),
    { description: 'Oldest first; steps without requests are left out' },
  ),
});

export const FailuresReply = Type.Object({
  items: Type.Array(
    Type.Object({
      code: Type.String(),
      status: Type.Integer(),
      count: Type.Integer({ description: 'Since the start of this server' }),
      first: Time,
      last: Time,
      examples: Type.Array(
        Type.Object({
          time: Time,
          id: Nullable(Type.String({ description: 'The prediction, when it is in the log' })),
          message: Type.String(),
          door: Nullable(Type.String({ description: 'rest, grpc, mlflow or kserve-v1' })),
          trace: Nullable(Type.String()),
        }),
      ),
    }),
  ),
});

export const ResourcesReply = Type.Object({
  step: Type.Integer(),
  now: Type.Object({
    cores: Type.Integer(),
    startedAt: Time,
    residentBytes: Type.Integer(),
    modelBytes: Type.Integer({ description: 'About what all loaded models take up' }),
    modelBudgetBytes: Type.Integer(),
    workers: Type.Integer({ description: 'Worker threads of models' }),
    cold: Type.Integer({ description: 'Deployments that load at their next request' }),
  }),
  models: Type.Array(
    Type.Object({
      deployment: Type.String(),
      model: Type.String(),
      version: Type.Integer(),
      revision: Type.String(),
      placement: Type.String(),
      workers: Type.Integer(),
      bytes: Type.Integer(),
    }),
    { description: 'What is loaded, the largest first' },
  ),
  points: Type.Array(
    Type.Object({
      time: Time,
      cpu: Type.Number({ description: 'CPU seconds in a second: 1 is one core' }),
      residentBytes: Type.Number(),
      heapBytes: Type.Number(),
      externalBytes: Type.Number(),
      lagP50: Type.Number({ description: 'How late the event loop was, milliseconds' }),
      lagP99: Type.Number(),
      lagMax: Type.Number(),
      gc: Type.Number({ description: 'Share of the time in garbage collection' }),
    }),
  ),
});

export const PredictionTraceReply = Type.Object({
  trace: Nullable(Type.String({ description: 'Where the request was traced: tr-…' })),
});
