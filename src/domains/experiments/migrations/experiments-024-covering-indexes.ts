import { sql } from 'kysely';
import type { Migration } from '../../../platform/db/database.ts';
import { dialectOf } from '../../../platform/db/open.ts';

/** A search on SQLite finds the latest metrics of runs in indexes alone; each row it need not look up is a page less. */
export const experimentsCoveringIndexes: Migration = {
  name: 'experiments-024-covering-indexes',
  async up(db) {
    if (dialectOf(db) === 'postgres') return;
    const { schema } = db;
    await schema.dropIndex('experiments_series_by_value').execute();
    for (const [name, columns] of [
      ['experiments_series_by_value', ['key', 'value', 'run_id', 'special']],
      ['experiments_series_by_run', ['run_id', 'key', 'value', 'special', 'step', 'time']],
    ] as const) {
      await sql`create index ${sql.ref(name)} on experiments_series (${sql.join(columns.map((column) => sql.ref(column)))})`.execute(
        db,
      );
    }
  },
};
