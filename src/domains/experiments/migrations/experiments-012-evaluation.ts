import type { Migration } from '../../../platform/db/database.ts';

/** Datasets of questions and expected answers for evaluations, and registered scorers. */
export const experimentsEvaluation: Migration = {
  name: 'experiments-012-evaluation',
  async up({ schema }) {
    await schema
      .createTable('experiments_evaluation_datasets')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('tags', 'text', (column) => column.notNull())
      .addColumn('fields', 'text')
      .addColumn('records', 'integer', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text')
      .addColumn('updated_by', 'text')
      .execute();
    await schema
      .createTable('experiments_evaluation_records')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('dataset_id', 'text', (column) => column.notNull())
      .addColumn('input_digest', 'text', (column) => column.notNull())
      .addColumn('content', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text')
      .addColumn('updated_by', 'text')
      .addUniqueConstraint('experiments_evaluation_records_once', ['dataset_id', 'input_digest'])
      .execute();
    await schema
      .createIndex('experiments_evaluation_records_page')
      .on('experiments_evaluation_records')
      .columns(['dataset_id', 'created_at', 'id'])
      .execute();
    await schema
      .createTable('experiments_evaluation_links')
      .addColumn('dataset_id', 'text', (column) => column.notNull())
      .addColumn('experiment_id', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('experiments_evaluation_links_key', ['dataset_id', 'experiment_id'])
      .execute();
    await schema
      .createTable('experiments_scorers')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('experiment_id', 'integer', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('last_version', 'integer', (column) => column.notNull())
      .addUniqueConstraint('experiments_scorers_once', ['experiment_id', 'name'])
      .execute();
    await schema
      .createTable('experiments_scorer_versions')
      .addColumn('scorer_id', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('content', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('experiments_scorer_versions_key', ['scorer_id', 'version'])
      .execute();
  },
};
