import { sql } from 'kysely';
import type { Migration } from '../../../platform/db/database.ts';
import { dialectOf } from '../../../platform/db/open.ts';

/**
 * What clients of tracking protocols need: artifact roots, users and deletion of runs, datasets as inputs; and
 * metric points keyed by a number per run and key, which a third of the bytes and of the time go into.
 */
export const experimentsTracking: Migration = {
  name: 'experiments-002-tracking',
  async up(db) {
    const { schema } = db;
    await schema.alterTable('experiments_experiments').addColumn('artifact_location', 'text').execute();
    await schema.alterTable('experiments_runs').addColumn('user_name', 'text').execute();
    await schema.alterTable('experiments_runs').addColumn('artifact_uri', 'text').execute();
    await schema.alterTable('experiments_runs').addColumn('deleted_at', 'bigint').execute();
    await schema
      .createTable('experiments_datasets')
      .addColumn('experiment_id', 'integer', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('source_type', 'text', (column) => column.notNull())
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('schema', 'text')
      .addColumn('profile', 'text')
      .addPrimaryKeyConstraint('experiments_datasets_key', ['experiment_id', 'name', 'digest'])
      .execute();
    await schema
      .createTable('experiments_dataset_inputs')
      .addColumn('run_id', 'text', (column) => column.notNull())
      .addColumn('experiment_id', 'integer', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('context', 'text')
      .addColumn('tags', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('experiments_dataset_inputs_key', ['run_id', 'name', 'digest'])
      .execute();
    await metricSeries(db);
  },
};

async function metricSeries(db: Parameters<Migration['up']>[0]): Promise<void> {
  const { schema } = db;
  const isPostgres = dialectOf(db) === 'postgres';
  await schema
    .createTable('experiments_series')
    .addColumn('id', isPostgres ? 'bigserial' : 'integer', (column) => column.primaryKey())
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('step', 'bigint', (column) => column.notNull())
    .addColumn('time', 'bigint', (column) => column.notNull())
    .addColumn('value', 'double precision', (column) => column.notNull())
    .addColumn('special', 'integer', (column) => column.notNull())
    .addUniqueConstraint('experiments_series_key', ['run_id', 'key'])
    .execute();
  await sql`insert into experiments_series (run_id, key, step, time, value, special)
    select run_id, key, step, time, value, special from experiments_latest_metrics`.execute(db);
  let points = schema
    .createTable('experiments_points')
    .addColumn('series', 'bigint', (column) => column.notNull())
    .addColumn('step', 'bigint', (column) => column.notNull())
    .addColumn('time', 'bigint', (column) => column.notNull())
    .addColumn('value', 'double precision', (column) => column.notNull())
    .addColumn('special', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('experiments_points_key', ['series', 'step', 'time', 'value', 'special']);
  if (!isPostgres) points = points.modifyEnd(sql`without rowid`);
  await points.execute();
  await sql`insert into experiments_points (series, step, time, value, special)
    select series.id, point.step, point.time, point.value, point.special
    from experiments_metric_points as point
    join experiments_series as series on series.run_id = point.run_id and series.key = point.key`.execute(db);
  await schema.dropTable('experiments_metric_points').execute();
  await schema.dropTable('experiments_latest_metrics').execute();
  await schema
    .createIndex('experiments_series_by_value')
    .on('experiments_series')
    .columns(['key', 'value', 'run_id'])
    .execute();
}
