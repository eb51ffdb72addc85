import { record } from '../../platform/ledger/index.ts';
import { readOnnx } from '../../platform/onnx/onnx-reader.ts';
import { authorise, type Scope, transact } from '../../platform/scope.ts';
import { findEvaluation, newestEvaluations } from './evaluation/evaluations.store.ts';
import { gateProblem } from './gate/gate.model.ts';
import * as store from './models.store.ts';
import { isPrompt } from './prompt.model.ts';
import {
  type GateSpec,
  type Lineage,
  type ModelFormat,
  type ModelSignature,
  type ModelSpecInput,
  modelNamePattern,
  registryError,
} from './registry.contract.ts';
import type {
  ModelRecord,
  ModelVersion,
  RegisterVersionInput,
  TrainingProfile,
  VersionRef,
} from './registry.door.ts';
import type { AliasRow, EvaluationRow, ModelRow, VersionRow } from './registry.tables.ts';
import { assessRisk } from './risk.model.ts';
import { checkAlias, parseVersionRef } from './versions/references.model.ts';
import { describeOnnx } from './versions/signature.model.ts';

export async function findModel(scope: Scope, name: string): Promise<ModelRecord | undefined> {
  const row = await store.findModel(scope.db, name);
  return row && toModel(row, await aliasesOf(scope, name));
}

/** @throws registry.model.not_found */
export async function getModel(scope: Scope, name: string): Promise<ModelRecord> {
  const model = await findModel(scope, name);
  if (!model) throw registryError('registry.model.not_found', 'There is no model of this name.');
  return model;
}

export async function listModels(scope: Scope): Promise<ModelRecord[]> {
  const [rows, aliases] = await Promise.all([store.listModels(scope.db), store.listAliases(scope.db)]);
  return rows.map((row) =>
    toModel(
      row,
      Object.fromEntries(aliases.filter(({ model }) => model === row.name).map((a) => [a.alias, a.version])),
    ),
  );
}

/** See `RegistryDoor.countModels`. */
export async function countModels(scope: Scope): Promise<{ models: number; versions: number }> {
  const rows = await store.everyModel(scope.db);
  const deciding = rows.filter(({ tags }) => !isPrompt(JSON.parse(tags) as Record<string, string>));
  return {
    models: deciding.length,
    versions: deciding.reduce((sum, { last_version }) => sum + last_version, 0),
  };
}

/**
 * Creates a model or changes what the spec names; records registry.model.changed only when something changes.
 * @throws registry.gate.invalid
 */
export async function putModel(scope: Scope, name: string, spec: ModelSpecInput): Promise<ModelRecord> {
  authorise(scope, 'registry.write');
  checkModelName(name);
  const problem = spec.gate && gateProblem(spec.gate);
  if (problem) throw registryError('registry.gate.invalid', problem);
  return transact(scope, async (tx) => {
    await ensureModel(tx, name);
    const before = (await store.findModel(tx.db, name))!;
    const change: Partial<ModelRow> = {
      ...(spec.description !== undefined && { description: spec.description }),
      ...(spec.owner !== undefined && { owner: spec.owner }),
      ...(spec.risk && { risk_probability: spec.risk.probability, risk_impact: spec.risk.impact }),
      ...(spec.gate && { gate: JSON.stringify(spec.gate) }),
      ...(spec.tags && { tags: JSON.stringify(spec.tags) }),
    };
    const isChanged = Object.entries(change).some(([key, value]) => before[key as keyof ModelRow] !== value);
    if (isChanged) {
      await store.updateModel(tx.db, name, { ...change, updated_at: tx.now() });
      await record(tx, {
        type: 'registry.model.changed',
        subject: `model:${name}`,
        data: { model: name, ...spec },
      });
    }
    return getModel(tx, name);
  });
}

const modelName = new RegExp(modelNamePattern, 'u');

/** @throws registry.name.invalid */
export function checkModelName(name: string): string {
  if (modelName.test(name)) return name;
  throw registryError('registry.name.invalid', 'This is not a legal name of a model.');
}

/** Creates the model with safe defaults unless it is there. */
export async function ensureModel(tx: Scope, name: string): Promise<void> {
  const now = tx.now();
  const isNew = await store.insertModel(tx.db, {
    name: checkModelName(name),
    workspace: 'default',
    description: '',
    owner: tx.actor,
    risk_probability: null,
    risk_impact: null,
    gate: '{}',
    tags: '{}',
    last_version: 0,
    created_at: now,
    updated_at: now,
  });
  if (isNew) {
    await record(tx, { type: 'registry.model.created', subject: `model:${name}`, data: { model: name } });
  }
}

