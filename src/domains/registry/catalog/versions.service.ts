import { HoustonError } from '../../../platform/errors.ts';
import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import type { TrackingDoor } from '../../experiments/index.ts';
import { requestConversion } from '../conversion/conversions.service.ts';
import { findAlias, listAliases, listVersions, removeAlias, updateModel } from '../models.store.ts';
import { registryError } from '../registry.contract.ts';
import { registerVersion } from '../registry.service.ts';
import { type CatalogVersion, checkSource, checkTag, isLocalPath, type StageName } from './catalog.model.ts';
import * as store from './catalog.store.ts';
import { applyTags, existing, wordsOf } from './models.service.ts';
import { inspectPackage } from './packaged-model.ts';

export type NewCatalogVersion = {
  model: string;
  source: string;
  runId?: string | undefined;
  loggedModel?: string | undefined;
  runLink?: string | undefined;
  description?: string | undefined;
  tags?: Record<string, string>;
};

/** Tag of a logged model that lists the versions made from it, as JSON. */
const VERSIONS_TAG = 'mlflow.modelVersions';

/**
 * Registers what lies at a source as the model's next version, with digest, signature and lineage. ONNX becomes a
 * version that Houston can judge and serve; anything else is recorded, and its status says why.
 * @throws registry.model.not_found, registry.source.invalid
 */
export async function createVersion(
  scope: Scope,
  tracking: TrackingDoor,
  input: NewCatalogVersion,
): Promise<CatalogVersion> {
  authorise(scope, 'registry.write');
  const tags = input.tags ?? {};
  for (const [key, value] of Object.entries(tags)) checkTag(key, value);
  await existing(scope, input.model);
  const storage = await resolve(scope, tracking, input);
  const isHere = storage.uri.startsWith('mlflow-artifacts:');
  if (isHere) storage.uri = withoutEmptyParts(storage.uri);
  const place = isHere ? tracking.placeOf(pathOf(storage.uri)) : null;
  const found = await inspectPackage(scope, tracking, place, input.source);
  const created = await transact(scope, async (tx) => {
    const { version } = await registerVersion(tx, {
      model: input.model,
      digest: found.digest,
      flavor: found.flavor,
      signature: found.signature,
      format: found.format,
      source: input.source,
      lineage: { experimentRun: storage.runId },
      tags,
    });
    await store.updateVersionRow(tx.db, input.model, version, {
      description: input.description ?? null,
      storage_uri: storage.uri,
      logged_model: storage.loggedModel,
      run_link: input.runLink ?? null,
      status_message: found.message || null,
    });
    if (storage.loggedModel) await noteOnLoggedModel(tx, tracking, storage.loggedModel, input.model, version);
    return getVersion(tx, input.model, version);
  });
  return found.format.irVersion > 0 ? created : convertByItself(scope, created);
}

/** With automatic conversion: asks for the twin in the name of whoever registers; what forbids it stands in the status. */
async function convertByItself(scope: Scope, version: CatalogVersion): Promise<CatalogVersion> {
  if (scope.platform.config.conversion !== 'auto') return version;
  const { model, version: number } = version;
  try {
    await requestConversion(scope, model, number);
  } catch (error) {
    if (!(error instanceof HoustonError)) throw error;
    const status = `Recorded only, not converted: ${error.message} ${error.next}`;
    await store.updateVersionRow(scope.db, model, number, { status_message: status });
  }
  return getVersion(scope, model, number);
}

const pathOf = (uri: string) => {
  const rest = uri.slice('mlflow-artifacts:'.length);
  return (/^\/\/[^/]*\/(.*)$/s.exec(rest)?.[1] ?? rest).replace(/^\/+/, '');
};

/** `…/artifacts//model` is what comes of joining a folder that ends with a slash; the store has no empty names. */
const withoutEmptyParts = (uri: string) => {
  const [, root, path] = /^(mlflow-artifacts:(?:\/\/[^/]*)?)(.*)$/s.exec(uri)!;
  return root + path!.replace(/\/{2,}/g, '/');
};

