import type { Migration } from '../db/database.ts';

export type LedgerEventRow = {
  seq: number;
  id: string;
  time: number;
  type: string;
  actor: string;
  subject: string;
  data: string;
  uses: string;
  cause: string | null;
  prev: string;
  hash: string;
};

declare module '../db/database.ts' {
  interface Database {
    ledger_events: LedgerEventRow;
    ledger_uses: { seq: number; subject: string };
  }
}

export const ledgerMigrations: Migration[] = [
  {
    name: 'ledger-001-events',
    async up(db) {
      await db.schema
        .createTable('ledger_events')
        .addColumn('seq', 'bigint', (column) => column.primaryKey())
        .addColumn('id', 'text', (column) => column.notNull().unique())
        .addColumn('time', 'bigint', (column) => column.notNull())
        .addColumn('type', 'text', (column) => column.notNull())
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('data', 'text', (column) => column.notNull())
        .addColumn('uses', 'text', (column) => column.notNull())
        .addColumn('cause', 'text')
        .addColumn('prev', 'text', (column) => column.notNull())
        .addColumn('hash', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createIndex('ledger_events_subject')
        .on('ledger_events')
        .columns(['subject', 'seq'])
        .execute();
      await db.schema
        .createIndex('ledger_events_type')
        .on('ledger_events')
        .columns(['type', 'seq'])
        .execute();
      await db.schema.createIndex('ledger_events_cause').on('ledger_events').columns(['cause']).execute();
      await db.schema
        .createTable('ledger_uses')
        .addColumn('seq', 'bigint', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('ledger_uses_key', ['subject', 'seq'])
        .execute();
    },
  },
];
