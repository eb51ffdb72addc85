import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../../../../platform/scope.ts';
import type { Condition } from '../../search/conditions.ts';
import { METADATA } from '../traces.model.ts';
import {
  type Aggregation,
  checkFigures,
  type FigureFilter,
  type FiguresRequest,
  labelOf,
  readFigureFilter,
  type View,
} from './figures.model.ts';
import { inExperiments, ofRun } from './trace-conditions.ts';

export type Figure = {
  /** Start of the interval in milliseconds, when intervals were asked for. */
  at: number | null;
  dimensions: Record<string, string>;
  values: Record<string, number>;
};

const sources: Readonly<Record<View, RawBuilder<unknown>>> = {
  TRACES: sql`experiments_traces as trace`,
  SPANS: sql`experiments_traces as trace join experiments_spans as span on span.trace_id = trace.id`,
  ASSESSMENTS: sql`experiments_traces as trace
    join experiments_assessments as said on said.trace_id = trace.id and said.is_valid = 1`,
};

const values: Readonly<Record<View, Readonly<Record<string, RawBuilder<unknown>>>>> = {
  TRACES: {
    trace_count: sql`trace.id`,
    session_count: sql`trace.session_id`,
    latency: sql`trace.duration_ms`,
    input_tokens: sql`trace.input_tokens`,
    output_tokens: sql`trace.output_tokens`,
    total_tokens: sql`trace.total_tokens`,
    cache_read_input_tokens: sql`trace.cache_read_tokens`,
    cache_creation_input_tokens: sql`trace.cache_creation_tokens`,
  },
  SPANS: {
    span_count: sql`span.id`,
    latency: sql`(span.ended_us - span.started_us) / 1000.0`,
    input_cost: sql`span.input_cost`,
    output_cost: sql`span.output_cost`,
    total_cost: sql`span.total_cost`,
  },
  ASSESSMENTS: { assessment_count: sql`said.id`, assessment_value: sql`said.figure` },
};

const dimensions: Readonly<Record<string, RawBuilder<unknown>>> = {
  trace_name: sql`trace.name`,
  trace_status: sql`trace.state`,
  span_name: sql`span.name`,
  span_type: sql`span.type`,
  span_status: sql`span.status`,
  span_model_name: sql`span.model`,
  span_model_provider: sql`span.provider`,
  assessment_name: sql`said.name`,
  assessment_value: sql`said.value`,
};

/**
 * Aggregates over traces, their spans or what is said of them, split by dimensions and intervals of time. Percentiles
 * are interpolated linearly between ranks (Hyndman and Fan, 1996, type 7), alike on both databases.
 * @throws experiments.input.invalid, experiments.search.invalid
 */
export async function queryFigures(scope: Scope, request: FiguresRequest): Promise<Figure[]> {
  checkFigures(request);
  const { view, metric, aggregations } = request;
  const value = values[view][metric]!;
  const isCost = view === 'SPANS' && metric.endsWith('_cost');
  const spanTime = sql`(span.started_us / 1000)`;
  const ranged = isCost ? spanTime : sql`trace.requested_at`;
  const where = [
    inExperiments(scope.db, request.experimentIds),
    sql<boolean>`${value} is not null`,
    ...request.filters.map((text) => ofFilter(readFigureFilter(text, view))),
    ...(request.from === undefined ? [] : [sql<boolean>`${ranged} >= ${request.from}`]),
    ...(request.to === undefined ? [] : [sql<boolean>`${ranged} <= ${request.to}`]),
  ];
  const keys = request.dimensions.map((name) => dimensions[name]!);
  for (const key of keys) where.push(sql<boolean>`${key} is not null`);
  if (request.seconds !== undefined) {
    keys.unshift(bucket(view === 'SPANS' ? spanTime : sql`trace.requested_at`, request.seconds * 1000));
  }
  const names = keys.map((_, i) => sql.raw(`key_${i}`));
  const isRanked = aggregations.some(({ type }) => type === 'PERCENTILE');
  const inner = sql.join([
    ...keys.map((key, i) => sql`${key} as ${names[i]!}`),
    sql`${value} as value`,
    ...(isRanked ? ranks(keys, value) : []),
  ]);
  const outer = sql.join([
    ...names,
    ...aggregations.map((one, i) => sql`${aggregate(one, metric)} as ${sql.raw(`value_${i}`)}`),
  ]);
  const grouping = keys.length > 0 ? sql`group by ${sql.join(names)} order by ${sql.join(names)}` : sql``;
  const { rows } = await sql<Record<string, number | string | null>>`select ${outer} from (
    select ${inner} from ${sources[view]} where ${sql.join(where, sql` and `)}) as picked
    ${grouping} limit ${request.maxResults}`.execute(scope.db);
  return rows.flatMap((row) => toFigure(row, request) ?? []);
}

/** Start of the interval that a time in milliseconds falls into. */
const bucket = (time: RawBuilder<unknown>, width: number) =>
  sql`${time} - ((${time} % cast(${width} as bigint)) + cast(${width} as bigint)) % cast(${width} as bigint)`;

function ranks(keys: readonly RawBuilder<unknown>[], value: RawBuilder<unknown>) {
  const group = keys.length > 0 ? sql`partition by ${sql.join(keys)}` : sql``;
  return [
    sql`row_number() over (${group} order by ${value}) - 1 as place`,
    sql`count(*) over (${group}) - 1 as last`,
  ];
}

function aggregate({ type, percentile }: Aggregation, metric: string): RawBuilder<unknown> {
  if (type === 'PERCENTILE') {
    const share = sql`cast(${percentile! / 100} as double precision)`;
    // The two ranks around the place weigh by their nearness to it, all others nothing.
    const apart = sql`abs(place - ${share} * last)`;
    return sql`sum(case when ${apart} < 1 then value * (1 - ${apart}) else 0 end)`;
  }
  if (type === 'COUNT') return metric === 'session_count' ? sql`count(distinct value)` : sql`count(value)`;
  return sql`${sql.raw(type.toLowerCase())}(value)`;
}

function ofFilter({ entity, key, value }: FigureFilter): Condition {
  const columns: Readonly<Record<string, RawBuilder<unknown>>> = {
    'trace.status': sql`trace.state`,
    'span.name': sql`span.name`,
    'span.status': sql`span.status`,
    'span.type': sql`span.type`,
    'assessment.name': sql`said.name`,
    'assessment.type': sql`said.kind`,
  };
  if (Object.hasOwn(columns, entity)) return sql<boolean>`${columns[entity]!} = ${value}`;
  if (entity === 'trace.metadata' && key === METADATA.run) return ofRun(value);
  const table = entity === 'trace.tag' ? 'experiments_trace_tags' : 'experiments_trace_metadata';
  return sql<boolean>`exists (select 1 from ${sql.table(table)} as pair
    where pair.trace_id = trace.id and pair.key = ${key} and pair.value = ${value})`;
}

function toFigure(row: Record<string, number | string | null>, request: FiguresRequest): Figure | null {
  const hasTime = request.seconds !== undefined;
  const read = request.aggregations.flatMap((one, i) => {
    const value = row[`value_${i}`];
    return value === null || value === undefined ? [] : [[labelOf(one), Number(value)] as const];
  });
  if (read.length === 0) return null;
  const first = hasTime ? 1 : 0;
  return {
    at: hasTime ? Number(row.key_0) : null,
    dimensions: Object.fromEntries(
      request.dimensions.map((name, i) => [name, String(row[`key_${i + first}`])]),
    ),
    values: Object.fromEntries(read),
  };
}
