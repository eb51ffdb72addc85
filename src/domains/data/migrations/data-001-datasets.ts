import type { Migration } from '../../../platform/db/database.ts';

export const dataTables: Migration = {
  name: 'data-001-datasets',
  async up({ schema }) {
    await schema
      .createTable('data_datasets')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('workspace', 'text', (column) => column.notNull())
      .addColumn('description', 'text', (column) => column.notNull())
      .addColumn('event_time', 'text')
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('latest_version', 'integer', (column) => column.notNull())
      .addColumn('suite_revision', 'integer', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .execute();
    await schema
      .createTable('data_suites')
      .addColumn('dataset', 'text', (column) => column.notNull())
      .addColumn('revision', 'integer', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('expectations', 'text', (column) => column.notNull())
      .addColumn('declared', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('data_suites_key', ['dataset', 'revision'])
      .execute();
    await schema
      .createTable('data_versions')
      .addColumn('dataset', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('generation', 'integer', (column) => column.notNull())
      .addColumn('parts', 'integer', (column) => column.notNull())
      .addColumn('rows', 'bigint', (column) => column.notNull())
      .addColumn('bytes', 'bigint', (column) => column.notNull())
      .addColumn('columns', 'text', (column) => column.notNull())
      .addColumn('time_from', 'double precision')
      .addColumn('time_to', 'double precision')
      .addColumn('mode', 'text', (column) => column.notNull())
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('validation', 'text')
      .addColumn('actor', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('data_versions_key', ['dataset', 'version'])
      .execute();
    await schema
      .createTable('data_parts')
      .addColumn('dataset', 'text', (column) => column.notNull())
      .addColumn('generation', 'integer', (column) => column.notNull())
      .addColumn('position', 'integer', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('source_digest', 'text', (column) => column.notNull())
      .addColumn('size', 'bigint', (column) => column.notNull())
      .addColumn('rows', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('data_parts_key', ['dataset', 'generation', 'position'])
      .execute();
    await schema
      .createTable('data_validations')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('dataset', 'text', (column) => column.notNull())
      .addColumn('version', 'integer')
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('suite_revision', 'integer', (column) => column.notNull())
      .addColumn('outcome', 'text', (column) => column.notNull())
      .addColumn('success', 'integer', (column) => column.notNull())
      .addColumn('rows', 'bigint', (column) => column.notNull())
      .addColumn('evaluated', 'integer', (column) => column.notNull())
      .addColumn('failed', 'integer', (column) => column.notNull())
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('report', 'text', (column) => column.notNull())
      .addColumn('actor', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
    await schema
      .createIndex('data_validations_by_dataset')
      .on('data_validations')
      .columns(['dataset', 'id'])
      .execute();
    await schema
      .createTable('data_derived')
      .addColumn('key', 'text', (column) => column.primaryKey())
      .addColumn('blob', 'text')
      .addColumn('error', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
  },
};
