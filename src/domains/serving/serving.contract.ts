import Type, { type Static } from 'typebox';
import { Name } from '../../platform/names.ts';
import { Nullable, Time } from '../../platform/schemas.ts';
import { LimitsSpec } from './admission/limits.contract.ts';
import { CacheReply, CacheSpec } from './cache/cache.contract.ts';
import { QuarantineReply } from './faults/quarantine.contract.ts';
import { GraphSpec } from './graphs/graph.contract.ts';
import { EntitySpec, RecordingSpec } from './privacy/recording.contract.ts';
import { RolloutReply, RolloutSpec } from './rollouts/rollout.contract.ts';
import { RevisionReply } from './runtime/revision.contract.ts';
import { RuntimeSpec } from './runtime/runtime.contract.ts';

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
  cache: Nullable(CacheReply, { description: 'null: none is declared' }),
  createdAt: Time,
  updatedAt: Time,
});
