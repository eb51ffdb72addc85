import type { Db } from '../../../platform/db/database.ts';
import type { EvaluationRow } from '../registry.tables.ts';

export async function insertEvaluation(db: Db, row: EvaluationRow): Promise<void> {
  await db.insertInto('registry_evaluations').values(row).execute();
}

/**
 * The newest evaluation of these bytes for this model; with `championDigest`, the newest that compares with exactly
 * that champion where there is one.
 */
export async function findEvaluation(
  db: Db,
  model: string,
  digest: string,
  championDigest?: string,
): Promise<EvaluationRow | undefined> {
  const rows = await db
    .selectFrom('registry_evaluations')
    .selectAll()
    .where('model', '=', model)
    .where('digest', '=', digest)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(championDigest === undefined ? 1 : 100)
    .execute();
  return rows.find((row) => row.champion_digest === championDigest) ?? rows[0];
}

/** The newest evaluation of each of the model's files, by digest. */
export async function newestEvaluations(db: Db, model: string): Promise<Map<string, EvaluationRow>> {
  const rows = await db
    .selectFrom('registry_evaluations')
    .selectAll()
    .where('model', '=', model)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return new Map(rows.map((row) => [row.digest, row]));
}
