import type { Db, Migration } from '../../../platform/db/database.ts';

/** Definitions, runs, steps, the cache and the fires of schedules. */
export const createPipelineTables: Migration = {
  name: 'pipelines-001-runs',
  up: async (db) => {
    await definitions(db);
    await runs(db);
    await steps(db);
    await cacheAndSchedules(db);
  },
};

async function definitions(db: Db): Promise<void> {
  await db.schema
    .createTable('pipelines')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('workspace', 'text', (column) => column.notNull())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addColumn('lock', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('pipelines_revisions')
    .addColumn('pipeline', 'text', (column) => column.notNull())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('definition', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('pipelines_revisions_key', ['pipeline', 'revision'])
    .execute();
}

async function runs(db: Db): Promise<void> {
  await db.schema
    .createTable('pipelines_runs')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('workspace', 'text', (column) => column.notNull())
    .addColumn('pipeline', 'text', (column) => column.notNull())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('params', 'text', (column) => column.notNull())
    .addColumn('trigger_kind', 'text', (column) => column.notNull())
    .addColumn('trigger_key', 'text')
    .addColumn('trigger_event', 'text')
    .addColumn('coalesced', 'integer', (column) => column.notNull())
    .addColumn('no_cache', 'integer', (column) => column.notNull())
    .addColumn('cancel_requested', 'integer', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('cause', 'text')
    .addColumn('started_event', 'text')
    .addColumn('reason', 'text')
    .addColumn('lock', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('started_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .execute();
  await db.schema
    .createIndex('pipelines_runs_by_pipeline')
    .on('pipelines_runs')
    .columns(['pipeline', 'state', 'id'])
    .execute();
  await db.schema
    .createIndex('pipelines_runs_event')
    .unique()
    .on('pipelines_runs')
    .columns(['pipeline', 'trigger_event'])
    .execute();
}

async function steps(db: Db): Promise<void> {
  await db.schema
    .createTable('pipelines_steps')
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('job', 'text', (column) => column.notNull())
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('matrix', 'text')
    .addColumn('expands', 'integer', (column) => column.notNull())
    .addColumn('uses', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('failures', 'integer', (column) => column.notNull())
    .addColumn('job_id', 'text')
    .addColumn('engine', 'text')
    .addColumn('external_id', 'text')
    .addColumn('input', 'text')
    .addColumn('progress', 'double precision')
    .addColumn('note', 'text')
    .addColumn('cache_key', 'text')
    .addColumn('cache_material', 'text')
    .addColumn('cache_why', 'text')
    .addColumn('outputs', 'text')
    .addColumn('error', 'text')
    .addColumn('awaiting', 'text')
    .addColumn('started_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addPrimaryKeyConstraint('pipelines_steps_key', ['run_id', 'key'])
    .execute();
  await db.schema.createIndex('pipelines_steps_awaiting').on('pipelines_steps').column('awaiting').execute();
}

async function cacheAndSchedules(db: Db): Promise<void> {
  await db.schema
    .createTable('pipelines_cache')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('step_key', 'text', (column) => column.notNull())
    .addColumn('uses', 'text', (column) => column.notNull())
    .addColumn('outputs', 'text', (column) => column.notNull())
    .addColumn('lineage', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('pipelines_schedule_fires')
    .addColumn('pipeline', 'text', (column) => column.notNull())
    .addColumn('cron', 'text', (column) => column.notNull())
    .addColumn('fire_at', 'bigint', (column) => column.notNull())
    .addColumn('run_id', 'text')
    .addPrimaryKeyConstraint('pipelines_schedule_fires_key', ['pipeline', 'cron', 'fire_at'])
    .execute();
}
