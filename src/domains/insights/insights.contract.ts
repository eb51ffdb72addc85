import Type, { type Static } from 'typebox';
import { Maybe, Nullable, Time } from '../../platform/schemas.ts';

export const HealthStrip = Type.Object({
  name: Type.String(),
  environment: Type.String(),
  state: Type.String({ description: 'healthy, degraded, failing, no data, not enough data or paused' }),
  reason: Type.String(),
  model: Nullable(Type.String()),
  version: Nullable(Type.Integer()),
  championSince: Nullable(Time),
  requestsPerMinute: Type.Number({ description: 'Over the last minute' }),
  errorRate: Maybe,
  p99Ms: Maybe,
  performance: Nullable(
    Type.Object({
      metric: Type.String(),
      value: Type.Number(),
      low: Maybe,
      high: Maybe,
      limit: Maybe,
      n: Type.Integer(),
      at: Time,
    }),
  ),
  driftedFeatures: Type.Integer(),
  watchedFeatures: Type.Integer(),
  labelCoverage: Maybe,
  openIncidents: Type.Integer(),
  rollout: Nullable(
    Type.Object({
      id: Type.String(),
      state: Type.String(),
      version: Nullable(Type.Integer()),
      weight: Type.Integer(),
    }),
  ),
  lastWindowAt: Nullable(Time),
  sparkline: Type.Object({
    requests: Type.Array(Type.Number(), { description: 'Predictions by window, oldest first' }),
    metric: Type.Array(Maybe),
    limit: Maybe,
    states: Type.Array(Type.String(), { description: 'Verdict of each window, oldest first' }),
    starts: Type.Array(Time),
  }),
});
export type HealthStrip = Static<typeof HealthStrip>;

export const Need = Type.Object({
  kind: Type.Union([
    Type.Literal('approval'),
    Type.Literal('incident'),
    Type.Literal('rollout'),
    Type.Literal('dead-letter'),
  ]),
  id: Type.String(),
  title: Type.String(),
  subject: Type.String(),
  since: Time,
  action: Type.Object({ label: Type.String(), href: Type.String() }),
});
export type Need = Static<typeof Need>;

const Median = Type.Object({
  seconds: Nullable(Type.Number({ description: 'Median' })),
  n: Type.Integer(),
});

export const OverviewReply = Type.Object({
  deployments: Type.Array(HealthStrip),
  needsHuman: Type.Array(Need),
  recent: Type.Array(
    Type.Object({
      seq: Type.Integer(),
      id: Type.String(),
      time: Time,
      type: Type.String(),
      actor: Type.String(),
      subject: Type.String(),
      sentence: Type.String(),
      count: Type.Integer({
        description: 'Events of this kind about the same object that the line stands for',
      }),
      since: Time,
    }),
  ),
  totals: Type.Object({
    datasets: Type.Integer(),
    featureServices: Type.Integer(),
    models: Type.Integer({ description: 'Without prompts' }),
    versions: Type.Integer({ description: 'Of models, without those of prompts' }),
    deployments: Type.Integer(),
    pipelineRuns: Type.Integer(),
    predictions: Type.Integer({
      description: 'Rows in the prediction log, of all deployments; at most some seconds old',
    }),
    events: Type.Integer(),
  }),
  delivery: Type.Object({
    leadTime: Median,
    retrainToProduction: Median,
    timeToRestore: Median,
    changeFailureRate: Type.Object({
      value: Maybe,
      failed: Type.Integer(),
      n: Type.Integer(),
    }),
  }),
});
export type OverviewReply = Static<typeof OverviewReply>;
