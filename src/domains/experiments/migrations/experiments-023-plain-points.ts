import { sql } from 'kysely';
import type { Migration } from '../../../platform/db/database.ts';
import { dialectOf } from '../../../platform/db/open.ts';

/**
 * Bytes of points are kept as they are: numbers hardly get smaller, PostgreSQL tries at each write, and what it did
 * make smaller it cannot cut pieces out of without unpacking the whole.
 */
export const experimentsPlainPoints: Migration = {
  name: 'experiments-023-plain-points',
  async up(db) {
    if (dialectOf(db) !== 'postgres') return;
    for (const table of ['experiments_point_log', 'experiments_point_blocks']) {
      await sql`alter table ${sql.table(table)} alter column data set storage external`.execute(db);
    }
  },
};
