import type { Migration } from '../db/database.ts';

declare module '../db/database.ts' {
  interface Database {
    /** Blobs that nobody held when they were marked; `marked_at` is in milliseconds. */
    platform_blob_marks: { digest: string; size: number; marked_at: number };
  }
}

export const blobsMigrations: Migration[] = [
  {
    name: 'blobs-001-marks',
    async up(db) {
      await db.schema
        .createTable('platform_blob_marks')
        .addColumn('digest', 'text', (column) => column.primaryKey())
        .addColumn('size', 'bigint', (column) => column.notNull())
        .addColumn('marked_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
];
