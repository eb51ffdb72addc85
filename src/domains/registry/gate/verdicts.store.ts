import type { Db } from '../../../platform/db/database.ts';
import type { VerdictRow } from '../registry.tables.ts';

export async function insertVerdict(db: Db, row: VerdictRow): Promise<void> {
  await db.insertInto('registry_verdicts').values(row).execute();
}

/** Verdicts on one version, newest first. */
export function listVerdicts(db: Db, model: string, version: number, limit = 100): Promise<VerdictRow[]> {
  return db
    .selectFrom('registry_verdicts')
    .selectAll()
    .where('model', '=', model)
    .where('version', '=', version)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

/** The newest verdict on the newest version of each model, by the model's name. */
export async function newestVerdictsOfModels(db: Db): Promise<Map<string, VerdictRow>> {
  const rows = await db
    .selectFrom('registry_verdicts as verdict')
    .innerJoin('registry_models as model', (join) =>
      join.onRef('model.name', '=', 'verdict.model').onRef('model.last_version', '=', 'verdict.version'),
    )
    .where('model.deleted_at', 'is', null)
    .selectAll('verdict')
    .orderBy('verdict.created_at')
    .orderBy('verdict.id')
    .execute();
  return new Map(rows.map((row) => [row.model, row]));
}

/** The newest verdict on each version of a model, by version number. */
export async function newestVerdicts(db: Db, model: string): Promise<Map<number, VerdictRow>> {
  const rows = await db
    .selectFrom('registry_verdicts')
    .selectAll()
    .where('model', '=', model)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return new Map(rows.map((row) => [row.version, row]));
}
