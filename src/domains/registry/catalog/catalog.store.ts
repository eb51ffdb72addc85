import type { Db } from '../../../platform/db/database.ts';
import type { AliasRow, ModelRow, VersionRow } from '../registry.tables.ts';
import type { CatalogModel, CatalogVersion, StageName } from './catalog.model.ts';

export type CatalogRow = Omit<VersionRow, 'signature' | 'format'>;
const columns = [
  'model',
  'version',
  'digest',
  'size',
  'flavor',
  'source',
  'tags',
  'lineage',
  'training_profile',
  'created_at',
  'actor',
  'description',
  'stage',
  'storage_uri',
  'logged_model',
  'run_link',
  'status_message',
  'changed_at',
  'deleted_at',
] as const;

export function findModelRow(db: Db, name: string): Promise<ModelRow | undefined> {
  return db
    .selectFrom('registry_models')
    .selectAll()
    .where('name', '=', name)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
}

export function modelRows(db: Db): Promise<ModelRow[]> {
  return db
    .selectFrom('registry_models')
    .selectAll()
    .where('deleted_at', 'is', null)
    .orderBy('name')
    .execute();
}

/** Versions that are not deleted, newest first; of one model, or of all. */
export function versionRows(db: Db, model?: string): Promise<CatalogRow[]> {
  const query = db
    .selectFrom('registry_versions')
    .select(columns)
    .where('deleted_at', 'is', null)
    .orderBy('model')
    .orderBy('version', 'desc');
  return (model === undefined ? query : query.where('model', '=', model)).execute();
}

export function findVersionRow(db: Db, model: string, version: number): Promise<CatalogRow | undefined> {
  return db
    .selectFrom('registry_versions')
    .select(columns)
    .where('model', '=', model)
    .where('version', '=', version)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
}

export async function updateVersionRow(
  db: Db,
  model: string,
  version: number,
  change: Partial<VersionRow>,
): Promise<void> {
  await db
    .updateTable('registry_versions')
    .set(change)
    .where('model', '=', model)
    .where('version', '=', version)
    .execute();
}

/** Gives a model and all that hangs on it another name. */
export async function renameModelRow(db: Db, row: ModelRow, name: string, now: number): Promise<void> {
  await db
    .insertInto('registry_models')
    .values({ ...row, name, updated_at: now })
    .execute();
  for (const table of [
    'registry_versions',
    'registry_aliases',
    'registry_evaluations',
    'registry_verdicts',
    'registry_conversions',
  ] as const) {
    await db.updateTable(table).set({ model: name }).where('model', '=', row.name).execute();
  }
  await db.deleteFrom('registry_models').where('name', '=', row.name).execute();
}

export function toCatalogVersion(row: CatalogRow, aliases: readonly AliasRow[]): CatalogVersion {
  return {
    model: row.model,
    version: row.version,
    description: row.description ?? '',
    stage: (row.stage ?? 'None') as StageName,
    source: row.source,
    storageUri: row.storage_uri ?? row.source,
    runId: (JSON.parse(row.lineage) as { experimentRun: string | null }).experimentRun,
    runLink: row.run_link ?? null,
    loggedModel: row.logged_model ?? null,
    flavor: row.flavor,
    statusMessage: row.status_message ?? '',
    tags: JSON.parse(row.tags) as Record<string, string>,
    aliases: aliases
      .filter((alias) => alias.model === row.model && alias.version === row.version)
      .map(({ alias }) => alias),
    user: row.actor.replace(/^user:/, ''),
    createdAt: row.created_at,
    updatedAt: row.changed_at ?? row.created_at,
  };
}

/** A model with the newest version of each stage; `versions` are its own, newest first. */
export function toCatalogModel(
  row: ModelRow,
  versions: readonly CatalogVersion[],
  aliases: readonly AliasRow[],
): CatalogModel {
  const latest = versions.filter((one, i) => versions.findIndex(({ stage }) => stage === one.stage) === i);
  return {
    name: row.name,
    description: row.description,
    tags: JSON.parse(row.tags) as Record<string, string>,
    aliases: Object.fromEntries(
      aliases.filter(({ model }) => model === row.name).map(({ alias, version }) => [alias, version]),
    ),
    latest,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
