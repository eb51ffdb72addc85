import { record, usedBy } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { listAliases, removeAlias, updateModel } from '../models.store.ts';
import { registryError } from '../registry.contract.ts';
import { checkModelName, ensureModel } from '../registry.service.ts';
import type { ModelRow } from '../registry.tables.ts';
import { type CatalogModel, checkTag } from './catalog.model.ts';
import * as store from './catalog.store.ts';

type Tags = Record<string, string>;

/** Creates a model. One that was deleted comes back empty; its numbers go on where they stood. @throws registry.model.exists */
export async function createModel(
  scope: Scope,
  name: string,
  { description = '', tags = {} }: { description?: string | undefined; tags?: Tags } = {},
): Promise<CatalogModel> {
  authorise(scope, 'registry.write');
  checkModelName(name);
  for (const [key, value] of Object.entries(tags)) checkTag(key, value);
  return transact(scope, async (tx) => {
    if (await store.findModelRow(tx.db, name)) {
      throw registryError('registry.model.exists', 'A model of this name is already there.');
    }
    await ensureModel(tx, name);
    const now = tx.now();
    await updateModel(tx.db, name, {
      description,
      tags: JSON.stringify(tags),
      deleted_at: null,
      created_at: now,
      updated_at: now,
    });
    return getModel(tx, name);
  });
}

/** @throws registry.model.not_found */
export async function getModel(scope: Scope, name: string): Promise<CatalogModel> {
  const row = await existing(scope, name);
  const aliases = await listAliases(scope.db, name);
  const versions = await store.versionRows(scope.db, name);
  return store.toCatalogModel(
    row,
    versions.map((version) => store.toCatalogVersion(version, aliases)),
    aliases,
  );
}

/** Every model, by name. */
export async function allModels(scope: Scope): Promise<CatalogModel[]> {
  const [rows, versions, aliases] = await Promise.all([
    store.modelRows(scope.db),
    store.versionRows(scope.db),
    listAliases(scope.db),
  ]);
  const byModel = Map.groupBy(versions, ({ model }) => model);
  return rows.map((row) => {
    const own = (byModel.get(row.name) ?? []).map((version) => store.toCatalogVersion(version, aliases));
    return store.toCatalogModel(row, own, aliases);
  });
}

export async function existing(scope: Scope, name: string): Promise<ModelRow> {
  const row = await store.findModelRow(scope.db, name);
  if (!row) throw registryError('registry.model.not_found', 'There is no model of this name.');
  return row;
}

/** Changes the description or tags; a tag of undefined is removed. */
export async function changeModel(
  scope: Scope,
  name: string,
  change: { description?: string; setTag?: [key: string, value: string]; deleteTag?: string },
): Promise<CatalogModel> {
  authorise(scope, 'registry.write');
  return transact(scope, async (tx) => {
    const row = await existing(tx, name);
    const tags = JSON.parse(row.tags) as Tags;
    applyTags(tags, change);
    await updateModel(tx.db, name, {
      tags: JSON.stringify(tags),
      updated_at: tx.now(),
      ...(change.description !== undefined && { description: change.description }),
    });
    await record(tx, {
      type: 'registry.model.changed',
      subject: `model:${name}`,
      data: { model: name, ...wordsOf(change) },
    });
    return getModel(tx, name);
  });
}

/** Sets or removes one tag. @throws registry.tag.invalid */
export function applyTags(tags: Tags, change: { setTag?: [string, string]; deleteTag?: string }): void {
  if (change.setTag) {
    checkTag(...change.setTag);
    tags[change.setTag[0]] = change.setTag[1];
  }
  if (change.deleteTag !== undefined) delete tags[change.deleteTag];
}

/** A change as the ledger keeps it; long texts stay out of it. */
export function wordsOf(change: { description?: string; setTag?: [string, string]; deleteTag?: string }) {
  return {
    ...(change.description !== undefined && { description: change.description.slice(0, 500) }),
    ...(change.setTag && { tag: change.setTag[0], value: change.setTag[1].slice(0, 500) }),
    ...(change.deleteTag !== undefined && { tagDeleted: change.deleteTag }),
  };
}

/** @throws registry.model.exists, registry.model.deployed */
export async function renameModel(scope: Scope, name: string, to: string): Promise<CatalogModel> {
  authorise(scope, 'registry.write');
  checkModelName(to);
  return transact(scope, async (tx) => {
    const row = await existing(tx, name);
    const taken = await tx.db
      .selectFrom('registry_models')
      .select('name')
      .where('name', '=', to)
      .executeTakeFirst();
    if (taken)
      throw registryError('registry.model.exists', 'A model of this name is, or was, already there.');
    await refuseDeployed(tx, name);
    await store.renameModelRow(tx.db, row, to, tx.now());
    await record(tx, {
      type: 'registry.model.renamed',
      subject: `model:${to}`,
      data: { model: to, before: name },
      uses: [`model:${name}`],
    });
    return getModel(tx, to);
  });
}

/** Hides a model with all its versions and aliases; the bytes, verdicts and events stay as evidence. */
export async function deleteModel(scope: Scope, name: string): Promise<void> {
  authorise(scope, 'registry.write');
  await transact(scope, async (tx) => {
    await existing(tx, name);
    await refuseDeployed(tx, name);
    const now = tx.now();
    for (const { alias } of await listAliases(tx.db, name)) await removeAlias(tx.db, name, alias);
    for (const { version } of await store.versionRows(tx.db, name)) {
      await store.updateVersionRow(tx.db, name, version, { deleted_at: now });
    }
    await updateModel(tx.db, name, { deleted_at: now });
    await record(tx, { type: 'registry.model.deleted', subject: `model:${name}`, data: { model: name } });
  });
}

/** What serves keeps its name and its aliases. */
async function refuseDeployed(tx: Scope, name: string): Promise<void> {
  for (const { version } of await store.versionRows(tx.db, name)) {
    const users = await usedBy(tx, `model:${name}/${version}`);
    if (users.some(({ type }) => type === 'serving.revision.created')) {
      throw registryError('registry.model.deployed', 'Versions of this model have been deployed.');
    }
  }
}
