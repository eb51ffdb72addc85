import { sql } from 'kysely';
import type { Db, Migration } from './database.ts';
import { dialectOf } from './open.ts';

/** Applies every migration that this database has not seen, in the given order, each in a transaction. */
export async function migrate(db: Db, migrations: readonly Migration[]): Promise<string[]> {
  const names = new Set(migrations.map((migration) => migration.name));
  if (names.size !== migrations.length) throw new Error('Two migrations share a name.');
  return db.connection().execute(async (connection) => {
    const postgres = dialectOf(db) === 'postgres';
    if (postgres) await sql`select pg_advisory_lock(196907)`.execute(connection);
    try {
      await connection.schema
        .createTable('platform_migrations')
        .ifNotExists()
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('applied_at', 'bigint', (column) => column.notNull())
        .execute();
      const rows = await connection.selectFrom('platform_migrations').select('name').execute();
      const applied = new Set(rows.map((row) => row.name));
      const missing = migrations.filter((migration) => !applied.has(migration.name));
      // Indexes of large tables are sorted on the disk; whatever else is temporary is small and stays in memory.
      const temporary = (where: string) => sql`pragma temp_store = ${sql.raw(where)}`.execute(connection);
      if (!postgres) await temporary('file');
      for (const { name, up } of missing) {
        await connection.transaction().execute(async (trx) => {
          await up(trx);
          await trx.insertInto('platform_migrations').values({ name, applied_at: Date.now() }).execute();
        });
      }
      if (!postgres) await temporary('memory');
      return missing.map((migration) => migration.name);
    } finally {
      if (postgres) await sql`select pg_advisory_unlock(196907)`.execute(connection);
    }
  });
}
