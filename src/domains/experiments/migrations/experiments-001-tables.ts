import type { Migration } from '../../../platform/db/database.ts';

export const experimentsTables: Migration = {
  name: 'experiments-001-tables',
  async up(db) {
    const { schema } = db;
    await schema
      .createTable('experiments_counters')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('value', 'bigint', (column) => column.notNull())
      .execute();
    await schema
      .createTable('experiments_experiments')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('workspace', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('description', 'text', (column) => column.notNull())
      .addColumn('stage', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addUniqueConstraint('experiments_experiments_name', ['workspace', 'name'])
      .execute();
    await schema
      .createTable('experiments_experiment_tags')
      .addColumn('experiment_id', 'integer', (column) => column.notNull())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('value', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('experiments_experiment_tags_key', ['experiment_id', 'key'])
      .execute();
    await schema
      .createTable('experiments_runs')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('experiment_id', 'integer', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('parent_id', 'text')
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('stage', 'text', (column) => column.notNull())
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('ended_at', 'bigint')
      .addColumn('actor', 'text', (column) => column.notNull())
      .addColumn('environment', 'text', (column) => column.notNull())
      .execute();
    await schema
      .createIndex('experiments_runs_by_start')
      .on('experiments_runs')
      .columns(['experiment_id', 'stage', 'started_at', 'id'])
      .execute();
    await schema
      .createIndex('experiments_runs_by_parent')
      .on('experiments_runs')
      .columns(['parent_id', 'started_at'])
      .execute();
    for (const table of ['experiments_params', 'experiments_run_tags']) {
      await schema
        .createTable(table)
        .addColumn('run_id', 'text', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('value', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint(`${table}_key`, ['run_id', 'key'])
        .execute();
    }
    await metricTables(db);
    await schema
      .createTable('experiments_artifacts')
      .addColumn('run_id', 'text', (column) => column.notNull())
      .addColumn('path', 'text', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('size', 'bigint', (column) => column.notNull())
      .addColumn('media_type', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('experiments_artifacts_key', ['run_id', 'path'])
      .execute();
    await schema
      .createTable('experiments_run_inputs')
      .addColumn('run_id', 'text', (column) => column.notNull())
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('role', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('experiments_run_inputs_key', ['run_id', 'subject', 'role'])
      .execute();
  },
};

async function metricTables({ schema }: Parameters<Migration['up']>[0]): Promise<void> {
  const points = (name: string) =>
    schema
      .createTable(name)
      .addColumn('run_id', 'text', (column) => column.notNull())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('step', 'bigint', (column) => column.notNull())
      .addColumn('time', 'bigint', (column) => column.notNull())
      .addColumn('value', 'double precision', (column) => column.notNull())
      .addColumn('special', 'integer', (column) => column.notNull());
  // The key holds the whole point: the same point sent twice, by a retrying client, is one point.
  await points('experiments_metric_points')
    .addPrimaryKeyConstraint('experiments_metric_points_key', [
      'run_id',
      'key',
      'step',
      'time',
      'value',
      'special',
    ])
    .execute();
  await points('experiments_latest_metrics')
    .addPrimaryKeyConstraint('experiments_latest_metrics_key', ['run_id', 'key'])
    .execute();
  await schema
    .createIndex('experiments_latest_metrics_by_value')
    .on('experiments_latest_metrics')
    .columns(['key', 'value', 'run_id'])
    .execute();
}
