import { sql } from 'kysely';
import type { Db, Migration } from '../../../platform/db/database.ts';
import { readUsage } from '../traces/spans/usage.model.ts';

/**
 * Spans, assessments and links of traces; traces gain what searches and figures ask for as columns. Times of spans
 * are microseconds, which a double holds; the nanoseconds stand in their content.
 */
export const experimentsSpans: Migration = {
  name: 'experiments-005-spans',
  async up(db) {
    await widenTraces(db);
    await createSpans(db);
    await createAssessments(db);
    await db.schema
      .createTable('experiments_trace_links')
      .addColumn('trace_id', 'text', (column) => column.notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('target', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('experiments_trace_links_key', ['kind', 'target', 'trace_id'])
      .execute();
    await db.schema
      .createIndex('experiments_trace_links_by_trace')
      .on('experiments_trace_links')
      .columns(['trace_id'])
      .execute();
    await fillColumns(db);
  },
};

const traceColumns = [
  ['name', 'text'],
  ['session_id', 'text'],
  ['input_tokens', 'double precision'],
  ['output_tokens', 'double precision'],
  ['total_tokens', 'double precision'],
  ['cache_read_tokens', 'double precision'],
  ['cache_creation_tokens', 'double precision'],
  ['input_cost', 'double precision'],
  ['output_cost', 'double precision'],
  ['total_cost', 'double precision'],
] as const;

async function widenTraces({ schema }: Db): Promise<void> {
  for (const [name, type] of traceColumns) {
    await schema.alterTable('experiments_traces').addColumn(name, type).execute();
  }
  for (const name of ['reported', 'spans'] as const) {
    await schema
      .alterTable('experiments_traces')
      .addColumn(name, 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
  }
  await schema
    .createIndex('experiments_traces_by_session')
    .on('experiments_traces')
    .columns(['session_id'])
    .where(sql.ref('session_id'), 'is not', null)
    .execute();
  await schema
    .createIndex('experiments_trace_metadata_by_value')
    .on('experiments_trace_metadata')
    .columns(['value'])
    .where(sql.ref('key'), '=', sql.lit('mlflow.sourceRun'))
    .execute();
}

async function createSpans({ schema }: Db): Promise<void> {
  await schema
    .createTable('experiments_spans')
    .addColumn('trace_id', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('parent_id', 'text')
    .addColumn('experiment_id', 'integer', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('started_us', 'bigint', (column) => column.notNull())
    .addColumn('ended_us', 'bigint')
    .addColumn('model', 'text')
    .addColumn('provider', 'text')
    .addColumn('input_tokens', 'double precision')
    .addColumn('output_tokens', 'double precision')
    .addColumn('total_tokens', 'double precision')
    .addColumn('cache_read_tokens', 'double precision')
    .addColumn('cache_creation_tokens', 'double precision')
    .addColumn('input_cost', 'double precision')
    .addColumn('output_cost', 'double precision')
    .addColumn('total_cost', 'double precision')
    .addColumn('content', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('experiments_spans_key', ['trace_id', 'id'])
    .execute();
  await schema
    .createIndex('experiments_spans_by_name')
    .on('experiments_spans')
    .columns(['experiment_id', 'name'])
    .execute();
  await schema
    .createIndex('experiments_spans_by_type')
    .on('experiments_spans')
    .columns(['experiment_id', 'type'])
    .execute();
  await schema
    .createIndex('experiments_spans_failed')
    .on('experiments_spans')
    .columns(['experiment_id'])
    .where(sql.ref('status'), '=', sql.lit('ERROR'))
    .execute();
  await schema
    .createIndex('experiments_spans_by_cost')
    .on('experiments_spans')
    .columns(['experiment_id', 'started_us'])
    .where(sql.ref('total_cost'), 'is not', null)
    .execute();
}

async function createAssessments({ schema }: Db): Promise<void> {
  await schema
    .createTable('experiments_assessments')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('trace_id', 'text', (column) => column.notNull())
    .addColumn('span_id', 'text')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .addColumn('figure', 'double precision')
    .addColumn('is_number', 'integer', (column) => column.notNull())
    .addColumn('error', 'text')
    .addColumn('rationale', 'text')
    .addColumn('source_type', 'text', (column) => column.notNull())
    .addColumn('source_id', 'text', (column) => column.notNull())
    .addColumn('metadata', 'text', (column) => column.notNull())
    .addColumn('session_id', 'text')
    .addColumn('overrides', 'text')
    .addColumn('is_valid', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createIndex('experiments_assessments_by_trace')
    .on('experiments_assessments')
    .columns(['trace_id', 'created_at'])
    .execute();
  await schema
    .createIndex('experiments_assessments_by_name')
    .on('experiments_assessments')
    .columns(['kind', 'name', 'trace_id'])
    .execute();
  await schema
    .createIndex('experiments_assessments_by_session')
    .on('experiments_assessments')
    .columns(['session_id'])
    .where(sql.ref('session_id'), 'is not', null)
    .execute();
}

/** Names, sessions and usage of the traces that are there already. */
async function fillColumns(db: Db): Promise<void> {
  await sql`update experiments_traces set reported = 1,
    name = (select value from experiments_trace_tags where trace_id = id and key = 'mlflow.traceName'),
    session_id = (select value from experiments_trace_metadata where trace_id = id and key = 'mlflow.trace.session')`.execute(
    db,
  );
  const { rows } = await sql<{ trace_id: string; key: string; value: string }>`
    select trace_id, key, value from experiments_trace_metadata
    where key in ('mlflow.trace.tokenUsage', 'mlflow.trace.cost')`.execute(db);
  for (const { trace_id, key, value } of rows) {
    await db
      .updateTable('experiments_traces')
      .set({ ...readUsage({ [key]: value }), reported: 2 })
      .where('id', '=', trace_id)
      .execute();
  }
}
