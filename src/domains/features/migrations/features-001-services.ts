import type { Migration } from '../../../platform/db/database.ts';

export const featuresServices: Migration = {
  name: 'features-001-services',
  async up(db) {
    await db.schema
      .createTable('features_services')
      .addColumn('workspace', 'text', (column) => column.notNull().defaultTo('default'))
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('definition', 'text', (column) => column.notNull())
      .addColumn('actor', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('features_services_key', ['workspace', 'name', 'version'])
      .execute();
    await db.schema
      .createIndex('features_services_by_digest')
      .on('features_services')
      .columns(['workspace', 'name', 'digest'])
      .execute();
  },
};
