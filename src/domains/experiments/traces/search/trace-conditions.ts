import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../../../../platform/db/database.ts';
import { dialectOf } from '../../../../platform/db/open.ts';
import { isAnyOf } from '../../bulk.store.ts';
import { experimentsError } from '../../experiments.contract.ts';
import { type Condition, compare, keyed } from '../../search/conditions.ts';
import type { Clause, Grammar } from '../../search/filter.model.ts';
import { METADATA } from '../traces.model.ts';

/** What may be searched and ordered of traces. Conditions on spans all speak of one span. */
export const traceGrammar: Grammar = {
  kinds: ['attribute', 'tag', 'param', 'span', 'feedback', 'expectation', 'issue'],
  prefixes: {
    trace: 'attribute',
    metadata: 'param',
    request_metadata: 'param',
    span: 'span',
    feedback: 'feedback',
    expectation: 'expectation',
    issue: 'issue',
  },
  attributes: {
    request_id: 'text',
    client_request_id: 'text',
    timestamp_ms: 'number',
    execution_time_ms: 'number',
    end_time_ms: 'number',
    experiment_id: 'number',
    status: 'text',
    name: 'text',
    run_id: 'text',
    prompt: 'text',
    text: 'text',
  },
  aliases: {
    trace_id: 'request_id',
    id: 'request_id',
    timestamp: 'timestamp_ms',
    request_time: 'timestamp_ms',
    execution_time: 'execution_time_ms',
    execution_duration: 'execution_time_ms',
    end_time: 'end_time_ms',
    state: 'status',
  },
  lists: ['request_id', 'client_request_id', 'status', 'name', 'run_id'],
  regexes: true,
};

const bad = (why: string) =>
  experimentsError('experiments.search.invalid', `The filter is not valid: ${why}`);

export const traceColumns: Readonly<Record<string, RawBuilder<unknown>>> = {
  request_id: sql.ref('trace.id'),
  client_request_id: sql.ref('trace.client_request_id'),
  timestamp_ms: sql.ref('trace.requested_at'),
  execution_time_ms: sql.ref('trace.duration_ms'),
  end_time_ms: sql`(trace.requested_at + coalesce(trace.duration_ms, 0))`,
  experiment_id: sql.ref('trace.experiment_id'),
  status: sql.ref('trace.state'),
  name: sql.ref('trace.name'),
  run_id: sql`(select pair.value from experiments_trace_metadata as pair
    where pair.trace_id = trace.id and pair.key = ${sql.lit(METADATA.run)})`,
};

/** `spans` asks for one span that satisfies all its clauses; `own` is about the trace alone. */
export type TraceConditions = { own: Condition[]; span: Condition | null; spanClauses: Clause[] };

export function traceConditions(db: Db, clauses: readonly Clause[]): TraceConditions {
  const spanClauses = clauses.flatMap((clause) => toSpanClause(clause) ?? []);
  const own = clauses.filter((clause) => toSpanClause(clause) === null).map((clause) => ofTrace(db, clause));
  const parts = spanClauses.map((clause) => ofSpan(db, clause));
  const span =
    parts.length === 0
      ? null
      : sql<boolean>`exists (select 1 from experiments_spans as span
          where span.trace_id = trace.id and ${sql.join(parts, sql` and `)})`;
  return { own, span, spanClauses };
}

/** `text` searches what spans hold. */
function toSpanClause(clause: Clause): Clause | null {
  if (clause.kind === 'span') return clause;
  if (clause.kind === 'attribute' && clause.key === 'text')
    return { ...clause, kind: 'span', key: 'content' };
  return null;
}

function ofTrace(db: Db, clause: Clause): Condition {
  const { kind, key } = clause;
  if (kind === 'tag')
    return keyed(db, { table: 'experiments_trace_tags', owner: 'trace_id', of: 'trace.id' }, clause);
  if (kind === 'param')
    return keyed(db, { table: 'experiments_trace_metadata', owner: 'trace_id', of: 'trace.id' }, clause);
  if (kind !== 'attribute') return ofAssessment(db, clause);
  if (key === 'prompt') return ofPrompt(clause);
  if (key === 'run_id' && clause.operator === '=') return ofRun(String(clause.value));
  return compare(db, traceColumns[key]!, clause);
}

function ofPrompt({ operator, value }: Clause): Condition {
  if (operator !== '=' || !/^[^/]+\/[^/]+$/.test(String(value))) {
    throw bad("a prompt is compared as prompt = 'name/version'.");
  }
  return sql<boolean>`trace.id in (select link.trace_id from experiments_trace_links as link
    where link.kind = 'prompt' and link.target = ${value})`;
}