type Storage = { uri: string; runId: string | null; loggedModel: string | null };

/** Follows references within this server to where the files lie. Nothing outside is ever asked. */
async function resolve(scope: Scope, tracking: TrackingDoor, input: NewCatalogVersion): Promise<Storage> {
  const source = checkSource(input.source);
  const runId = input.runId || null;
  const loggedId = /^models:\/(m-[\w-]+)$/.exec(source)?.[1] ?? input.loggedModel;
  if (loggedId) {
    const model = await tracking.findLoggedModel(scope, loggedId);
    if (!model) throw registryError('registry.source.invalid', 'There is no logged model with this id.');
    const uri = source.startsWith('models:/m-') ? model.artifactUri : source;
    return { uri, runId: runId ?? model.sourceRunId, loggedModel: loggedId };
  }
  const copied = /^models:\/([^/@]+)\/(\d+)$/.exec(source);
  if (copied) {
    const version = await getVersion(scope, copied[1]!, Number(copied[2]));
    return { uri: version.storageUri, runId: runId ?? version.runId, loggedModel: version.loggedModel };
  }
  const ofRun = /^runs:\/([\w-]+)\/?(.*)$/s.exec(source);
  if (ofRun) {
    const run = await knownRun(scope, tracking, ofRun[1]!);
    return run
      ? { uri: `${run.artifactUri}/${ofRun[2]}`, runId: run.id, loggedModel: null }
      : { uri: source, runId, loggedModel: null };
  }
  if (isLocalPath(source)) {
    const run = runId === null ? undefined : await tracking.getTrackedRun(scope, runId);
    const root = run?.artifactUri;
    if (!root || !isLocalPath(root) || !`${source}/`.startsWith(`${root}/`)) {
      throw registryError(
        'registry.source.invalid',
        'A local path must lie within the artifacts of its run.',
      );
    }
  }
  return { uri: source, runId, loggedModel: null };
}

/** A run of this server; undefined for one of a tracking server elsewhere, beside which this one is the registry. */
async function knownRun(scope: Scope, tracking: TrackingDoor, id: string) {
  try {
    return await tracking.getTrackedRun(scope, id);
  } catch (error) {
    if (error instanceof HoustonError && error.status === 404) return undefined;
    throw error;
  }
}

async function noteOnLoggedModel(
  tx: Scope,
  tracking: TrackingDoor,
  id: string,
  name: string,
  version: number,
): Promise<void> {
  const { tags } = await tracking.getLoggedModel(tx, id, true);
  let known: unknown = [];
  try {
    known = JSON.parse(tags[VERSIONS_TAG] ?? '[]');
  } catch {}
  const list = [...(Array.isArray(known) ? known : []), { name, version }];
  const writer = { ...tx, permissions: new Set([...tx.permissions, 'experiments.write']) };
  await tracking.setLoggedModelTags(writer, id, [{ key: VERSIONS_TAG, value: JSON.stringify(list) }]);
}

/** Where a file of a version lies in this server's own store. @throws registry.source.invalid when it lies elsewhere */
export async function filePlace(
  scope: Scope,
  tracking: TrackingDoor,
  model: string,
  version: number,
  path: string,
): Promise<ReturnType<TrackingDoor['placeOf']>> {
  const { storageUri } = await getVersion(scope, model, version);
  if (!/^mlflow-artifacts:/.test(storageUri)) {
    throw registryError('registry.source.invalid', 'The files of this version lie outside this server.');
  }
  const root = tracking.placeOf(pathOf(storageUri));
  return { owner: root.owner, path: root.path === '' ? path : `${root.path}/${path}` };
}

