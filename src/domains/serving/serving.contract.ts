import Type, { type Static } from 'typebox';
import { Name } from '../../platform/names.ts';
import { Nullable, Time } from '../../platform/schemas.ts';
import { GraphSpec } from './graphs/graph.contract.ts';
import { EntitySpec, RecordingSpec } from './privacy/recording.contract.ts';
import { RuntimeSpec } from './runtime/runtime.contract.ts';

export { RuntimeSpec, UpstreamSpec } from './runtime/runtime.contract.ts';

/** How a new version comes in. What is left out keeps the safe default. */
export const RolloutSpec = Type.Object(
  {
    strategy: Type.Optional(Type.Union([Type.Literal('canary'), Type.Literal('immediate')])),
    steps: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: 99 }), {
        minItems: 1,
        maxItems: 10,
        description: 'Percent of requests that the challenger answers, step by step',
      }),
    ),
    shadowRequests: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Requests scored aside before step one' }),
    ),
    minimumRequests: Type.Optional(Type.Integer({ minimum: 1, description: 'Requests in each step' })),
    minimumLabelled: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Requests with outcomes before promotion' }),
    ),
    requireLabels: Type.Optional(Type.Boolean({ description: 'false: promote without outcomes' })),
    loss: Type.Optional(Type.Union([Type.Literal('brier'), Type.Literal('log-loss')])),
    margin: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: 'Loss by which a challenger may be worse' }),
    ),
    alpha: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 0.5,
        description: 'Chance of rolling back a good challenger, in all',
      }),
    ),
    latencyObjectiveMs: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: 'A slower answer counts as slow; default from the champion',
      }),
    ),
    timeoutMinutes: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: 'Undecided by then: held' }),
    ),
    stickyParameter: Type.Optional(
      Type.String({
        description: 'Request parameter whose value keeps its arm; default: every request for itself',
      }),
    ),
  },
  { additionalProperties: false },
);

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

/** Answers that may be given again to the same input; off unless declared. */
export const CacheSpec = Type.Object(
  {
    maxBytes: Type.Optional(
      Type.Integer({ minimum: 1024, maximum: 2 ** 40, description: 'Memory for answers; default 64 MB' }),
    ),
    maxEntries: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000_000, description: 'Answers kept; default a million' }),
    ),
    ttlSeconds: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 31_536_000,
        description: 'Age at which an answer is made anew; needed for a model that runs elsewhere',
      }),
    ),
  },
  { additionalProperties: false },
);

const ConstantValue = Type.Union([Type.Number(), Type.Boolean(), Type.String({ maxLength: 10_000 })]);

/** What answers when the champion fails: another model, or the same values for every row. */
export const FallbackSpec = Type.Union([
  Type.String({ description: 'NAME, NAME:3 or NAME@alias', minLength: 1, maxLength: 260 }),
  Type.Object(
    {
      constant: Type.Record(
        Type.String(),
        Type.Union([ConstantValue, Type.Array(ConstantValue, { maxItems: 10_000 })]),
        { description: 'Value of each output, or the values of one row' },
      ),
    },
    { additionalProperties: false },
  ),
]);

/** What a person declares about a deployment; also the spec of the declarable kind `deployments`. */
export const DeploymentSpec = Type.Object(
  {
    model: Type.Optional(
      Type.String({ description: 'NAME, NAME:3 or NAME@alias', minLength: 1, maxLength: 260 }),
    ),
    graph: Type.Optional(GraphSpec),
    environment: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' })),
    features: Type.Optional(Name),
    fallback: Type.Optional(FallbackSpec),
    scoreRange: Type.Optional(
      Type.Array(Type.Number(), { minItems: 2, maxItems: 2, description: 'Scores outside are invalid' }),
    ),
    scoreOutput: Type.Optional(
      Type.String({ description: 'Output that holds the score; default: the likely one' }),
    ),
    rollout: Type.Optional(RolloutSpec),
    runtime: Type.Optional(RuntimeSpec),
    limits: Type.Optional(LimitsSpec),
    cache: Type.Optional(
      Type.Union([Type.Boolean(), CacheSpec], {
        description: 'true, or its bounds: an input that was answered before is not run again',
      }),
    ),
    recording: Type.Optional(RecordingSpec),
    entity: Type.Optional(EntitySpec),
    reasons: Type.Optional(
      Type.Record(Type.String({ maxLength: 200 }), Type.String({ minLength: 1, maxLength: 500 }), {
        description: 'By feature: what an explanation tells people when it counts',
      }),
    ),
  },
  { additionalProperties: false },
);
export type DeploymentSpecInput = Static<typeof DeploymentSpec>;
export type RolloutSpecInput = Static<typeof RolloutSpec>;

