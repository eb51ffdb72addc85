import Type, { type Static } from 'typebox';
import { JsonRecord, JsonValue, Nullable, Time } from '../../../platform/schemas.ts';
import { ExperimentName } from '../experiments.contract.ts';

const Texts = Type.Record(Type.String(), Type.String());
const Count = Type.Integer({ minimum: 0 });

export const TraceId = Type.String({ pattern: '^[\\w-]{1,70}$' });
export const PartId = Type.String({ pattern: '^[\\w-]{1,50}$' });
export const TraceState = Type.Union([
  Type.Literal('OK'),
  Type.Literal('ERROR'),
  Type.Literal('IN_PROGRESS'),
  Type.Literal('STATE_UNSPECIFIED'),
]);

/** Tokens and cost (USD) of model calls; a field is null when nobody reported it. */
export const Usage = Type.Object({
  inputTokens: Nullable(Type.Number()),
  outputTokens: Nullable(Type.Number()),
  totalTokens: Nullable(Type.Number()),
  totalCost: Nullable(Type.Number()),
});

/** What somebody, or something, says of a trace or of one of its spans. */
export const AssessmentReply = Type.Object({
  id: Type.String(),
  kind: Type.Union([Type.Literal('feedback'), Type.Literal('expectation'), Type.Literal('issue')]),
  name: Type.String(),
  /** Any JSON: a verdict, a number, a text, a list. */
  value: JsonValue(),
  error: Nullable(Type.Object({ code: Type.String(), message: Type.String() })),
  rationale: Nullable(Type.String()),
  source: Type.Object({ type: Type.String(), id: Type.String() }),
  metadata: Texts,
  spanId: Nullable(Type.String()),
  /** The assessment that this one replaces. */
  overrides: Nullable(Type.String()),
  /** False once another one overrides it. */
  isValid: Type.Boolean(),
  createdAt: Time,
  updatedAt: Time,
});

export const TraceSummary = Type.Object({
  id: TraceId,
  experiment: ExperimentName,
  name: Nullable(Type.String()),
  state: TraceState,
  startedAt: Time,
  durationMs: Nullable(Type.Number()),
  /** The first characters of what went in and came out, JSON or text. */
  request: Nullable(Type.String()),
  response: Nullable(Type.String()),
  session: Nullable(Type.String()),
  user: Nullable(Type.String()),
  /** The run within which the trace was made. */
  run: Nullable(Type.String()),
  clientRequestId: Nullable(Type.String()),
  /** Spans in the store; 0 when they are an artifact of the trace. */
  spans: Count,
  usage: Usage,
  tags: Texts,
  metadata: Texts,
  assessments: Type.Array(AssessmentReply),
});

/**
 * The spans of a trace as columns, all of one length, in the order of a tree read from the top: a parent, then what
 * stands below it, siblings by their start. Content is read span by span.
 */
export const SpanColumns = Type.Object({
  /** Distinct names, types and statuses; the columns below hold places in them. */
  names: Type.Array(Type.String()),
  types: Type.Array(Type.String()),
  statuses: Type.Array(Type.String()),
  id: Type.Array(Type.String()),
  /** Place of the parent in these columns; -1 for a root or when the parent is not here. */
  parent: Type.Array(Type.Integer()),
  depth: Type.Array(Count),
  name: Type.Array(Count),
  type: Type.Array(Count),
  status: Type.Array(Count),
  /** Microseconds after `origin`. */
  start: Type.Array(Type.Number()),
  /** Microseconds; null while the span has not ended. */
  duration: Type.Array(Nullable(Type.Number())),
  tokens: Type.Array(Nullable(Type.Number())),
  cost: Type.Array(Nullable(Type.Number())),
});
export type SpanColumnsReply = Static<typeof SpanColumns>;

export const TraceReply = Type.Object({
  ...TraceSummary.properties,
  /** Where `start` of the spans counts from. */
  origin: Time,
  columns: SpanColumns,
});

export const SpanReply = Type.Object({
  id: Type.String(),
  trace: TraceId,
  parent: Nullable(Type.String()),
  name: Type.String(),
  type: Type.String(),
  status: Type.String(),
  statusMessage: Type.String(),
  /** Nanoseconds since 1970, as text: JSON numbers do not hold them. */
  startNs: Type.String(),
  endNs: Nullable(Type.String()),
  inputs: JsonValue(),
  outputs: JsonValue(),
  model: Nullable(Type.String()),
  usage: Usage,
  attributes: JsonRecord(),
  events: Type.Array(
    Type.Object({
      name: Type.String(),
      timeNs: Type.String(),
      attributes: JsonRecord(),
    }),
  ),
  links: Type.Array(
    Type.Object({
      trace: Type.String(),
      span: Type.String(),
      attributes: JsonRecord(),
    }),
  ),
  assessments: Type.Array(AssessmentReply),
});

export const TracesQuery = Type.Object(
  {
    filter: Type.Optional(
      Type.String({
        maxLength: 10_000,
        description: "For example \"status = 'ERROR' AND span.name LIKE '%search%'\"",
      }),
    ),
    orderBy: Type.Optional(
      Type.String({
        maxLength: 300,
        description: '"timestamp_ms DESC" (default), "execution_time_ms DESC", "tags.key ASC", …',
      }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
    cursor: Type.Optional(Type.String({ maxLength: 4000 })),
  },
  { additionalProperties: false },
);

export const TraceFigure = Type.Object({
  at: Time,
  traces: Count,
  errors: Count,
  /** Milliseconds: the median and the slowest 5 %. */
  p50: Nullable(Type.Number()),
  p95: Nullable(Type.Number()),
  tokens: Nullable(Type.Number()),
});
export const FiguresQuery = Type.Object(
  {
    from: Time,
    to: Time,
    /** Width of an interval; at most 1000 of them fit between the two times. */
    seconds: Type.Integer({ minimum: 1, maximum: 31_536_000 }),
  },
  { additionalProperties: false },
);

export const NewAssessment = Type.Object(
  {
    kind: Type.Union([Type.Literal('feedback'), Type.Literal('expectation')]),
    name: Type.String({ minLength: 1, maxLength: 250 }),
    value: Type.Unknown(),
    rationale: Type.Optional(Type.String({ maxLength: 100_000 })),
    spanId: Type.Optional(PartId),
    overrides: Type.Optional(PartId),
  },
  { additionalProperties: false },
);

export const AssessmentPatch = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 250 })),
    value: Type.Optional(Type.Unknown()),
    rationale: Type.Optional(Type.String({ maxLength: 100_000 })),
  },
  { additionalProperties: false },
);

export const TraceIds = Type.Object(
  { ids: Type.Array(TraceId, { minItems: 1, maxItems: 1000 }) },
  { additionalProperties: false },
);
