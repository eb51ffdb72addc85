import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../../../../platform/db/database.ts';
import { dialectOf } from '../../../../platform/db/open.ts';
import { type BulkTarget, insertMany, isAnyOf } from '../../bulk.store.ts';
import type { TraceRow } from '../../experiments.tables.ts';
import type { Usage, UsageNode } from './usage.model.ts';

export type SpanRow = {
  trace_id: string;
  /** 16 hex characters. */
  id: string;
  parent_id: string | null;
  experiment_id: number;
  name: string;
  /** LLM, TOOL, RETRIEVER, … or a word of the program's own. */
  type: string;
  /** `OK`, `ERROR` or `UNSET`. */
  status: string;
  started_us: number;
  ended_us: number | null;
  model: string | null;
  provider: string | null;
  /** JSON: attributes, events, links and exact times; see `spans.model.ts`. */
  content: string;
} & Usage;

const usageColumns = [
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cache_read_tokens',
  'cache_creation_tokens',
  'input_cost',
  'output_cost',
  'total_cost',
] as const;
const doubles = usageColumns.map((name) => [name, 'float8'] as const);

/** A span that comes again, or more complete, takes the place of the one that is there. */
function replacing(key: string, columns: readonly (readonly [string, string])[]): string {
  const others = columns.map(([name]) => name).filter((name) => !key.split(', ').includes(name));
  return `on conflict (${key}) do update set ${others.map((name) => `${name} = excluded.${name}`).join(', ')}`;
}

const spanColumns = [
  ['trace_id', 'text'],
  ['id', 'text'],
  ['parent_id', 'text'],
  ['experiment_id', 'int4'],
  ['name', 'text'],
  ['type', 'text'],
  ['status', 'text'],
  ['started_us', 'int8'],
  ['ended_us', 'int8'],
  ['model', 'text'],
  ['provider', 'text'],
  ...doubles,
  ['content', 'text'],
] as const;
const traceColumns = [
  ['id', 'text'],
  ['experiment_id', 'int4'],
  ['client_request_id', 'text'],
  ['requested_at', 'int8'],
  ['duration_ms', 'int8'],
  ['state', 'text'],
  ['info', 'text'],
  ['name', 'text'],
  ['session_id', 'text'],
  ['reported', 'int4'],
  ['spans', 'int4'],
  ...doubles,
] as const;
const spanTarget: BulkTarget = {
  table: 'experiments_spans',
  columns: spanColumns,
  suffix: replacing('trace_id, id', spanColumns),
};
const traceTarget: BulkTarget = {
  table: 'experiments_traces',
  columns: traceColumns,
  suffix: replacing('id', traceColumns),
};

type Columns<Row> = readonly (readonly [keyof Row & string, string])[];
const cells = <Row>(rows: readonly Row[], columns: Columns<Row>) =>
  rows.map((row) => columns.map(([name]) => row[name]));

/** Rows must be distinct by trace and id, and ordered by them. */
export const upsertSpans = (db: Db, rows: readonly SpanRow[]) =>
  insertMany(db, spanTarget, cells(rows, spanColumns));

export const upsertTraces = (db: Db, rows: readonly TraceRow[]) =>
  insertMany(db, traceTarget, cells(rows, traceColumns));

/** Adds the traces that are not there yet. */
export const addTraces = (db: Db, rows: readonly TraceRow[]) =>
  insertMany(db, { ...traceTarget, suffix: 'on conflict (id) do nothing' }, cells(rows, traceColumns));

/** The traces with these ids by id, locked until the transaction ends. */
export async function lockTraces(db: Db, ids: readonly string[]): Promise<TraceRow[]> {
  const lock = dialectOf(db) === 'postgres' ? sql`for update` : sql``;
  const { rows } = await sql<TraceRow>`select * from experiments_traces
    where ${isAnyOf(db, 'id', ids)} order by id ${lock}`.execute(db);
  return rows;
}