export const RevisionReply = Type.Object({
  id: Type.String(),
  model: Type.String(),
  version: Type.Integer(),
  digest: Type.String(),
  featureService: Nullable(Type.String({ description: 'NAME@DIGEST12' })),
  features: Type.Array(Type.String()),
  settings: RuntimeSpec,
  models: Nullable(
    Type.Array(
      Type.Object({
        node: Type.String(),
        model: Type.String(),
        version: Type.Integer(),
        digest: Type.String(),
      }),
      { description: 'Of a graph, what each of its nodes runs; null for a single model' },
    ),
  ),
  createdAt: Time,
});

export const RolloutState = Type.Union([
  Type.Literal('awaiting-approval'),
  Type.Literal('shadow'),
  Type.Literal('canary'),
  Type.Literal('promoted'),
  Type.Literal('rolled-back'),
  Type.Literal('aborted'),
  Type.Literal('held'),
]);

export const EvidenceTestSchema = Type.Object({
  name: Type.String(),
  kind: Type.Union([
    Type.Literal('harm'),
    Type.Literal('promotion'),
    Type.Literal('check'),
    Type.Literal('info'),
  ]),
  value: Nullable(Type.Number()),
  bound: Nullable(Type.Number()),
  n: Type.Integer(),
  decision: Type.Union([
    Type.Literal('undecided'),
    Type.Literal('pass'),
    Type.Literal('alarm'),
    Type.Literal('none'),
  ]),
  unit: Type.String(),
  interval: Nullable(Type.Array(Type.Number(), { minItems: 2, maxItems: 2 })),
  champion: Nullable(Type.Number()),
  challenger: Nullable(Type.Number()),
  reason: Type.String(),
  history: Type.Array(Type.Array(Type.Number()), {
    description: 'Pairs of time (ms) and value, oldest first',
  }),
});
export type EvidenceTest = Static<typeof EvidenceTestSchema>;

export const EvidenceSchema = Type.Object({
  requests: Type.Object({ champion: Type.Integer(), challenger: Type.Integer(), paired: Type.Integer() }),
  labelled: Type.Integer(),
  tests: Type.Array(EvidenceTestSchema),
  transitions: Type.Array(
    Type.Object({ time: Type.Number(), state: Type.String(), weight: Type.Integer(), reason: Type.String() }),
  ),
});
export type Evidence = Static<typeof EvidenceSchema>;

export const RolloutReply = Type.Object({
  id: Type.String(),
  deployment: Name,
  state: RolloutState,
  challenger: Nullable(RevisionReply),
  champion: Nullable(RevisionReply),
  step: Type.Integer(),
  steps: Type.Array(Type.Integer()),
  weight: Type.Integer(),
  reason: Type.String(),
  approval: Nullable(Type.String()),
  actor: Type.String(),
  evidence: EvidenceSchema,
  createdAt: Time,
  startedAt: Nullable(Time),
  endedAt: Nullable(Time),
});

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

