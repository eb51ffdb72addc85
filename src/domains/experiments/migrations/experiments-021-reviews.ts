import type { Migration } from '../../../platform/db/database.ts';

/** Questions to reviewers, queues of traces to review, and issues found in traces. */
export const experimentsReviews: Migration = {
  name: 'experiments-021-reviews',
  async up({ schema }) {
    await schema
      .createTable('experiments_label_schemas')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('experiment_id', 'integer', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('instruction', 'text')
      .addColumn('comments', 'integer', (column) => column.notNull())
      .addColumn('input', 'text', (column) => column.notNull())
      .addColumn('created_by', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addUniqueConstraint('experiments_label_schemas_once', ['experiment_id', 'name'])
      .execute();
    await schema
      .createTable('experiments_review_queues')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('experiment_id', 'integer', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('name_key', 'text', (column) => column.notNull())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('users', 'text', (column) => column.notNull())
      .addColumn('schema_ids', 'text', (column) => column.notNull())
      .addColumn('created_by', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addUniqueConstraint('experiments_review_queues_once', ['experiment_id', 'name_key'])
      .execute();
    await schema
      .createTable('experiments_review_items')
      .addColumn('queue_id', 'text', (column) => column.notNull())
      .addColumn('trace_id', 'text', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('completed_by', 'text')
      .addColumn('completed_at', 'bigint')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('experiments_review_items_key', ['queue_id', 'trace_id'])
      .execute();
    await schema
      .createIndex('experiments_review_items_trace')
      .on('experiments_review_items')
      .columns(['trace_id'])
      .execute();
    await schema
      .createTable('experiments_issues')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('experiment_id', 'integer', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('description', 'text', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('severity', 'text')
      .addColumn('root_causes', 'text', (column) => column.notNull())
      .addColumn('categories', 'text', (column) => column.notNull())
      .addColumn('source_run_id', 'text')
      .addColumn('created_by', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .execute();
    await schema
      .createIndex('experiments_issues_experiment')
      .on('experiments_issues')
      .columns(['experiment_id', 'created_at'])
      .execute();
  },
};