/** @throws registry.model.not_found, registry.version.not_found */
export async function getVersion(scope: Scope, model: string, version: number): Promise<CatalogVersion> {
  const row = await store.findVersionRow(scope.db, model, version);
  if (!row) {
    await existing(scope, model);
    throw registryError('registry.version.not_found', 'The model has no such version.');
  }
  return store.toCatalogVersion(row, await listAliases(scope.db, model));
}

/** The version that an alias names; `latest`, which nobody can set, names the newest. @throws registry.alias.not_found */
export async function getVersionByAlias(scope: Scope, model: string, alias: string): Promise<CatalogVersion> {
  await existing(scope, model);
  const found =
    alias.toLowerCase() === 'latest'
      ? (await listVersions(scope.db, model, 1))[0]
      : await findAlias(scope.db, model, alias);
  if (!found) throw registryError('registry.alias.not_found', 'The model has no such alias.');
  return getVersion(scope, model, found.version);
}

/** Versions of one model, or of all, newest first. */
export async function allVersions(scope: Scope, model?: string): Promise<CatalogVersion[]> {
  const [rows, aliases] = await Promise.all([
    store.versionRows(scope.db, model),
    listAliases(scope.db, model),
  ]);
  return rows.map((row) => store.toCatalogVersion(row, aliases));
}

/** Changes what may change of a version: its description and tags. */
export async function changeVersion(
  scope: Scope,
  model: string,
  version: number,
  change: { description?: string; setTag?: [string, string]; deleteTag?: string },
): Promise<CatalogVersion> {
  authorise(scope, 'registry.write');
  return transact(scope, async (tx) => {
    const { tags } = await getVersion(tx, model, version);
    applyTags(tags, change);
    await store.updateVersionRow(tx.db, model, version, {
      tags: JSON.stringify(tags),
      changed_at: tx.now(),
      ...(change.description !== undefined && { description: change.description }),
    });
    await record(tx, {
      type: 'registry.version.changed',
      subject: `model:${model}/${version}`,
      data: { model, version, ...wordsOf(change) },
    });
    return getVersion(tx, model, version);
  });
}

/** Moves a version to a stage; with `archiveOthers` the others of that stage go to Archived. */
export async function transitionStage(
  scope: Scope,
  model: string,
  version: number,
  stage: StageName,
  archiveOthers: boolean,
): Promise<CatalogVersion> {
  authorise(scope, 'registry.write');
  if (archiveOthers && stage !== 'Staging' && stage !== 'Production') {
    throw registryError(
      'registry.stage.invalid',
      'Others are archived only by a move to Staging or Production.',
    );
  }
  return transact(scope, async (tx) => {
    const before = await getVersion(tx, model, version);
    const now = tx.now();
    const others = archiveOthers ? await allVersions(tx, model) : [];
    const archived = others.filter((one) => one.stage === stage && one.version !== version);
    for (const one of archived) {
      await store.updateVersionRow(tx.db, model, one.version, { stage: 'Archived', changed_at: now });
    }
    await store.updateVersionRow(tx.db, model, version, { stage, changed_at: now });
    await updateModel(tx.db, model, { updated_at: now });
    await record(tx, {
      type: 'registry.version.staged',
      subject: `model:${model}/${version}`,
      data: { model, version, stage, before: before.stage, archived: archived.map((one) => one.version) },
    });
    return getVersion(tx, model, version);
  });
}

/** Hides a version and takes its aliases away; its number is never used again. */
export async function deleteVersion(scope: Scope, model: string, version: number): Promise<void> {
  authorise(scope, 'registry.write');
  await transact(scope, async (tx) => {
    const { aliases } = await getVersion(tx, model, version);
    for (const alias of aliases) await removeAlias(tx.db, model, alias);
    await store.updateVersionRow(tx.db, model, version, { deleted_at: tx.now() });
    await updateModel(tx.db, model, { updated_at: tx.now() });
    await record(tx, {
      type: 'registry.version.deleted',
      subject: `model:${model}/${version}`,
      data: { model, version, aliases },
    });
  });
}