/** How many of these spans are there already, by trace; each is looked up by its key. */
export async function countKnownSpans(
  db: Db,
  spans: readonly { traceId: string; id: string }[],
): Promise<Map<string, number>> {
  const traceIds = spans.map(({ traceId }) => traceId);
  const ids = spans.map(({ id }) => id);
  const asked =
    dialectOf(db) === 'postgres'
      ? sql`unnest(${traceIds}::text[], ${ids}::text[]) as asked (trace_id, id)`
      : sql`(select value ->> 0 as trace_id, value ->> 1 as id
          from json_each(${JSON.stringify(traceIds.map((traceId, i) => [traceId, ids[i]]))})) as asked`;
  const { rows } = await sql<{ trace_id: string; known: number }>`
    select span.trace_id as trace_id, count(*) as known from ${asked}
    cross join experiments_spans as span
    where span.trace_id = asked.trace_id and span.id = asked.id group by span.trace_id`.execute(db);
  return new Map(rows.map(({ trace_id, known }) => [trace_id, Number(known)]));
}

/** What every span of a trace says of tokens and cost. */
export function usageNodes(db: Db, traceId: string): Promise<UsageNode[]> {
  return db
    .selectFrom('experiments_spans')
    .select(['id', 'parent_id', ...usageColumns])
    .where('trace_id', '=', traceId)
    .execute();
}

export type SpanHead = Omit<SpanRow, 'content' | 'trace_id' | 'experiment_id' | 'model' | 'provider'>;

/** All spans of a trace without their content, by start. */
export function spanHeads(db: Db, traceId: string): Promise<SpanHead[]> {
  return db
    .selectFrom('experiments_spans')
    .select(['id', 'parent_id', 'name', 'type', 'status', 'started_us', 'ended_us', ...usageColumns])
    .where('trace_id', '=', traceId)
    .orderBy('started_us')
    .orderBy('id')
    .execute();
}

/** All spans of traces with their content: roots first, then by start. */
export function wholeSpans(db: Db, traceIds: readonly string[]): Promise<SpanRow[]> {
  const isBelow: RawBuilder<number> = sql`case when parent_id is null then 0 else 1 end`;
  return db
    .selectFrom('experiments_spans')
    .selectAll()
    .where(isAnyOf(db, 'trace_id', traceIds))
    .orderBy('trace_id')
    .orderBy(isBelow)
    .orderBy('started_us')
    .orderBy('id')
    .execute();
}

export function findSpan(db: Db, traceId: string, id: string): Promise<SpanRow | undefined> {
  return db
    .selectFrom('experiments_spans')
    .selectAll()
    .where('trace_id', '=', traceId)
    .where('id', '=', id)
    .executeTakeFirst();
}

const pairColumns = [
  ['trace_id', 'text'],
  ['key', 'text'],
  ['value', 'text'],
] as const;
export type PairTable = 'experiments_trace_tags' | 'experiments_trace_metadata';

/** Sets tags or metadata of many traces; with `keep`, what is there already stays. */
export async function putPairs(
  db: Db,
  table: PairTable,
  pairs: readonly { trace_id: string; key: string; value: string }[],
  keep = false,
): Promise<void> {
  const distinct = new Map(pairs.map((pair) => [`${pair.trace_id} ${pair.key}`, pair]));
  const rows = [...distinct.keys()].sort().map((key) => distinct.get(key)!);
  const suffix = keep
    ? 'on conflict (trace_id, key) do nothing'
    : 'on conflict (trace_id, key) do update set value = excluded.value';
  await insertMany(db, { table, columns: pairColumns, suffix }, cells(rows, pairColumns));
}

const linkColumns = [
  ['trace_id', 'text'],
  ['kind', 'text'],
  ['target', 'text'],
] as const;

export async function addLinks(
  db: Db,
  kind: 'run' | 'prompt',
  links: readonly { trace_id: string; target: string }[],
): Promise<void> {
  const suffix = 'on conflict (kind, target, trace_id) do nothing';
  const target = { table: 'experiments_trace_links', columns: linkColumns, suffix };
  await insertMany(
    db,
    target,
    cells(
      links.map((link) => ({ ...link, kind })),
      linkColumns,
    ),
  );
}
