import { sql } from 'kysely';
import type { Db } from '../../platform/db/database.ts';
import type { AliasRow, ModelRow, VersionRow } from './registry.tables.ts';

export function findModel(db: Db, name: string): Promise<ModelRow | undefined> {
  return db.selectFrom('registry_models').selectAll().where('name', '=', name).executeTakeFirst();
}

/** Models that are not deleted. */
export function listModels(db: Db): Promise<ModelRow[]> {
  return db
    .selectFrom('registry_models')
    .selectAll()
    .where('deleted_at', 'is', null)
    .orderBy('name')
    .execute();
}

/** All models ever, also those that are deleted since. */
export function everyModel(db: Db): Promise<Pick<ModelRow, 'tags' | 'last_version'>[]> {
  return db.selectFrom('registry_models').select(['tags', 'last_version']).execute();
}

/** Inserts a model unless it is there; true when it was new. */
export async function insertModel(db: Db, row: ModelRow): Promise<boolean> {
  const inserted = await db
    .insertInto('registry_models')
    .values(row)
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returning('name')
    .executeTakeFirst();
  return inserted !== undefined;
}

export async function updateModel(db: Db, name: string, change: Partial<ModelRow>): Promise<void> {
  await db.updateTable('registry_models').set(change).where('name', '=', name).execute();
}

/** The model's next version number; holds the model's row until the commit. */
export async function takeVersionNumber(db: Db, model: string, now: number): Promise<number> {
  const row = await db
    .updateTable('registry_models')
    .set({ last_version: sql<number>`last_version + 1`, updated_at: now })
    .where('name', '=', model)
    .returning('last_version')
    .executeTakeFirstOrThrow();
  return row.last_version;
}

export async function insertVersion(db: Db, row: VersionRow): Promise<void> {
  await db.insertInto('registry_versions').values(row).execute();
}

export function findVersion(db: Db, model: string, version: number): Promise<VersionRow | undefined> {
  return db
    .selectFrom('registry_versions')
    .selectAll()
    .where('model', '=', model)
    .where('version', '=', version)
    .executeTakeFirst();
}

/** Keeps others from changing a version until the commit. */
export async function holdVersion(db: Db, model: string, version: number): Promise<void> {
  await db
    .updateTable('registry_versions')
    .set({ version })
    .where('model', '=', model)
    .where('version', '=', version)
    .execute();
}

/** The newest version of the model with these bytes. */
export function findVersionByDigest(db: Db, model: string, digest: string): Promise<VersionRow | undefined> {
  return db
    .selectFrom('registry_versions')
    .selectAll()
    .where('model', '=', model)
    .where('digest', '=', digest)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Versions that are not deleted, newest first. */
export function listVersions(db: Db, model: string, limit = 1000): Promise<VersionRow[]> {
  return db
    .selectFrom('registry_versions')
    .selectAll()
    .where('model', '=', model)
    .where('deleted_at', 'is', null)
    .orderBy('version', 'desc')
    .limit(limit)
    .execute();
}

export function listAliases(db: Db, model?: string): Promise<AliasRow[]> {
  const query = db.selectFrom('registry_aliases').selectAll().orderBy('alias');
  return (model === undefined ? query : query.where('model', '=', model)).execute();
}

export function findAlias(db: Db, model: string, alias: string): Promise<AliasRow | undefined> {
  return db
    .selectFrom('registry_aliases')
    .selectAll()
    .where('model', '=', model)
    .where('alias', '=', alias)
    .executeTakeFirst();
}

export async function putAlias(db: Db, row: AliasRow): Promise<void> {
  await db
    .insertInto('registry_aliases')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['model', 'alias']).doUpdateSet({ version: row.version, updated_at: row.updated_at }),
    )
    .execute();
}

export async function removeAlias(db: Db, model: string, alias: string): Promise<boolean> {
  const result = await db
    .deleteFrom('registry_aliases')
    .where('model', '=', model)
    .where('alias', '=', alias)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}
