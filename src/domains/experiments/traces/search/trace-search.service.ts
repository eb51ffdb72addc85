import { sql } from 'kysely';
import type { Db } from '../../../../platform/db/database.ts';
import type { Scope } from '../../../../platform/scope.ts';
import { isAnyOf } from '../../bulk.store.ts';
import { experimentsError } from '../../experiments.contract.ts';
import type { TraceRow } from '../../experiments.tables.ts';
import type { Condition } from '../../search/conditions.ts';
import { type Clause, parseFilter, parseOrders } from '../../search/filter.model.ts';
import { cleanText } from '../spans/spans.model.ts';
import type { Trace } from '../traces.model.ts';
import { assemble } from '../traces.service.ts';
import { after, decodePlace, encodePlace, orderBy, type Place, type Term } from './keyset.model.ts';
import { inExperiments, traceColumns, traceConditions, traceGrammar } from './trace-conditions.ts';

export type TraceSearch = {
  experimentIds: readonly number[];
  filter?: string | undefined;
  orderBy?: readonly string[];
  maxResults: number;
  pageToken?: string | undefined;
};

/** One page of traces, the newest first unless ordered otherwise. @throws experiments.search.invalid */
export async function searchTraces(
  scope: Scope,
  search: TraceSearch,
): Promise<{ traces: Trace[]; next?: string }> {
  const limit = search.maxResults;
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) {
    throw experimentsError('experiments.search.invalid', 'max_results is a whole number from 1 to 500.');
  }
  const orders = (search.orderBy ?? []).map(cleanText);
  const terms = readTerms(orders);
  const order = orders.join(', ');
  const from = decodePlace(search.pageToken, order, terms);
  const clauses = parseFilter(search.filter && cleanText(search.filter), traceGrammar);
  const conditions = traceConditions(scope.db, clauses);
  if (search.experimentIds.length === 0) return { traces: [] };
  const own = [inExperiments(scope.db, search.experimentIds), ...conditions.own];
  const few = await tracesOfFewSpans(scope.db, search.experimentIds, conditions.spanClauses);
  if (few) own.push(isAnyOf(scope.db, 'trace.id', few));
  const rows = await findTraces(scope.db, { own, span: conditions.span, terms, from, limit: limit + 1 });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    traces: await assemble(scope, page),
    ...(rows.length > limit && last && { next: encodePlace(order, placeOf(last, terms)) }),
  };
}

function readTerms(texts: readonly string[]): Term[] {
  const orders = parseOrders(texts, traceGrammar);
  const terms = orders.map(({ kind, key, ascending }): Term => {
    if (kind === 'tag' || kind === 'param') {
      const table = kind === 'tag' ? 'experiments_trace_tags' : 'experiments_trace_metadata';
      const value = sql`(select pair.value from ${sql.table(table)} as pair
        where pair.trace_id = trace.id and pair.key = ${key})`;
      return { expression: value, type: 'text', ascending, isOptional: true };
    }
    if (kind !== 'attribute' || !Object.hasOwn(traceColumns, key)) {
      throw experimentsError('experiments.search.invalid', 'Order by an attribute, a tag or a metadata key.');
    }
    const isOptional = ['client_request_id', 'execution_time_ms', 'name', 'run_id'].includes(key);
    const type = traceGrammar.attributes[key]!;
    return { expression: traceColumns[key]!, type, ascending, isOptional };
  });
  const has = (name: string) => orders.some(({ kind, key }) => kind === 'attribute' && key === name);
  if (!has('timestamp_ms'))
    terms.push({
      expression: traceColumns.timestamp_ms!,
      type: 'number',
      ascending: false,
      isOptional: false,
    });
  terms.push({ expression: traceColumns.request_id!, type: 'text', ascending: true, isOptional: false });
  return terms;
}

type Found = TraceRow & Record<`place_${number}`, string | number | null>;
const placeOf = (row: Found, terms: readonly Term[]): Place => terms.map((_, i) => row[`place_${i}`] ?? null);

type Query = {
  own: readonly Condition[];
  span: Condition | null;
  terms: readonly Term[];
  from: Place | null;
  limit: number;
};

/**
 * Rows in order. What asks for spans is judged slice by slice along the order, so that a search for a rare text keeps
 * neither other callers nor the memory busy, and reads no span of a trace that the rest of the filter refuses.
 */
async function findTraces(db: Db, query: Query): Promise<Found[]> {
  if (!query.span) return candidates(db, query, query.from, query.limit);
  const found: Found[] = [];
  let from = query.from;
  for (let size = Math.min(Math.max(query.limit, 50), 500); ; size = Math.min(size * 2, 500)) {
    const slice = await candidates(db, query, from, size);
    found.push(...(await withSpan(db, slice, query.span)));
    const last = slice.at(-1);
    if (found.length >= query.limit || slice.length < size || !last) return found.slice(0, query.limit);
    from = placeOf(last, query.terms);
    await new Promise(setImmediate);
  }
}

async function candidates(db: Db, { own, terms }: Query, from: Place | null, size: number): Promise<Found[]> {
  const where = from ? [...own, after(terms, from)] : own;
  const places = terms.map(({ expression }, i) => sql`${expression} as ${sql.raw(`place_${i}`)}`);
  const { rows } = await sql<Found>`select trace.*, ${sql.join(places)} from experiments_traces as trace
    where ${sql.join(where, sql` and `)} order by ${orderBy(terms)} limit ${size}`.execute(db);
  return rows;
}

async function withSpan(db: Db, slice: readonly Found[], span: Condition): Promise<Found[]> {
  if (slice.length === 0) return [];
  const ids = slice.map(({ id }) => id);
  const { rows } = await sql<{ id: string }>`select trace.id as id from experiments_traces as trace
    where ${isAnyOf(db, 'trace.id', ids)} and ${span}`.execute(db);
  const matching = new Set(rows.map(({ id }) => id));
  return slice.filter(({ id }) => matching.has(id));
}

const few = 2000;

/** When a name, a type or the status ERROR is rare in these experiments, the traces that have it; else null. */
async function tracesOfFewSpans(
  db: Db,
  experimentIds: readonly number[],
  clauses: readonly Clause[],
): Promise<string[] | null> {
  for (const { key, operator, value } of clauses) {
    const isIndexed = key === 'name' || key === 'type' || (key === 'status' && value === 'ERROR');
    if (!isIndexed || operator !== '=') continue;
    const literal = key === 'status' ? sql.lit('ERROR') : sql`${value}`;
    const { rows } = await sql<{ trace_id: string }>`select span.trace_id from experiments_spans as span
      where ${isAnyOf(db, 'span.experiment_id', experimentIds)} and ${sql.ref(`span.${key}`)} = ${literal}
      limit ${few + 1}`.execute(db);
    if (rows.length <= few) return [...new Set(rows.map(({ trace_id }) => trace_id))];
  }
  return null;
}

/** The traces of a filter as a subquery of their ids, for counting. */
export function matching(db: Db, experimentIds: readonly number[], filter: string | undefined): Condition {
  const { own, span } = traceConditions(db, parseFilter(filter, traceGrammar));
  const all = [inExperiments(db, experimentIds), ...own, ...(span ? [span] : [])];
  return sql<boolean>`(${sql.join(all, sql` and `)})`;
}