/** Traces that were made within a run, and those that were linked to it. */
export function ofRun(runId: string): Condition {
  return sql<boolean>`trace.id in (
    select link.trace_id from experiments_trace_links as link where link.kind = 'run' and link.target = ${runId}
    union all select pair.trace_id from experiments_trace_metadata as pair
      where pair.key = ${sql.lit(METADATA.run)} and pair.value = ${runId})`;
}

/** A text, or what stands for it: JSON of anything else. `path` leads into an object. */
function jsonText(db: Db, column: string, key?: string): RawBuilder<string> {
  const value = sql.ref(column);
  if (dialectOf(db) === 'postgres') {
    return key === undefined
      ? sql<string>`(${value}::json #>> '{}')`
      : sql<string>`(${value}::json -> 'attributes' ->> ${key})`;
  }
  const path = key === undefined ? '$' : `$.attributes."${key}"`;
  return sql<string>`(case json_type(${value}, ${path}) when 'text' then ${value} ->> ${path} else ${value} -> ${path} end)`;
}

const spanColumns: Readonly<Record<string, RawBuilder<unknown>>> = {
  name: sql.ref('span.name'),
  type: sql.ref('span.type'),
  status: sql.ref('span.status'),
};

function ofSpan(db: Db, clause: Clause): Condition {
  const { key } = clause;
  if (key === 'content') return ofContent(db, clause);
  if (Object.hasOwn(spanColumns, key)) return compare(db, spanColumns[key]!, clause);
  const attribute = /^attributes\.(?:`([^`]+)`|"([^"]+)"|(.+))$/s.exec(key);
  const name = attribute?.[1] ?? attribute?.[2] ?? attribute?.[3];
  if (name === undefined || /["\\]/.test(name)) {
    throw bad('of a span one can search name, type, status, content and attributes.KEY.');
  }
  return compare(db, jsonText(db, 'span.content', name), clause);
}

/** Looks for the text as it was written; content is JSON, where quotes and line ends stand escaped. */
function ofContent(db: Db, { operator, value }: Clause): Condition {
  if (operator !== 'LIKE' && operator !== 'ILIKE') throw bad('text is compared by LIKE or ILIKE.');
  const pattern = String(value);
  const escaped = JSON.stringify(pattern).slice(1, -1);
  const patterns = escaped === pattern ? [pattern] : [pattern, escaped];
  const likes = patterns.flatMap((one) => [
    contains(db, 'span.content', operator, one),
    contains(db, 'span.name', operator, one),
  ]);
  return sql<boolean>`(${sql.join(likes, sql` or `)})`;
}

/** `%words%` is looked for as it is, which SQLite does several times faster than by a pattern. */
function contains(db: Db, column: string, operator: 'LIKE' | 'ILIKE', pattern: string): Condition {
  const words = /^%([^%_]+)%$/s.exec(pattern)?.[1];
  if (words === undefined || operator === 'ILIKE' || dialectOf(db) === 'postgres')
    return compare(db, sql.ref(column), { operator, value: pattern });
  return sql<boolean>`instr(${sql.ref(column)}, ${words}) > 0`;
}

/** What is said of the trace, or of the session that it belongs to as a whole. */
function ofAssessment(db: Db, clause: Clause): Condition {
  const { kind, key, operator, value } = clause;
  if (kind === 'issue' && key !== 'id') throw bad('of an issue one can search the id.');
  const name = kind === 'issue' ? value : key;
  const parts = [
    sql<boolean>`said.kind = ${kind}`,
    sql<boolean>`said.name = ${name}`,
    sql<boolean>`said.is_valid = 1`,
  ];
  if (kind !== 'issue' && !operator.startsWith('IS')) parts.push(ofValue(db, clause));
  const where = sql.join(parts, sql` and `);
  const some = sql<boolean>`(trace.id in (select said.trace_id from experiments_assessments as said where ${where})
    or (trace.session_id is not null and exists (
      select 1 from experiments_assessments as said join experiments_traces as home on home.id = said.trace_id
      where said.session_id = trace.session_id and home.experiment_id = trace.experiment_id and ${where})))`;
  return operator === 'IS NULL' ? sql<boolean>`not ${some}` : some;
}

function ofValue(db: Db, clause: Clause): Condition {
  const { operator, value } = clause;
  if (/^[<>]/.test(operator)) {
    return sql<boolean>`(said.is_number = 1 and ${compare(db, sql.ref('said.figure'), clause)})`;
  }
  if (operator === '=' || operator === '!=') {
    const same = sql<boolean>`said.value in (${value}, ${JSON.stringify(value)})`;
    return operator === '=' ? same : sql<boolean>`not ${same}`;
  }
  return compare(db, jsonText(db, 'said.value'), clause);
}

/** Traces of these experiments. */
export function inExperiments(db: Db, ids: readonly number[]): Condition {
  return ids.length === 1
    ? sql<boolean>`trace.experiment_id = ${ids[0]}`
    : isAnyOf(db, 'trace.experiment_id', ids);
}
