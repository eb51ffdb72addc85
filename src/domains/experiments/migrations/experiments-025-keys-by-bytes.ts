import { sql } from 'kysely';
import type { Migration } from '../../../platform/db/database.ts';
import { dialectOf } from '../../../platform/db/open.ts';

const keys = {
  experiments_runs: ['id'],
  experiments_series: ['run_id', 'key'],
  experiments_params: ['run_id', 'key'],
  experiments_run_tags: ['run_id', 'key'],
};

/**
 * PostgreSQL compares these keys byte by byte, as SQLite does, and not by the rules of a language: a page of runs looks up
 * thousands of them.
 */
export const experimentsKeysByBytes: Migration = {
  name: 'experiments-025-keys-by-bytes',
  async up(db) {
    if (dialectOf(db) !== 'postgres') return;
    for (const [table, columns] of Object.entries(keys)) {
      const changes = columns.map((column) => sql`alter column ${sql.ref(column)} type text collate "C"`);
      await sql`alter table ${sql.table(table)} ${sql.join(changes)}`.execute(db);
    }
  },
};
