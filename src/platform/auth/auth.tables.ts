import type { Migration } from '../db/database.ts';

declare module '../db/database.ts' {
  interface Database {
    auth_users: { id: string; roles: string; disabled: number; created_at: number };
    auth_tokens: {
      id: string;
      user_id: string;
      hash: string;
      note: string;
      created_at: number;
      expires_at: number | null;
    };
  }
}

export const authMigrations: Migration[] = [
  {
    name: 'auth-001-users',
    async up(db) {
      await db.schema
        .createTable('auth_users')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('roles', 'text', (column) => column.notNull())
        .addColumn('disabled', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('auth_tokens')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('user_id', 'text', (column) => column.notNull().references('auth_users.id'))
        .addColumn('hash', 'text', (column) => column.notNull().unique())
        .addColumn('note', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint')
        .execute();
    },
  },
];
