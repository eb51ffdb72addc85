import Type, { type Static } from 'typebox';
import { Name } from '../../platform/names.ts';

const identifier = '^[A-Za-z][A-Za-z0-9_]{0,62}$';
const Expression = Type.String({ minLength: 1, maxLength: 4000 });
const Column = Type.String({ minLength: 1, maxLength: 200 });
const Duration = Type.String({
  pattern: '^[1-9][0-9]{0,6}(s|m|h|d|w)$',
  description: 'A number and a unit: s, m, h, d or w; for example 3h',
});
const ColumnType = Type.Union([
  Type.Literal('number'),
  Type.Literal('string'),
  Type.Literal('boolean'),
  Type.Literal('timestamp'),
]);
const Description = Type.Optional(Type.String({ maxLength: 500 }));

/** A feature computed from the request alone. */
const ExpressionFeature = Type.Object(
  { expression: Expression, description: Description },
  { additionalProperties: false },
);

/**
 * A feature aggregated over the past. With grain g and window w, its value at time t covers the rows whose known
 * time τ satisfies floor(t/g)·g − w ≤ τ < floor(t/g)·g: no row ever sees itself or its future.
 */
const WindowFeature = Type.Object(
  {
    key: Type.Array(Column, {
      maxItems: 8,
      description: 'Columns of past rows that must match; none: all rows',
    }),
    lookup: Type.Optional(
      Type.Array(Column, {
        maxItems: 8,
        description: 'Columns of the request to match with `key` (default: the same)',
      }),
    ),
    mean: Type.Optional(Expression),
    sum: Type.Optional(Expression),
    count: Type.Optional(Type.Literal(true)),
    over: Duration,
    known_at: Type.Optional(Column),
    grain: Type.Optional(Duration),
    description: Description,
  },
  { additionalProperties: false },
);

/** One entry of `features` in houston.yaml. */
export const FeatureServiceDefinition = Type.Object(
  {
    source: Name,
    event_time: Column,
    description: Description,
    label: Type.Optional(Column),
    columns: Type.Optional(Type.Record(Type.String({ pattern: identifier }), ColumnType)),
    derive: Type.Optional(Type.Record(Type.String({ pattern: identifier }), Expression)),
    request: Type.Record(Type.String({ pattern: identifier }), ColumnType),
    slices: Type.Optional(Type.Array(Column, { maxItems: 20 })),
    features: Type.Record(
      Type.String({ pattern: identifier }),
      Type.Union([ExpressionFeature, WindowFeature]),
      { minProperties: 1, maxProperties: 500 },
    ),
  },
  { additionalProperties: false },
);

export type FeatureServiceDefinition = Static<typeof FeatureServiceDefinition>;
export type WindowDefinition = Static<typeof WindowFeature>;

/** A value of a request or event column at the edge: times are ISO strings or milliseconds. */
export const EdgeValue = Type.Union([Type.Number(), Type.String(), Type.Boolean(), Type.Null()]);
const Values = Type.Array(EdgeValue, { maxItems: 100_000 });

export const PushEvents = Type.Object(
  {
    batch: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    columns: Type.Optional(Type.Record(Type.String({ maxLength: 200 }), Values)),
    rows: Type.Optional(
      Type.Array(Type.Record(Type.String({ maxLength: 200 }), EdgeValue), { maxItems: 100_000 }),
    ),
  },
  { additionalProperties: false },
);
export type PushEvents = Static<typeof PushEvents>;

export const PushReply = Type.Object({
  accepted: Type.Integer({ description: 'Rows that are durable now' }),
  duplicate: Type.Boolean({ description: 'The batch id was seen before; nothing was counted again' }),
  ignored: Type.Integer({
    description: 'Rows that no feature can see: too old, or without a key or a known time',
  }),
});
export type PushReply = Static<typeof PushReply>;

export const VectorsRequest = Type.Object(
  {
    inputs: Type.Record(Type.String({ maxLength: 200 }), Type.Array(EdgeValue, { maxItems: 10_000 })),
    times: Type.Optional(Type.Array(Type.Union([Type.Number(), Type.String()]), { maxItems: 10_000 })),
  },
  { additionalProperties: false },
);
export type VectorsRequest = Static<typeof VectorsRequest>;

export const VectorsReply = Type.Object({
  features: Type.Array(Type.String()),
  vectors: Type.Array(Type.Array(Type.Union([Type.Number(), Type.Null()]))),
  statuses: Type.Array(Type.Array(Type.String())),
});

export const OnlineStats = Type.Object({
  rows: Type.Integer({ description: 'Events held in the windows' }),
  keys: Type.Integer(),
  tiles: Type.Integer(),
  oldest: Type.Union([Type.String(), Type.Null()]),
  newest: Type.Union([Type.String(), Type.Null()]),
  logBytes: Type.Integer(),
});

export const FeatureServiceView = Type.Object({
  name: Type.String(),
  digest: Type.String(),
  version: Type.Integer(),
  createdAt: Type.String(),
  source: Type.String(),
  eventTime: Type.String(),
  label: Type.Union([Type.String(), Type.Null()]),
  description: Type.String(),
  request: Type.Record(Type.String(), Type.String()),
  features: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.String(),
      kind: Type.String(),
      description: Type.String(),
      expression: Type.Optional(Type.String()),
      key: Type.Optional(Type.Array(Type.String())),
      lookup: Type.Optional(Type.Array(Type.String())),
      over: Type.Optional(Type.String()),
      grain: Type.Optional(Type.String()),
      knownAt: Type.Optional(Type.String()),
    }),
  ),
  definition: Type.Unknown(),
  online: OnlineStats,
  versions: Type.Array(
    Type.Object({ version: Type.Integer(), digest: Type.String(), createdAt: Type.String() }),
  ),
});
export type FeatureServiceView = Static<typeof FeatureServiceView>;
