import type { Db } from '../../../platform/db/database.ts';
import type { ConversionRow } from '../registry.tables.ts';

export async function insertConversion(db: Db, row: ConversionRow): Promise<void> {
  await db.insertInto('registry_conversions').values(row).execute();
}

export function findConversion(db: Db, id: string): Promise<ConversionRow | undefined> {
  return db.selectFrom('registry_conversions').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The newest attempt at a version. */
export function newestConversion(db: Db, model: string, version: number): Promise<ConversionRow | undefined> {
  return db
    .selectFrom('registry_conversions')
    .selectAll()
    .where('model', '=', model)
    .where('version', '=', version)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The newest attempt at each version of a model, by version number. */
export async function newestConversions(db: Db, model: string): Promise<Map<number, ConversionRow>> {
  const rows = await db
    .selectFrom('registry_conversions')
    .selectAll()
    .where('model', '=', model)
    .orderBy('id')
    .execute();
  return new Map(rows.map((row) => [row.version, row]));
}

export async function updateConversion(db: Db, id: string, change: Partial<ConversionRow>): Promise<void> {
  await db.updateTable('registry_conversions').set(change).where('id', '=', id).execute();
}
