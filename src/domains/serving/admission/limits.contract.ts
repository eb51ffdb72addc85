import Type from 'typebox';

/** How much a deployment takes on; what is left out keeps the safe default. */
export const LimitsSpec = Type.Object(
  {
    maxConcurrent: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100_000,
        description: 'Requests that run at once; default by placement',
      }),
    ),
    maxQueue: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 100_000, description: 'Requests that may wait; default 1000' }),
    ),
    deadlineMs: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 600_000,
        description:
          'A request that would take longer, waiting included, is refused at once; default: timeoutMs',
      }),
    ),
    callerPerSecond: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1_000_000,
        description: 'Requests of one caller in a second, over ten seconds; default: any',
      }),
    ),
  },
  { additionalProperties: false },
);
