import type { Migration } from '../../../platform/db/database.ts';

/** Traces as clients report them at their end; their spans are artifacts. */
export const experimentsTraces: Migration = {
  name: 'experiments-004-traces',
  async up({ schema }) {
    await schema
      .createTable('experiments_traces')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('experiment_id', 'integer', (column) => column.notNull())
      .addColumn('client_request_id', 'text')
      .addColumn('requested_at', 'bigint', (column) => column.notNull())
      .addColumn('duration_ms', 'bigint')
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('info', 'text', (column) => column.notNull())
      .execute();
    await schema
      .createIndex('experiments_traces_by_time')
      .on('experiments_traces')
      .columns(['experiment_id', 'requested_at', 'id'])
      .execute();
    for (const table of ['experiments_trace_tags', 'experiments_trace_metadata']) {
      await schema
        .createTable(table)
        .addColumn('trace_id', 'text', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('value', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint(`${table}_key`, ['trace_id', 'key'])
        .execute();
    }
  },
};