/** Interface and format of ONNX bytes in the blob store; raises the reader's errors (`onnx.file.…`). */
export async function describeBlob(
  scope: Scope,
  digest: string,
): Promise<{ signature: ModelSignature; format: ModelFormat; size: number }> {
  const bytes = await scope.platform.blobs.get(digest);
  return { ...describeOnnx(readOnnx(bytes)), size: bytes.byteLength };
}

/** Registers bytes that a person brings. */
export async function registerUpload(scope: Scope, input: RegisterVersionInput): Promise<ModelVersion> {
  authorise(scope, 'registry.write');
  return transact(scope, (tx) => registerVersion(tx, input));
}

/** See `RegistryDoor.registerVersion`; the caller has decided that it may. */
export async function registerVersion(tx: Scope, input: RegisterVersionInput): Promise<ModelVersion> {
  await ensureModel(tx, input.model);
  const { model, digest } = input;
  if (input.reuse) {
    const known = await store.findVersionByDigest(tx.db, model, digest);
    if (known) return toVersion(tx, known);
  }
  const { signature, format } =
    input.signature && input.format ? (input as Described) : await describeBlob(tx, digest);
  const now = tx.now();
  const version = await store.takeVersionNumber(tx.db, model, now);
  const lineage = completeLineage(input.lineage);
  const row: VersionRow = {
    model,
    version,
    digest,
    size: await tx.platform.blobs.size(digest),
    flavor: input.flavor ?? 'onnx',
    signature: JSON.stringify(signature),
    format: JSON.stringify(format),
    source: input.source ?? '',
    tags: JSON.stringify(input.tags ?? {}),
    lineage: JSON.stringify(lineage),
    training_profile: input.trainingProfile ?? null,
    created_at: now,
    actor: tx.actor,
  };
  await store.insertVersion(tx.db, row);
  const evaluation = await findEvaluation(tx.db, model, digest);
  await record(tx, {
    type: 'registry.version.registered',
    subject: `model:${model}/${version}`,
    data: { model, version, digest, size: row.size, source: row.source },
    uses: [...lineageSubjects(lineage), ...(evaluation ? [`evaluation:${evaluation.id}`] : [])],
  });
  return toVersion(tx, row);
}

type Described = { signature: ModelSignature; format: ModelFormat };

function completeLineage(given: Partial<Lineage> = {}): Lineage {
  return {
    experimentRun: given.experimentRun ?? null,
    pipelineRun: given.pipelineRun ?? null,
    dataset: given.dataset ?? null,
    featureService: given.featureService ?? null,
  };
}

/** The ledger subjects behind lineage references. */
export function lineageSubjects(lineage: Lineage): string[] {
  const { dataset, featureService, experimentRun, pipelineRun } = lineage;
  return [
    ...(dataset ? [`dataset:${dataset}`] : []),
    ...(featureService ? [`feature-service:${featureService}`] : []),
    ...(experimentRun ? [`experiment-run:${experimentRun}`] : []),
    ...(pipelineRun ? [`run:${pipelineRun}`] : []),
  ];
}

/** See `RegistryDoor.findVersion`. @throws registry.reference.invalid */
export async function findVersion(
  scope: Scope,
  model: string,
  ref: VersionRef,
): Promise<ModelVersion | undefined> {
  const row = await findVersionRow(scope, model, ref);
  return row && toVersion(scope, row);
}

async function findVersionRow(scope: Scope, model: string, ref: VersionRef): Promise<VersionRow | undefined> {
  const parsed = parseVersionRef(ref);
  if (parsed.kind === 'number') return store.findVersion(scope.db, model, parsed.version);
  if (parsed.kind === 'latest') return (await store.listVersions(scope.db, model, 1))[0];
  const alias = await store.findAlias(scope.db, model, parsed.alias);
  return alias && store.findVersion(scope.db, model, alias.version);
}

/** See `RegistryDoor.getVersion`. */
export async function getVersion(scope: Scope, model: string, ref: VersionRef): Promise<ModelVersion> {
  const version = await findVersion(scope, model, ref);
  if (version) return version;
  await getModel(scope, model);
  if (parseVersionRef(ref).kind === 'alias') {
    throw registryError('registry.alias.not_found', 'The model has no such alias.');
  }
  throw registryError('registry.version.not_found', 'The model has no such version.');
}

