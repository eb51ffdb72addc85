import Type, { type Static } from 'typebox';
import { Name } from '../../platform/names.ts';
import { JsonRecord, JsonValue, Maybe, Nullable, Time } from '../../platform/schemas.ts';
import { severities } from './expectations/expectation.model.ts';

const Digest = Type.String({ description: 'sha256: and 64 hexadecimal digits' });
const Value = JsonValue({ description: 'A JSON value' });
const Values = JsonRecord();
/** Well-formed Unicode without NUL: PostgreSQL holds no NUL in a text, canonical JSON no lone surrogate. */
export const textPattern = '^[^\\u0000\\ud800-\\udfff]*$';
export const ValidationId = Type.String({ pattern: '^[A-Za-z0-9_]{1,64}$' });
const Severity = Type.Enum([...severities]);

export const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 }));
export const Open = Type.Record(Type.String(), Type.Unknown());

export const DatasetParams = Type.Object({ name: Name });
export const VersionParams = Type.Object({
  name: Name,
  version: Type.String({
    pattern: '^(latest|[1-9][0-9]{0,8})$',
    description: 'Number of a version, or latest',
  }),
});

export const ColumnSchema = Type.Object({
  name: Type.String(),
  type: Type.String({ description: 'DuckDB type' }),
});

/** An expectation as a caller writes it: the JSON of Great Expectations 1.x, or 0.x with `expectation_type`. */
export const ExpectationInput = Type.Object(
  {
    type: Type.Optional(Type.String({ maxLength: 128 })),
    expectation_type: Type.Optional(Type.String({ maxLength: 128 })),
    kwargs: Type.Optional(Values),
    severity: Type.Optional(Severity),
    description: Type.Optional(Type.String({ maxLength: 2000 })),
  },
  { description: 'An expectation of Great Expectations, 1.x or 0.x' },
);

export const ExpectationReply = Type.Object({
  type: Type.String(),
  kwargs: Values,
  severity: Severity,
  id: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  notes: Type.Optional(Type.String()),
  meta: Type.Optional(Values),
});

export const DatasetInput = Type.Object(
  {
    description: Type.Optional(Type.String({ maxLength: 4000, pattern: textPattern })),
    eventTime: Type.Optional(Nullable(Type.String({ minLength: 1, maxLength: 256, pattern: textPattern }))),
    owner: Type.Optional(Type.String({ maxLength: 256, pattern: textPattern })),
    expectations: Type.Optional(Type.Array(ExpectationInput, { maxItems: 1000 })),
  },
  { additionalProperties: false, description: 'What is left out stays as it is' },
);

export const VersionReply = Type.Object({
  dataset: Type.String(),
  version: Type.Integer(),
  digest: Digest,
  rows: Type.Integer(),
  bytes: Type.Integer(),
  parts: Type.Integer(),
  columns: Type.Array(ColumnSchema),
  timeFrom: Nullable(Time),
  timeTo: Nullable(Time),
  mode: Type.Enum(['append', 'replace']),
  source: Type.String(),
  validation: Nullable(Type.String()),
  actor: Type.String(),
  createdAt: Time,
});

export const VersionDetail = Type.Object({
  ...VersionReply.properties,
  manifest: Type.Object({
    schema: Type.Array(ColumnSchema),
    parts: Type.Array(Type.Object({ digest: Digest, rows: Type.Integer(), size: Type.Integer() })),
  }),
});

export const DatasetReply = Type.Object({
  name: Type.String(),
  description: Type.String(),
  eventTime: Nullable(Type.String()),
  owner: Type.String(),
  latestVersion: Type.Integer({ description: '0 until there is a version' }),
  suiteRevision: Type.Integer(),
  expectations: Type.Array(ExpectationReply),
  latest: Nullable(VersionReply),
  createdAt: Time,
  updatedAt: Time,
});

export const ResultReply = Type.Object({
  type: Type.String(),
  severity: Severity,
  column: Nullable(Type.String()),
  kwargs: Values,
  description: Type.String(),
  success: Type.Boolean(),
  observed: Value,
  details: Nullable(Values),
  elementCount: Maybe,
  missingCount: Maybe,
  missingPercent: Maybe,
  unexpectedCount: Maybe,
  unexpectedPercent: Type.Union([Type.Number(), Type.Null()], {
    description: 'Of the values present, 0..100',
  }),
  unexpectedPercentTotal: Maybe,
  partialUnexpected: Type.Array(Value),
  partialUnexpectedCounts: Type.Array(Type.Object({ value: Value, count: Type.Integer() })),
  partialUnexpectedRows: Type.Array(Type.Integer()),
  sampleRows: Type.Array(Values),
  problem: Nullable(Type.String({ description: 'Why the expectation could not be evaluated' })),
});

export const ReportReply = Type.Object({
  success: Type.Boolean({ description: 'False when a critical expectation failed' }),
  rows: Type.Integer(),
  evaluated: Type.Integer(),
  successful: Type.Integer(),
  failed: Type.Integer(),
  successPercent: Maybe,
  results: Type.Array(ResultReply),
});

