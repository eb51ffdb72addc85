import { sql } from 'kysely';
import type { Migration } from '../../../platform/db/database.ts';
import { dialectOf } from '../../../platform/db/open.ts';

/**
 * Fewer pages for a search to read: on SQLite params and tags lie in their key instead of behind it. PostgreSQL has no
 * such tables.
 */
export const experimentsSearchPages: Migration = {
  name: 'experiments-022-search-pages',
  async up(db) {
    const { schema } = db;
    if (dialectOf(db) === 'postgres') return;
    for (const table of ['experiments_params', 'experiments_run_tags']) {
      const old = `${table}_old`;
      await schema.alterTable(table).renameTo(old).execute();
      await schema
        .createTable(table)
        .addColumn('run_id', 'text', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('value', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint(`${table}_key`, ['run_id', 'key'])
        .modifyEnd(sql`without rowid`)
        .execute();
      await sql`insert into ${sql.table(table)} (run_id, key, value)
        select run_id, key, value from ${sql.table(old)} order by run_id, key`.execute(db);
      await schema.dropTable(old).execute();
    }
  },
};
