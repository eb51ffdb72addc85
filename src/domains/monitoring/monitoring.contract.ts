import Type, { type Static } from 'typebox';
import { Name } from '../../platform/names.ts';
import { Maybe, Nullable, Time } from '../../platform/schemas.ts';

const Duration = (description: string) =>
  Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,4}(m|h|d|w)$', description }));

/** `monitors:` of houston.yaml, by deployment. What is left out keeps the safe default. */
export const MonitorSpec = Type.Object(
  {
    window: Duration('Length of a window of event time (1d)'),
    labelHorizon: Duration('After the end of a window: by then its outcomes are known (1d)'),
    metric: Type.Optional(
      Type.Union([Type.Literal('log-loss'), Type.Literal('brier'), Type.Literal('auc')], {
        description: 'Judged beside the calibration gap and the excess log loss (log-loss)',
      }),
    ),
    minimumRows: Type.Optional(
      Type.Integer({
        minimum: 30,
        maximum: 1_000_000,
        description: 'Rows below which nothing is judged (200)',
      }),
    ),
    minimumCoverage: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description: 'Share of outcomes below which performance is not judged (0.5)',
      }),
    ),
    alpha: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 0.2,
        description: 'Level of tests and learned limits of one window, before persistence (0.01)',
      }),
    ),
    persistence: Type.Optional(
      Type.Object(
        {
          windows: Type.Integer({ minimum: 1, maximum: 20, description: 'Flagged windows needed (2)' }),
          of: Type.Integer({ minimum: 1, maximum: 20, description: 'Among so many of the newest (3)' }),
        },
        { additionalProperties: false },
      ),
    ),
    learningWindows: Type.Optional(
      Type.Integer({
        minimum: 3,
        maximum: 100,
        description: 'First windows of a champion, from which its limits are learned (7)',
      }),
    ),
    calibrationMargin: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description: 'Least calibration gap that matters, as a share of the label rate (0.1)',
      }),
    ),
    cooldownWindows: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 365, description: 'After an incident opened: none opens (14)' }),
    ),
    paused: Type.Optional(Type.Boolean({ description: 'Windows are kept; nothing alerts (false)' })),
  },
  { additionalProperties: false },
);
export type MonitorSpecInput = Static<typeof MonitorSpec>;

export const DriftSchema = Type.Object({
  feature: Type.String(),
  effect: Type.Number({ description: 'PSI on frozen bins, nats' }),
  threshold: Nullable(Type.Number({ description: 'Learned limit of the effect; null while learning' })),
  shift: Type.Number({ description: "Cliff's delta, −1 to 1: positive when values have grown" }),
  shiftLow: Maybe,
  shiftHigh: Maybe,
  distance: Type.Number({ description: 'Jensen-Shannon distance, base 2, 0 to 1' }),
  pValue: Maybe,
  qValue: Nullable(Type.Number({ description: 'Benjamini-Hochberg over all columns of the window' })),
  n: Type.Integer(),
  missing: Type.Number({ description: 'Share of rows, 0 to 1' }),
  missingReference: Type.Number(),
  unseen: Type.Number({ description: 'Share of rows with a value that the reference did not have' }),
  ratio: Nullable(
    Type.Number({ description: 'Effect or shift over its limit, the worse; 1 is at the limit' }),
  ),
  calendar: Type.Boolean({
    description: 'It differs between windows and hardly within one: judged by missing and new values alone',
  }),
  flag: Type.Boolean(),
});

export const FigureSchema = Type.Object({
  value: Maybe,
  low: Maybe,
  high: Maybe,
  centre: Nullable(Type.Number({ description: 'Mean of the windows that taught the limits' })),
  limitLow: Maybe,
  limit: Maybe,
  pValue: Maybe,
  qValue: Maybe,
  n: Type.Integer(),
  flag: Type.Boolean(),
});

export const WindowSchema = Type.Object({
  start: Time,
  end: Time,
  state: Type.String({ description: 'healthy, degraded or not enough data' }),
  phase: Type.String({ description: 'provisional (outcomes are due) or final' }),
  verdict: Type.String({ description: 'State, more exactly: also drifting, learning, provisional' }),
  reason: Type.String(),
  revision: Type.String(),
  model: Nullable(Type.String()),
  version: Nullable(Type.Integer()),
  reference: Nullable(Type.String()),
  rows: Type.Integer(),
  errors: Type.Integer(),
  labelled: Type.Integer(),
  coverage: Type.Number({ description: "Share of the champion's rows with an outcome" }),
  labelRate: Maybe,
  meanScore: Maybe,
  performance: Type.Record(Type.String(), FigureSchema, {
    description: 'logLoss, calibrationGap, excessLogLoss, auc, brier; empty while too few outcomes are there',
  }),
  drift: Type.Array(DriftSchema),
  prediction: Nullable(DriftSchema),
  driftScore: Nullable(Type.Number({ description: 'Importance-weighted mean of ratio over the features' })),
  evaluatedAt: Time,
});

/** The newest windows of one deployment in short: what a strip of states shows. */
export const WindowStripSchema = Type.Object({
  deployment: Name,
  windows: Type.Array(
    Type.Object({
      start: Time,
      state: WindowSchema.properties.state,
      reason: Type.String(),
      rows: Type.Integer(),
    }),
    { description: 'Oldest first' },
  ),
});

