import type { Db } from '../../../platform/db/database.ts';

/** Whether these bytes have run well in a child process under this version of the runtime. */
export async function isProbed(db: Db, digest: string, runtime: string): Promise<boolean> {
  const row = await db
    .selectFrom('serving_probes')
    .select('digest')
    .where('digest', '=', digest)
    .where('runtime', '=', runtime)
    .executeTakeFirst();
  return row !== undefined;
}

export async function insertProbe(
  db: Db,
  probe: { digest: string; runtime: string; took_ms: number; created_at: number },
): Promise<void> {
  await db
    .insertInto('serving_probes')
    .values(probe)
    .onConflict((conflict) => conflict.columns(['digest', 'runtime']).doNothing())
    .execute();
}
