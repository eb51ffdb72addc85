import type { Migration } from '../../../platform/db/database.ts';

/** The ONNX twin of a version that was registered in another form, and the attempts to make it. */
export const registryConversions: Migration = {
  name: 'registry-010-conversions',
  async up({ schema }) {
    for (const column of ['serving_digest', 'serving_signature', 'serving_format']) {
      await schema.alterTable('registry_versions').addColumn(column, 'text').execute();
    }
    await schema.alterTable('registry_versions').addColumn('serving_size', 'bigint').execute();
    await schema
      .createTable('registry_conversions')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('flavor', 'text', (column) => column.notNull())
      .addColumn('may_run_code', 'integer', (column) => column.notNull())
      .addColumn('actor', 'text', (column) => column.notNull())
      .addColumn('progress', 'double precision')
      .addColumn('note', 'text')
      .addColumn('error', 'text')
      .addColumn('result', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('started_at', 'bigint')
      .addColumn('ended_at', 'bigint')
      .execute();
    await schema
      .createIndex('registry_conversions_by_version')
      .on('registry_conversions')
      .columns(['model', 'version', 'id'])
      .execute();
  },
};
