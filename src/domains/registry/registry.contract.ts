import Type, { type Static } from 'typebox';
import { defineErrors } from '../../platform/errors.ts';
import { Nullable, Pair, Time } from '../../platform/schemas.ts';
import { ConversionReply } from './conversion/conversion.contract.ts';

/**
 * A model's name; wider than other names, because clients of other registries bring theirs: everything but slashes,
 * colons and what would need escaping in an address or a reference.
 */
export const modelNamePattern = '^(?!\\.{1,2}$|__proto__$)[\\p{L}\\p{N}_.( -][^/:@%#?\\\\\\p{Cc}]{0,249}$';
export const Name = Type.String({ pattern: modelNamePattern, minLength: 1, maxLength: 250 });
export const Digest = Type.String({ pattern: '^sha256:[0-9a-f]{64}$' });
export const Tags = Type.Record(Type.String({ maxLength: 250 }), Type.String({ maxLength: 5000 }));

export const RiskRatingSchema = Type.Object(
  {
    probability: Type.Integer({ minimum: 1, maximum: 5 }),
    impact: Type.Integer({ minimum: 1, maximum: 5 }),
  },
  { additionalProperties: false },
);
export const SeveritySchema = Type.Union([
  Type.Literal('low'),
  Type.Literal('medium'),
  Type.Literal('high'),
  Type.Literal('critical'),
]);
export const RiskSchema = Type.Object({
  probability: Type.Integer(),
  impact: Type.Integer(),
  score: Type.Integer(),
  severity: SeveritySchema,
});

/** The 5 × 5 matrix: probability 5 to 1, impact 1 to 5. */
export const RiskMatrixReply = Type.Object({
  probability: Type.Array(Type.String()),
  impact: Type.Array(Type.String()),
  rows: Type.Array(Type.Array(RiskSchema), { description: 'Probability 5 to 1, impact 1 to 5' }),
});