export const DeploymentReply = Type.Object({
  name: Name,
  environment: Type.String(),
  spec: DeploymentSpec,
  state: Type.Union([
    Type.Literal('empty'),
    Type.Literal('serving'),
    Type.Literal('rolling-out'),
    Type.Literal('quarantined'),
    Type.Literal('failed'),
  ]),
  quarantine: Type.Array(QuarantineReply, { description: 'Revisions of it that are not loaded now' }),
  error: Nullable(Type.String()),
  champion: Nullable(RevisionReply),
  previous: Nullable(RevisionReply),
  rollout: Nullable(RolloutReply),
  route: Type.Array(
    Type.Object({
      arm: Type.String(),
      revision: Type.String(),
      version: Type.Integer(),
      weight: Type.Integer(),
      placement: Type.String(),
      runMs: Type.Number({ description: 'Usual cost of a one-row run at warm-up' }),
      warmedOn: Type.Object(
        { requests: Type.Integer(), rows: Type.Integer() },
        { description: 'Recorded requests that it was run on before it answered anybody' },
      ),
      uncached: Nullable(
        Type.String({ description: 'Why its answers are not cached although a cache is declared' }),
      ),
    }),
  ),
  traffic: Type.Object({
    requestsPerSecond: Type.Number(),
    requests: Type.Integer(),
    errors: Type.Integer(),
    p50Ms: Nullable(Type.Number()),
    p99Ms: Nullable(Type.Number()),
  }),
  residency: Type.Object({
    state: Type.Union([Type.Literal('loaded'), Type.Literal('cold'), Type.Literal('none')], {
      description: 'cold: loads at the next request',
    }),
    bytes: Type.Integer({ description: 'About what its models take up in memory' }),
    usedAt: Nullable(Time),
  }),
  load: Type.Object({
    running: Type.Integer({ description: 'Requests that run now' }),
    queued: Type.Integer({ description: 'Requests that wait now' }),
    waited: Type.Integer({ description: 'Requests that had to wait, since the start' }),
    meanWaitMs: Nullable(Type.Number()),
    rejected: Type.Record(Type.String(), Type.Integer(), { description: 'Requests refused, by reason' }),
  }),
  batching: Type.Object({
    requests: Type.Integer({ description: 'Requests that were run since the start, those scored aside too' }),
    runs: Type.Integer({ description: 'Runs of the runtime: requests that came together share one' }),
    rowsPerRun: Nullable(Type.Number()),
    joinedShare: Nullable(Type.Number({ description: 'Share of the requests that shared their run' })),
  }),
  cache: Nullable(
    Type.Object({
      entries: Type.Integer(),
      bytes: Type.Integer(),
      maxBytes: Type.Integer(),
      maxEntries: Type.Integer(),
      ttlSeconds: Nullable(Type.Number()),
      hits: Type.Integer({ description: 'Requests that it answered, since the start' }),
      misses: Type.Integer(),
      hitShare: Nullable(Type.Number()),
      savedMs: Type.Number({ description: 'What the runs behind the hits had taken' }),
      evicted: Type.Integer({ description: 'Answers that gave their room to others' }),
      expired: Type.Integer({
        description: 'Answers that were older than ttlSeconds when they were asked for',
      }),
    }),
    { description: 'null: none is declared' },
  ),
  createdAt: Time,
  updatedAt: Time,
});

export const ClearedCacheReply = Type.Object({ entries: Type.Integer(), bytes: Type.Integer() });

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

export const PredictionReply = Type.Object({
  id: Type.String(),
  deployment: Name,
  eventTime: Nullable(Time),
  time: Time,
  revision: Type.String(),
  model: Nullable(Type.String()),
  version: Nullable(Type.Integer()),
  arm: Type.String(),
  rollout: Nullable(Type.String()),
  latencyMs: Type.Number(),
  inputs: Type.Unknown(),
  features: Type.Record(Type.String(), Nullable(Type.Number())),
  score: Nullable(Type.Number()),
  pairScore: Nullable(Type.Number()),
  label: Nullable(Type.Number()),
  path: Nullable(
    Type.String({ description: 'Of a graph: NODE=BRANCH for each switch, !NODE for what failed on the way' }),
  ),
  reward: Nullable(Type.Number()),
  weight: Type.Number({ description: 'Requests that it stands for; 0: it was left out of the sample' }),
  erased: Type.Boolean({ description: 'A person was erased from it' }),
  error: Nullable(Type.String()),
  cached: Type.Boolean({ description: 'The answer came from the cache' }),
});

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
