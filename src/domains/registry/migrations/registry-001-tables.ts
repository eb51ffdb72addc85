import type { Migration } from '../../../platform/db/database.ts';

export const registryTables: Migration = {
  name: 'registry-001-tables',
  async up({ schema }) {
    await schema
      .createTable('registry_models')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('workspace', 'text', (column) => column.notNull())
      .addColumn('description', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('risk_probability', 'integer')
      .addColumn('risk_impact', 'integer')
      .addColumn('gate', 'text', (column) => column.notNull())
      .addColumn('tags', 'text', (column) => column.notNull())
      .addColumn('last_version', 'integer', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .execute();
    await schema
      .createTable('registry_versions')
      .addColumn('model', 'text', (column) => column.notNull().references('registry_models.name'))
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('size', 'bigint', (column) => column.notNull())
      .addColumn('flavor', 'text', (column) => column.notNull())
      .addColumn('signature', 'text', (column) => column.notNull())
      .addColumn('format', 'text', (column) => column.notNull())
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('tags', 'text', (column) => column.notNull())
      .addColumn('lineage', 'text', (column) => column.notNull())
      .addColumn('training_profile', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('actor', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('registry_versions_key', ['model', 'version'])
      .execute();
    await schema
      .createIndex('registry_versions_by_digest')
      .on('registry_versions')
      .columns(['model', 'digest'])
      .execute();
    await schema
      .createTable('registry_aliases')
      .addColumn('model', 'text', (column) => column.notNull().references('registry_models.name'))
      .addColumn('alias', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('registry_aliases_key', ['model', 'alias'])
      .execute();
    await evidenceTables(schema);
  },
};

async function evidenceTables(schema: Parameters<Migration['up']>[0]['schema']): Promise<void> {
  await schema
    .createTable('registry_evaluations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('model', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('champion_digest', 'text')
    .addColumn('baseline_digest', 'text')
    .addColumn('test_digest', 'text', (column) => column.notNull())
    .addColumn('report', 'text', (column) => column.notNull())
    .addColumn('profile', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .execute();
  await schema
    .createIndex('registry_evaluations_by_digest')
    .on('registry_evaluations')
    .columns(['model', 'digest', 'created_at'])
    .execute();
  await schema
    .createTable('registry_verdicts')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('model', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('decision', 'text', (column) => column.notNull())
    .addColumn('checks', 'text', (column) => column.notNull())
    .addColumn('champion_version', 'integer')
    .addColumn('champion_digest', 'text')
    .addColumn('evaluation', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .execute();
  await schema
    .createIndex('registry_verdicts_by_version')
    .on('registry_verdicts')
    .columns(['model', 'version', 'id'])
    .execute();
}