export const ValidationReply = Type.Object({
  id: Type.String(),
  dataset: Type.String(),
  version: Nullable(Type.Integer()),
  digest: Digest,
  suiteRevision: Type.Integer(),
  outcome: Type.Enum(['accepted', 'refused', 'checked']),
  success: Type.Boolean(),
  rows: Type.Integer(),
  evaluated: Type.Integer(),
  failed: Type.Integer(),
  source: Type.String(),
  actor: Type.String(),
  createdAt: Time,
});
export const ValidationDetail = Type.Object({ ...ValidationReply.properties, report: ReportReply });

export const UploadReply = Type.Object({
  dataset: Type.String(),
  version: Type.Integer(),
  digest: Digest,
  rows: Type.Integer({ description: 'Rows of the version' }),
  created: Type.Boolean({ description: 'False when the newest version already holds exactly these bytes' }),
  validation: Nullable(Type.Object({ id: Type.String(), ...ReportReply.properties })),
});

export const UploadQuery = Type.Object({
  mode: Type.Optional(Type.Enum(['append', 'replace'], { description: 'append (default) adds a part' })),
  schema: Type.Optional(
    Type.Enum(['keep', 'new'], { description: 'new, with mode=replace: this file sets a new schema' }),
  ),
  source: Type.Optional(
    Type.String({ maxLength: 500, pattern: textPattern, description: 'Where the rows come from' }),
  ),
});

const HistogramReply = Type.Object({
  edges: Type.Array(Type.Number()),
  counts: Type.Array(Type.Integer()),
  below: Type.Integer(),
  above: Type.Integer(),
});
const ColumnProfileReply = Type.Object({
  name: Type.String(),
  type: Type.String(),
  family: Type.Enum(['integer', 'float', 'text', 'boolean', 'temporal', 'other']),
  count: Type.Integer(),
  missing: Type.Integer(),
  missingPercent: Type.Number(),
  distinct: Type.Integer(),
  numeric: Nullable(
    Type.Object({
      min: Type.Number(),
      max: Type.Number(),
      mean: Type.Number(),
      std: Maybe,
      skewness: Maybe,
      zeros: Type.Integer(),
      negatives: Type.Integer(),
      infinite: Type.Integer(),
      quantiles: Type.Record(Type.String(), Type.Number()),
      histogram: HistogramReply,
    }),
  ),
  temporal: Nullable(
    Type.Object(
      { min: Type.Number(), max: Type.Number(), histogram: HistogramReply },
      { description: 'Milliseconds since 1970, UTC' },
    ),
  ),
  text: Nullable(
    Type.Object({
      minLength: Type.Integer(),
      maxLength: Type.Integer(),
      meanLength: Type.Number(),
      empty: Type.Integer(),
    }),
  ),
  top: Type.Array(Type.Object({ value: Value, count: Type.Integer() })),
});
const ProfileFields = Type.Object({
  rows: Type.Integer(),
  columns: Type.Array(ColumnProfileReply),
  correlations: Type.Object({
    columns: Type.Array(Type.String()),
    values: Type.Array(Type.Array(Maybe)),
  }),
  alerts: Type.Array(Type.Object({ column: Type.String(), kind: Type.String(), message: Type.String() })),
});
const ProfileStateFields = Type.Object({
  state: Type.Enum(['ready', 'pending', 'failed']),
  version: Type.Integer(),
  digest: Digest,
  error: Type.Optional(Type.String()),
  profile: Type.Optional(ProfileFields),
});
type ProfileState = { version: number; digest: string } & (
  | { state: 'ready'; profile: Static<typeof ProfileFields> }
  | { state: 'pending' }
  | { state: 'failed'; error: string }
);
/** The profile of a version once it is made; until then, what becomes of it. */
export const ProfileReply = Type.Unsafe<ProfileState>(ProfileStateFields);

const DiffSide = Type.Object({ version: Type.Integer(), digest: Digest, rows: Type.Integer() });
const SideSummaryReply = Type.Object({
  count: Type.Integer(),
  missing: Type.Integer(),
  missingPercent: Type.Number(),
  min: Maybe,
  max: Maybe,
  mean: Maybe,
  std: Maybe,
});
const ValueCount = Type.Object({ value: Type.String(), count: Type.Integer() });
export const DiffReply = Type.Object({
  from: DiffSide,
  to: DiffSide,
  rows: Type.Integer({ description: 'Rows of the newer minus rows of the older' }),
  parts: Type.Object({ shared: Type.Integer(), added: Type.Integer(), removed: Type.Integer() }),
  schema: Type.Object({
    added: Type.Array(ColumnSchema),
    removed: Type.Array(ColumnSchema),
    changed: Type.Array(Type.Object({ name: Type.String(), from: Type.String(), to: Type.String() })),
  }),
  columns: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.String(),
      family: Type.String(),
      from: SideSummaryReply,
      to: SideSummaryReply,
      psi: Maybe,
      jensenShannon: Maybe,
      bins: Type.Array(Type.Object({ label: Type.String(), from: Type.Integer(), to: Type.Integer() })),
      added: Type.Array(ValueCount),
      removed: Type.Array(ValueCount),
    }),
  ),
});

export const RowsReply = Type.Object({
  version: Type.Integer(),
  total: Type.Integer(),
  columns: Type.Array(ColumnSchema),
  rows: Type.Array(Type.Array(Value), { description: 'One list of values per row, in the order of columns' }),
});
