import Type from 'typebox';

export const ComparisonBody = Type.Object(
  {
    version: Type.Union([Type.Integer({ minimum: 1 }), Type.String({ minLength: 1, maxLength: 100 })]),
    from: Type.Optional(Type.String({ maxLength: 40 })),
    to: Type.Optional(Type.String({ maxLength: 40 })),
  },
  { additionalProperties: false },
);

const Metric = Type.Object({
  live: Type.Number(),
  other: Type.Number(),
  difference: Type.Number(),
  interval: Type.Array(Type.Number()),
  pValue: Type.Number(),
});

/** Two versions on the same recorded requests. */
export const ComparisonReply = Type.Object({
  rows: Type.Integer(),
  version: Type.Integer(),
  aucLive: Type.Number(),
  aucOther: Type.Number(),
  difference: Type.Number(),
  interval: Type.Array(Type.Number()),
  pValue: Type.Number(),
  logLoss: Metric,
  brier: Metric,
});
