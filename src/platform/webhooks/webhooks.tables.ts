import type { Migration } from '../db/database.ts';

export type DeliveryState = 'queued' | 'delivered' | 'failed';

export type DeliveryRow = {
  /** What receivers get as the delivery's id. */
  id: string;
  outbox: string;
  /** Whose message it is: the id of a webhook within its outbox. */
  target: string;
  event: string;
  /** The ledger event that it tells of; null for a test. */
  event_id: string | null;
  body: string;
  state: DeliveryState;
  attempts: number;
  status: number | null;
  error: string | null;
  /** Sorts by the order of the events. */
  position: string;
  not_before: number;
  created_at: number;
  ended_at: number | null;
};

declare module '../db/database.ts' {
  interface Database {
    webhook_deliveries: DeliveryRow;
  }
}

export const webhookMigrations: Migration[] = [
  {
    name: 'webhooks-001-deliveries',
    async up({ schema }) {
      await schema
        .createTable('webhook_deliveries')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('outbox', 'text', (column) => column.notNull())
        .addColumn('target', 'text', (column) => column.notNull())
        .addColumn('event', 'text', (column) => column.notNull())
        .addColumn('event_id', 'text')
        .addColumn('body', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('attempts', 'integer', (column) => column.notNull())
        .addColumn('status', 'integer')
        .addColumn('error', 'text')
        .addColumn('position', 'text', (column) => column.notNull())
        .addColumn('not_before', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('ended_at', 'bigint')
        .addUniqueConstraint('webhook_deliveries_once', ['outbox', 'target', 'event_id'])
        .execute();
      await schema
        .createIndex('webhook_deliveries_queue')
        .on('webhook_deliveries')
        .columns(['outbox', 'target', 'state', 'position'])
        .execute();
    },
  },
];