export const EvidenceSchema = Type.Object({
  window: Type.Object({ start: Time, end: Time, rows: Type.Integer(), labelled: Type.Integer() }),
  features: Type.Array(
    Type.Object({
      feature: Type.String(),
      effect: Type.Number(),
      threshold: Maybe,
      qValue: Maybe,
      ratio: Maybe,
    }),
  ),
  performance: Type.Array(
    Type.Object({
      metric: Type.String(),
      value: Type.Number(),
      low: Maybe,
      high: Maybe,
      limit: Maybe,
      limitLow: Maybe,
    }),
  ),
  driftScore: Maybe,
  fault: Type.Optional(
    Type.Object({
      count: Type.Integer({ description: 'Times that it was seen' }),
      seen: Type.Array(Type.Object({ time: Time, text: Type.String() })),
      quarantined: Nullable(Type.String({ description: 'Revision that is not loaded any more' })),
      answeredBy: Nullable(Type.String({ description: 'champion, previous, fallback or nobody' })),
    }),
  ),
});

export const AlertSchema = Type.Object({
  id: Type.String(),
  deployment: Name,
  rule: Type.String(),
  severity: Type.String(),
  state: Type.String(),
  window: Time,
  lastWindow: Time,
  reason: Type.String(),
  message: Type.String(),
  evidence: EvidenceSchema,
  incident: Nullable(Type.String()),
  createdAt: Time,
  firedAt: Nullable(Time),
  resolvedAt: Nullable(Time),
});

export const IncidentSchema = Type.Object({
  id: Type.String(),
  deployment: Nullable(Type.String({ description: 'null: of the server itself' })),
  state: Type.String(),
  severity: Type.String(),
  rule: Type.String(),
  title: Type.String(),
  reason: Type.String(),
  revision: Nullable(Type.String()),
  model: Nullable(Type.String()),
  version: Nullable(Type.Integer()),
  window: Time,
  resolvedWindow: Nullable(Time),
  evidence: EvidenceSchema,
  openedAt: Time,
  acknowledgedAt: Nullable(Time),
  acknowledgedBy: Nullable(Type.String()),
  resolvedAt: Nullable(Time),
  resolvedBy: Nullable(Type.String()),
  resolution: Nullable(Type.String()),
  event: Type.String(),
});

export const IncidentDetailSchema = Type.Object({
  ...IncidentSchema.properties,
  alerts: Type.Array(AlertSchema),
  timeline: Type.Array(
    Type.Object({
      time: Time,
      type: Type.String(),
      text: Type.String(),
      actor: Nullable(Type.String()),
      subject: Nullable(Type.String()),
      event: Nullable(Type.String()),
    }),
  ),
});

export const MonitorSchema = Type.Object({
  deployment: Name,
  spec: MonitorSpec,
  settings: Type.Object({
    window: Type.Number({ description: 'Milliseconds' }),
    labelHorizon: Type.Number({ description: 'Milliseconds' }),
    metric: Type.String(),
    minimumRows: Type.Integer(),
    minimumCoverage: Type.Number(),
    alpha: Type.Number(),
    persistence: Type.Object({ windows: Type.Integer(), of: Type.Integer() }),
    learningWindows: Type.Integer(),
    calibrationMargin: Type.Number(),
    cooldownWindows: Type.Integer(),
    paused: Type.Boolean(),
  }),
  state: Type.String({
    description: 'healthy, degraded, failing, no data, not enough data or paused',
  }),
  reason: Type.String(),
  latest: Nullable(WindowSchema),
  latestFinal: Nullable(WindowSchema),
  reference: Nullable(
    Type.Object({
      id: Type.String(),
      revision: Type.String(),
      model: Type.String(),
      version: Type.Integer(),
      source: Type.String({ description: 'training or live' }),
      chunks: Type.Integer({
        description: 'Chunks of its evaluation that teach the limits; 0: they are learned from live windows',
      }),
      unusualChunks: Type.Integer({
        description: 'Chunks that are left out because the deployment was beyond its limits in them',
      }),
      createdAt: Time,
    }),
  ),
  openIncident: Nullable(IncidentSchema),
  firing: Type.Array(AlertSchema),
  createdAt: Time,
  updatedAt: Time,
});

const ColumnSchema = Type.Object({
  kind: Type.String(),
  labels: Type.Array(Type.String()),
  counts: Type.Array(Type.Number()),
});

export const ReferenceSchema = Type.Object({
  id: Type.String(),
  revision: Type.String(),
  model: Type.String(),
  version: Type.Integer(),
  source: Type.String(),
  rows: Type.Integer(),
  labelRate: Maybe,
  importance: Nullable(Type.Record(Type.String(), Type.Number())),
  features: Type.Record(Type.String(), ColumnSchema),
  score: ColumnSchema,
  chunks: Type.Array(
    Type.Object({
      start: Time,
      end: Time,
      rows: Type.Integer(),
      performance: Type.Record(Type.String(), Maybe),
      drift: Type.Record(Type.String(), Type.Object({ effect: Type.Number(), shift: Type.Number() }), {
        description: "PSI and Cliff's delta against the other rows of the reference",
      }),
    }),
    { description: 'Chunks of the evaluation that teach the limits; empty: live windows teach them' },
  ),
  createdAt: Time,
});

export const CompareSchema = Type.Object({
  feature: Type.String(),
  start: Time,
  end: Time,
  kind: Type.String({ description: 'edges or discrete' }),
  source: Type.String({ description: 'training or live' }),
  labels: Type.Array(Type.String(), { description: 'One per bin; the last is missing' }),
  edges: Type.Array(Type.Number()),
  reference: Type.Array(Type.Number()),
  current: Type.Array(Type.Number()),
  contributions: Type.Array(Type.Number(), { description: 'What each bin adds to the PSI, nats' }),
  figure: Nullable(DriftSchema),
});