export const MetricName = Type.Union([Type.Literal('auc'), Type.Literal('logLoss'), Type.Literal('brier')]);
export const CheckName = Type.Union([
  Type.Literal('loads'),
  Type.Literal('signature'),
  Type.Literal('outputs'),
  Type.Literal('champion'),
  Type.Literal('baseline'),
  Type.Literal('calibration'),
  Type.Literal('slices'),
  Type.Literal('latency'),
  Type.Literal('deterministic'),
  Type.Literal('metric'),
]);
/** One line of a model's own gate: what it leaves out keeps the safe default. */
export const GateCheckSpec = Type.Object(
  {
    check: CheckName,
    bound: Type.Optional(Type.Number({ description: 'In the unit of the check' })),
    metric: Type.Optional(MetricName),
    critical: Type.Optional(Type.Boolean({ description: 'false: reported, but neither stops nor holds' })),
    enabled: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export const GateSpecSchema = Type.Object(
  {
    primaryMetric: Type.Optional(MetricName),
    checks: Type.Optional(Type.Array(GateCheckSpec, { maxItems: 50 })),
  },
  { additionalProperties: false },
);
export type GateSpec = Static<typeof GateSpecSchema>;
export type GateCheckName = Static<typeof CheckName>;
export type GateMetric = Static<typeof MetricName>;

/** What a person declares about a model; also the spec of the declarable kind `models`. */
export const ModelSpec = Type.Object(
  {
    description: Type.Optional(Type.String({ maxLength: 20_000 })),
    owner: Type.Optional(Type.String({ maxLength: 250 })),
    risk: Type.Optional(RiskRatingSchema),
    gate: Type.Optional(GateSpecSchema),
    tags: Type.Optional(Tags),
  },
  { additionalProperties: false },
);
export type ModelSpecInput = Static<typeof ModelSpec>;

export const TensorSchema = Type.Object({
  name: Type.String(),
  datatype: Type.String({ description: 'Open Inference name: FP32, INT64, BYTES, …' }),
  shape: Nullable(Type.Array(Type.Integer(), { description: '−1 is a dimension of free size' })),
});
export const SignatureSchema = Type.Object({
  inputs: Type.Array(TensorSchema),
  outputs: Type.Array(TensorSchema),
  features: Nullable(
    Type.Array(Type.String(), {
      description: 'Columns of the input matrix in order, where the file names them',
    }),
  ),
});
/** What the file says of itself beyond its interface. */
export const FormatSchema = Type.Object({
  irVersion: Type.Integer(),
  producer: Type.String(),
  opsets: Type.Array(Type.Object({ domain: Type.String(), version: Type.Integer() })),
  nodes: Type.Integer(),
  operators: Type.Record(Type.String(), Type.Integer()),
});
export type ModelFormat = Static<typeof FormatSchema>;
export type Tensor = Static<typeof TensorSchema>;
export type ModelSignature = Static<typeof SignatureSchema>;

/** Where a version came from; each is a ledger subject without its prefix, or null when unknown. */
export const LineageRefs = Type.Object({
  experimentRun: Nullable(Type.String()),
  pipelineRun: Nullable(Type.String()),
  dataset: Nullable(Type.String({ description: 'NAME@VERSION' })),
  featureService: Nullable(Type.String({ description: 'NAME@DIGEST12' })),
});
export type Lineage = Static<typeof LineageRefs>;

export const ModelReply = Type.Object({
  name: Name,
  description: Type.String(),
  owner: Type.String(),
  risk: Nullable(RiskSchema),
  gate: GateSpecSchema,
  tags: Tags,
  aliases: Type.Record(Type.String(), Type.Integer()),
  latestVersion: Nullable(Type.Integer()),
  createdAt: Time,
  updatedAt: Time,
});

export const VerdictCheck = Type.Object({
  name: CheckName,
  /** `none`: does not apply here (no champion yet, for example). */
  decision: Type.Union([
    Type.Literal('pass'),
    Type.Literal('fail'),
    Type.Literal('not-enough-data'),
    Type.Literal('none'),
  ]),
  critical: Type.Boolean(),
  value: Nullable(Type.Number()),
  bound: Nullable(Type.Number()),
  unit: Type.String(),
  interval: Nullable(Pair),
  champion: Nullable(Type.Number()),
  baseline: Nullable(Type.Number()),
  reason: Type.String(),
});
export type GateCheck = Static<typeof VerdictCheck>;
export const Decision = Type.Union([Type.Literal('go'), Type.Literal('hold'), Type.Literal('no-go')]);
export type GateDecision = Static<typeof Decision>;
export const VerdictReply = Type.Object({
  id: Type.String(),
  model: Name,
  version: Type.Integer(),
  digest: Digest,
  decision: Decision,
  checks: Type.Array(VerdictCheck),
  champion: Nullable(Type.Object({ version: Type.Integer(), digest: Digest })),
  evaluation: Nullable(Type.String()),
  createdAt: Time,
  actor: Type.String(),
});

/** A model in the list, with what its row says of the newest version. */
export const ListedModelReply = Type.Object({
  ...ModelReply.properties,
  verdict: Nullable(VerdictReply, { description: 'The newest on the newest version' }),
});

export const VersionReply = Type.Object({
  model: Name,
  version: Type.Integer(),
  digest: Digest,
  size: Type.Integer(),
  flavor: Type.String({ description: 'What it was registered as: onnx, sklearn, xgboost, …' }),
  servable: Type.Boolean({ description: 'The digest is that of ONNX bytes that can be deployed' }),
  packaged: Nullable(
    Type.Object(
      { digest: Digest, size: Type.Integer() },
      { description: 'The list of the registered files, when the digest is that of an ONNX twin' },
    ),
  ),
  conversion: Nullable(ConversionReply),
  signature: SignatureSchema,
  format: FormatSchema,
  source: Type.String(),
  description: Type.String(),
  tags: Tags,
  aliases: Type.Array(Type.String()),
  lineage: LineageRefs,
  trainingProfile: Nullable(Digest),
  evaluation: Nullable(Type.String({ description: 'Id of the newest evaluation of these bytes' })),
  verdict: Nullable(VerdictReply),
  createdAt: Time,
  actor: Type.String(),
});

export const registryError = defineErrors({
  'registry.model.exists': { status: 409, next: 'Choose another name, or register a version of the model.' },
  'registry.gate.invalid': {
    status: 400,
    next: 'Name each check once, and give every check "metric" its bound.',
  },
  'registry.model.deployed': { status: 409, next: 'Delete the deployments of the model first.' },
  'registry.name.invalid': {
    status: 400,
    next: 'Use 1 to 250 characters without / : @ % # ? and backslashes; not "." or "..".',
  },
  'registry.stage.invalid': { status: 400, next: 'Use None, Staging, Production or Archived.' },
  'registry.source.invalid': {
    status: 400,
    next: 'Name a place in the artifact store, a run (runs:/…), a logged model (models:/m-…) or an address.',
  },
  'registry.tag.not_found': { status: 404, next: 'Read the tags that are there.' },
  'registry.tag.invalid': {
    status: 400,
    next: 'Use a key of up to 250 and a value of up to 100,000 characters.',
  },
  'registry.search.invalid': { status: 400, next: 'Correct the filter, the order or the page.' },
  'registry.model.not_found': { status: 404, next: 'List the models at /api/registry/models.' },
  'registry.version.not_found': { status: 404, next: 'List the versions of the model.' },
  'registry.alias.not_found': { status: 404, next: 'Read the aliases on the model, or set this one.' },
  'registry.alias.invalid': {
    status: 400,
    next: 'Use 1 to 64 letters, digits, dashes or underscores; not "latest", a number, or v and a number.',
  },
  'registry.reference.invalid': {
    status: 400,
    next: 'Write a version number, "latest", or @ and an alias.',
  },
  'registry.upload.empty': { status: 400, next: 'Send the bytes of the ONNX file as the body.' },
  'registry.evaluation.not_found': {
    status: 404,
    next: 'Run a pipeline with a step registry/evaluate on this model.',
  },
  'registry.profile.not_found': {
    status: 404,
    next: 'Evaluate the model in a pipeline; the evaluation writes its training profile.',
  },
  'registry.step.invalid': { status: 400, next: 'Correct the "with" of the step in the pipeline.' },
});
