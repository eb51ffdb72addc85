import type { Migration } from '../db/database.ts';

declare module '../db/database.ts' {
  interface Database {
    reactor_cursors: { name: string; seq: number; owner: string | null; lease_until: number };
    reactor_dead_letters: {
      reactor: string;
      event_id: string;
      seq: number;
      attempts: number;
      error: string;
      time: number;
    };
  }
}

export const reactorMigrations: Migration[] = [
  {
    name: 'reactors-001-cursors',
    async up(db) {
      await db.schema
        .createTable('reactor_cursors')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('seq', 'bigint', (column) => column.notNull())
        .addColumn('owner', 'text')
        .addColumn('lease_until', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('reactor_dead_letters')
        .addColumn('reactor', 'text', (column) => column.notNull())
        .addColumn('event_id', 'text', (column) => column.notNull())
        .addColumn('seq', 'bigint', (column) => column.notNull())
        .addColumn('attempts', 'integer', (column) => column.notNull())
        .addColumn('error', 'text', (column) => column.notNull())
        .addColumn('time', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('reactor_dead_letters_key', ['reactor', 'event_id'])
        .execute();
    },
  },
];