/** Versions, newest first. @throws registry.model.not_found */
export async function listVersions(scope: Scope, model: string): Promise<ModelVersion[]> {
  await getModel(scope, model);
  const rows = await store.listVersions(scope.db, model);
  const aliases = await store.listAliases(scope.db, model);
  const evaluations = await newestEvaluations(scope.db, model);
  return rows.map((row) => assembleVersion(row, aliases, evaluations.get(servingDigest(row))));
}

/** A person points an alias at a version. */
export async function putAlias(scope: Scope, model: string, alias: string, version: number): Promise<void> {
  authorise(scope, 'registry.write');
  await setAlias(scope, model, alias, version);
}

/** See `RegistryDoor.setAlias`; the caller has decided that it may. @throws registry.alias.invalid */
export async function setAlias(scope: Scope, model: string, alias: string, version: number): Promise<void> {
  checkAlias(alias);
  await transact(scope, async (tx) => {
    await getVersion(tx, model, version);
    const before = await store.findAlias(tx.db, model, alias);
    if (before?.version === version) return;
    await store.putAlias(tx.db, { model, alias, version, updated_at: tx.now() });
    await record(tx, {
      type: 'registry.alias.set',
      subject: `model:${model}`,
      data: { model, alias, version, previous: before?.version ?? null },
      uses: [`model:${model}/${version}`],
    });
  });
}

/** A person takes an alias away. */
export async function removeAlias(scope: Scope, model: string, alias: string): Promise<void> {
  authorise(scope, 'registry.write');
  await deleteAlias(scope, model, alias);
}

/** See `RegistryDoor.deleteAlias`. @throws registry.alias.not_found */
export async function deleteAlias(scope: Scope, model: string, alias: string): Promise<void> {
  await transact(scope, async (tx) => {
    if (!(await store.removeAlias(tx.db, model, alias))) {
      throw registryError('registry.alias.not_found', 'The model has no such alias.');
    }
    await record(tx, { type: 'registry.alias.deleted', subject: `model:${model}`, data: { model, alias } });
  });
}

/** See `RegistryDoor.profile`. */
export async function profile(scope: Scope, digest: string): Promise<TrainingProfile> {
  if (!scope.platform.blobs.has(digest)) {
    throw registryError('registry.profile.not_found', 'There is no training profile under this digest.');
  }
  return JSON.parse((await scope.platform.blobs.get(digest)).toString()) as TrainingProfile;
}

async function aliasesOf(scope: Scope, model: string): Promise<Record<string, number>> {
  const rows = await store.listAliases(scope.db, model);
  return Object.fromEntries(rows.map(({ alias, version }) => [alias, version]));
}

function toModel(row: ModelRow, aliases: Record<string, number>): ModelRecord {
  const { risk_probability: probability, risk_impact: impact } = row;
  return {
    name: row.name,
    description: row.description,
    owner: row.owner,
    risk: probability !== null && impact !== null ? assessRisk({ probability, impact }) : null,
    gate: JSON.parse(row.gate) as GateSpec,
    tags: JSON.parse(row.tags) as Record<string, string>,
    aliases,
    latestVersion: row.last_version || null,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

async function toVersion(scope: Scope, row: VersionRow): Promise<ModelVersion> {
  const aliases = await store.listAliases(scope.db, row.model);
  return assembleVersion(row, aliases, await findEvaluation(scope.db, row.model, servingDigest(row)));
}

/** The bytes that evaluations, verdicts and deployments are about. */
const servingDigest = (row: VersionRow) => row.serving_digest ?? row.digest;

function assembleVersion(
  row: VersionRow,
  aliases: readonly AliasRow[],
  evaluation: EvaluationRow | undefined,
): ModelVersion {
  const format = JSON.parse(row.serving_format ?? row.format) as ModelFormat;
  return {
    model: row.model,
    version: row.version,
    digest: servingDigest(row),
    size: row.serving_size ?? row.size,
    flavor: row.flavor,
    servable: format.irVersion > 0,
    packaged: row.serving_digest ? { digest: row.digest, size: row.size } : null,
    signature: JSON.parse(row.serving_signature ?? row.signature) as ModelSignature,
    format,
    source: row.source,
    description: row.description ?? '',
    tags: JSON.parse(row.tags) as Record<string, string>,
    aliases: aliases.filter(({ version }) => version === row.version).map(({ alias }) => alias),
    lineage: JSON.parse(row.lineage) as Lineage,
    trainingProfile: row.training_profile ?? evaluation?.profile ?? null,
    evaluation: evaluation?.id ?? null,
    createdAt: row.created_at,
    actor: row.actor,
  };
}
