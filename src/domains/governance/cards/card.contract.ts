import Type, { type Static } from 'typebox';
import { Name } from '../../../platform/names.ts';
import { Maybe, Nullable, Time } from '../../../platform/schemas.ts';
import { Digest, RiskSchema, Tags, TensorSchema, VerdictReply } from '../../registry/registry.contract.ts';

const Figure = Type.Object({ value: Maybe, lower: Maybe, upper: Maybe });
const Difference = Type.Object({ ...Figure.properties, pValue: Maybe });

const TrainingData = Type.Object({
  dataset: Name,
  version: Type.Integer(),
  digest: Digest,
  rows: Type.Integer(),
  timeFrom: Nullable(Time),
  timeTo: Nullable(Time),
  source: Type.String(),
  columns: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })),
  validation: Nullable(Type.String({ description: 'Id of the validation that let it in' })),
});

const Features = Type.Object({
  service: Name,
  digest: Digest,
  label: Nullable(Type.String()),
  features: Type.Array(
    Type.Object({
      name: Type.String(),
      description: Type.String(),
      definition: Type.Unknown({ description: 'As declared' }),
    }),
  ),
});

const TrainingRun = Type.Object({
  id: Type.String(),
  name: Type.String(),
  experiment: Type.String(),
  actor: Type.String(),
  startedAt: Time,
  endedAt: Nullable(Time),
  params: Type.Record(Type.String(), Type.String()),
  metrics: Type.Record(Type.String(), Maybe),
  environment: Type.Record(Type.String(), Type.Unknown()),
});

const Evaluation = Type.Object({
  id: Type.String(),
  createdAt: Time,
  testDigest: Type.String(),
  rows: Type.Integer(),
  positives: Type.Integer(),
  timeFrom: Nullable(Time),
  timeTo: Nullable(Time),
  figures: Type.Record(Type.String(), Figure, { description: 'auc, logLoss, brier; 95 % intervals' }),
  calibrationError: Maybe,
  versusBaseline: Type.Record(Type.String(), Difference, { description: 'This version minus the baseline' }),
  versusChampion: Nullable(Type.Record(Type.String(), Difference)),
  slices: Type.Array(
    Type.Object({
      column: Type.String(),
      value: Type.String(),
      rows: Type.Integer(),
      labelRate: Type.Number(),
      auc: Figure,
      logLoss: Figure,
      versusChampion: Nullable(Difference),
    }),
  ),
  importance: Type.Array(Type.Object({ feature: Type.String(), auc: Maybe, logLoss: Maybe })),
  latency: Type.Object({ p50: Type.Number(), p99: Type.Number() }),
});

/** A model card: what the record knows of one version, and what it does not. */
export const CardReply = Type.Object({
  model: Name,
  version: Type.Integer(),
  digest: Digest,
  size: Type.Integer(),
  generatedAt: Time,
  description: Type.String(),
  owner: Type.String(),
  risk: Nullable(RiskSchema),
  registeredBy: Type.String(),
  registeredAt: Time,
  source: Type.String(),
  aliases: Type.Array(Type.String()),
  tags: Tags,
  inputs: Type.Array(TensorSchema),
  outputs: Type.Array(TensorSchema),
  data: Nullable(TrainingData),
  features: Nullable(Features),
  run: Nullable(TrainingRun),
  pipelineRun: Nullable(Type.String()),
  evaluation: Nullable(Evaluation),
  verdict: Nullable(VerdictReply),
  approvals: Type.Array(
    Type.Object({
      id: Type.String(),
      state: Type.String(),
      policy: Nullable(Name),
      environment: Nullable(Type.String()),
      requester: Type.String(),
      decisions: Type.Array(
        Type.Object({ actor: Type.String(), decision: Type.String(), reason: Type.String(), time: Time }),
      ),
    }),
  ),
  deployments: Type.Array(
    Type.Object({
      deployment: Name,
      environment: Type.String(),
      revision: Type.String(),
      createdAt: Time,
      serves: Type.Boolean({ description: 'It is the champion now' }),
      rollouts: Type.Array(
        Type.Object({
          id: Type.String(),
          state: Type.String(),
          reason: Type.String(),
          endedAt: Nullable(Time),
        }),
      ),
    }),
  ),
  limits: Type.Array(Type.String(), {
    description: 'What is not known, not enough data, or speaks against it',
  }),
  evidence: Type.Array(
    Type.Object({ event: Type.String(), type: Type.String(), subject: Type.String(), time: Time }),
    { description: 'The ledger events behind the card, oldest first' },
  ),
});
export type Card = Static<typeof CardReply>;
