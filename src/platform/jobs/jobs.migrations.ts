import { sql } from 'kysely';
import type { Migration } from '../db/database.ts';

/** The one table of durable background work. */
export const jobsMigrations: Migration[] = [
  {
    name: 'jobs-001-jobs',
    up: async (db) => {
      await db.schema
        .createTable('jobs')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('payload', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('pool', 'text', (column) => column.notNull())
        .addColumn('priority', 'integer', (column) => column.notNull())
        .addColumn('not_before', 'bigint', (column) => column.notNull())
        .addColumn('active_key', 'text')
        .addColumn('once_key', 'text')
        .addColumn('cause', 'text')
        .addColumn('attempt', 'integer', (column) => column.notNull())
        .addColumn('takeovers', 'integer', (column) => column.notNull())
        .addColumn('fence', 'integer', (column) => column.notNull())
        .addColumn('owner', 'text')
        .addColumn('lease_until', 'bigint')
        .addColumn('cancel_requested', 'integer', (column) => column.notNull())
        .addColumn('progress', 'double precision')
        .addColumn('note', 'text')
        .addColumn('error', 'text')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('started_at', 'bigint')
        .addColumn('ended_at', 'bigint')
        .execute();
      await db.schema
        .createIndex('jobs_ready')
        .on('jobs')
        .columns(['pool', 'state', 'priority', 'not_before', 'id'])
        .execute();
      await db.schema.createIndex('jobs_ended').on('jobs').columns(['state', 'ended_at']).execute();
      await db.schema
        .createIndex('jobs_active_key')
        .unique()
        .on('jobs')
        .column('active_key')
        .where(sql.ref('state'), '=', 'queued')
        .execute();
      await db.schema.createIndex('jobs_key_state').on('jobs').columns(['active_key', 'state']).execute();
      await db.schema.createIndex('jobs_once_key').unique().on('jobs').column('once_key').execute();
    },
  },
];
