import type { Migration } from '../../../platform/db/database.ts';

/** Models that runs logged, before and apart from any registry. */
export const experimentsLoggedModels: Migration = {
  name: 'experiments-003-logged-models',
  async up({ schema }) {
    await schema
      .createTable('experiments_logged_models')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('experiment_id', 'integer', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('model_type', 'text')
      .addColumn('source_run_id', 'text')
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('artifact_uri', 'text', (column) => column.notNull())
      .addColumn('stage', 'text', (column) => column.notNull())
      .addColumn('actor', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .execute();
    await schema
      .createIndex('experiments_logged_models_by_time')
      .on('experiments_logged_models')
      .columns(['experiment_id', 'stage', 'created_at'])
      .execute();
    await schema
      .createIndex('experiments_logged_models_by_run')
      .on('experiments_logged_models')
      .columns(['source_run_id'])
      .execute();
    for (const table of ['experiments_logged_model_params', 'experiments_logged_model_tags']) {
      await schema
        .createTable(table)
        .addColumn('model_id', 'text', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('value', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint(`${table}_key`, ['model_id', 'key'])
        .execute();
    }
    await schema
      .createTable('experiments_logged_model_metrics')
      .addColumn('model_id', 'text', (column) => column.notNull())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('run_id', 'text', (column) => column.notNull())
      .addColumn('step', 'bigint', (column) => column.notNull())
      .addColumn('time', 'bigint', (column) => column.notNull())
      .addColumn('value', 'double precision', (column) => column.notNull())
      .addColumn('special', 'integer', (column) => column.notNull())
      .addColumn('dataset_name', 'text')
      .addColumn('dataset_digest', 'text')
      .addPrimaryKeyConstraint('experiments_logged_model_metrics_key', [
        'model_id',
        'key',
        'run_id',
        'step',
        'time',
      ])
      .execute();
    await schema
      .createTable('experiments_model_links')
      .addColumn('run_id', 'text', (column) => column.notNull())
      .addColumn('model_id', 'text', (column) => column.notNull())
      .addColumn('direction', 'text', (column) => column.notNull())
      .addColumn('step', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('experiments_model_links_key', ['run_id', 'model_id', 'direction', 'step'])
      .execute();
  },
};
