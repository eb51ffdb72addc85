import { type RawBuilder, sql } from 'kysely';
import type { JsonObject } from '../../../platform/json.ts';
import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { isAnyOf } from '../bulk.store.ts';
import { experimentsError } from '../experiments.contract.ts';
import type { TraceRow } from '../experiments.tables.ts';
import { compare, keyed } from '../search/conditions.ts';
import {
  type Clause,
  decodeOffset,
  encodeOffset,
  type Grammar,
  parseFilter,
  parseOrder,
} from '../search/filter.model.ts';
import { activeExperiment } from '../tracking/experiments.service.ts';
import { experimentLocation } from '../tracking/tracking.model.ts';

export type NewTrace = {
  id: string;
  experimentId: number;
  clientRequestId: string | null;
  requestedAt: number;
  durationMs: number | null;
  state: string;
  /** What else the client says of it, given back as it came. */
  info: JsonObject;
  tags: Record<string, string>;
  metadata: Record<string, string>;
};
export type Trace = NewTrace;

const tables = { tags: 'experiments_trace_tags', metadata: 'experiments_trace_metadata' } as const;
const LOCATION_TAG = 'mlflow.artifactLocation';

/** Keeps a trace, or what is newly known of it; its spans follow as an artifact at the place that a tag names. */
export async function recordTrace(scope: Scope, trace: NewTrace): Promise<Trace> {
  authorise(scope, 'experiments.write');
  if (!/^tr-[\w-]{1,64}$/.test(trace.id)) {
    throw experimentsError(
      'experiments.input.invalid',
      "Invalid value for parameter 'trace_id' supplied: not an id.",
    );
  }
  return transact(scope, async (tx) => {
    const experiment = await activeExperiment(tx, trace.experimentId);
    const row = {
      experiment_id: experiment.id,
      client_request_id: trace.clientRequestId,
      requested_at: trace.requestedAt,
      duration_ms: trace.durationMs,
      state: trace.state,
      info: JSON.stringify(trace.info),
    };
    await tx.db
      .insertInto('experiments_traces')
      .values({ id: trace.id, ...row })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
      .execute();
    const root = experimentLocation(experiment.id, experiment.artifact_location);
    const tags = { ...trace.tags, [LOCATION_TAG]: `${root}/traces/${trace.id}/artifacts` };
    await putPairs(tx, 'tags', trace.id, tags);
    await putPairs(tx, 'metadata', trace.id, trace.metadata);
    return getTrace(tx, trace.id);
  });
}

async function putPairs(tx: Scope, kind: keyof typeof tables, id: string, pairs: Record<string, string>) {
  for (const [key, value] of Object.entries(pairs)) {
    if (key === '' || key.length > 250) {
      throw experimentsError('experiments.input.invalid', 'A key of a trace has 1 to 250 characters.');
    }
    const kept = value.slice(0, 8000);
    await tx.db
      .insertInto(tables[kind])
      .values({ trace_id: id, key, value: kept })
      .onConflict((conflict) => conflict.columns(['trace_id', 'key']).doUpdateSet({ value: kept }))
      .execute();
  }
}

/** @throws experiments.trace.not_found */
export async function getTrace(scope: Scope, id: string): Promise<Trace> {
  const row = await scope.db
    .selectFrom('experiments_traces')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) throw experimentsError('experiments.trace.not_found', 'There is no trace with this id.');
  return (await assemble(scope, [row]))[0]!;
}

async function assemble(scope: Scope, rows: readonly TraceRow[]): Promise<Trace[]> {
  const { db } = scope;
  const traces = new Map<string, Trace>();
  for (const row of rows) {
    traces.set(row.id, {
      id: row.id,
      experimentId: row.experiment_id,
      clientRequestId: row.client_request_id,
      requestedAt: row.requested_at,
      durationMs: row.duration_ms,
      state: row.state,
      info: JSON.parse(row.info) as JsonObject,
      tags: {},
      metadata: {},
    });
  }
  const ids = [...traces.keys()];
  for (const kind of ['tags', 'metadata'] as const) {
    const pairs = await db
      .selectFrom(tables[kind])
      .selectAll()
      .where(isAnyOf(db, 'trace_id', ids))
      .execute();
    for (const { trace_id, key, value } of pairs) traces.get(trace_id)![kind][key] = value;
  }
  return [...traces.values()];
}

export async function setTraceTag(scope: Scope, id: string, key: string, value: string): Promise<void> {
  authorise(scope, 'experiments.write');
  await transact(scope, async (tx) => {
    await getTrace(tx, id);
    await putPairs(tx, 'tags', id, { [key]: value });
  });
}

/** @throws experiments.tag.not_found */
export async function deleteTraceTag(scope: Scope, id: string, key: string): Promise<void> {
  authorise(scope, 'experiments.write');
  await transact(scope, async (tx) => {
    const { tags } = await getTrace(tx, id);
    if (!Object.hasOwn(tags, key))
      throw experimentsError('experiments.tag.not_found', 'The trace has no such tag.');
    await tx.db.deleteFrom(tables.tags).where('trace_id', '=', id).where('key', '=', key).execute();
  });
}

/** Deletes traces of an experiment by id, or the oldest up to a time; returns how many. */
export async function deleteTraces(
  scope: Scope,
  experimentId: number,
  which: { ids: readonly string[] } | { until: number; most: number },
): Promise<number> {
  authorise(scope, 'experiments.write');
  return transact(scope, async (tx) => {
    const { db } = tx;
    let query = db.selectFrom('experiments_traces').select('id').where('experiment_id', '=', experimentId);
    query =
      'ids' in which
        ? query.where(isAnyOf(db, 'id', which.ids))
        : query.where('requested_at', '<=', which.until).orderBy('requested_at').limit(which.most);
    const ids = (await query.execute()).map(({ id }) => id);
    if (ids.length === 0) return 0;
    for (const table of Object.values(tables))
      await db
        .deleteFrom(table)
        .where(isAnyOf(db, 'trace_id', ids))
        .execute();
    await db
      .deleteFrom('experiments_artifacts')
      .where(isAnyOf(db, 'run_id', ids))
      .execute();
    await db
      .deleteFrom('experiments_traces')
      .where(isAnyOf(db, 'id', ids))
      .execute();
    await record(tx, {
      type: 'experiments.traces.deleted',
      subject: `experiment:${experimentId}`,
      data: { experiment: experimentId, traces: ids.length },
    });
    return ids.length;
  });
}

const grammar: Grammar = {
  kinds: ['attribute', 'tag', 'param'],
  prefixes: { trace: 'attribute', metadata: 'param', request_metadata: 'param' },
  attributes: {
    request_id: 'text',
    client_request_id: 'text',
    timestamp_ms: 'number',
    execution_time_ms: 'number',
    status: 'text',
    name: 'text',
    run_id: 'text',
  },
  aliases: {
    trace_id: 'request_id',
    id: 'request_id',
    timestamp: 'timestamp_ms',
    request_time: 'timestamp_ms',
    execution_time: 'execution_time_ms',
    execution_duration: 'execution_time_ms',
    state: 'status',
  },
  lists: ['request_id', 'client_request_id', 'status', 'name', 'run_id'],
};
const columns: Readonly<Record<string, RawBuilder<unknown>>> = {
  request_id: sql.ref('trace.id'),
  client_request_id: sql.ref('trace.client_request_id'),
  timestamp_ms: sql.ref('trace.requested_at'),
  execution_time_ms: sql.ref('trace.duration_ms'),
  status: sql.ref('trace.state'),
  name: sql`(select pair.value from experiments_trace_tags as pair
    where pair.trace_id = trace.id and pair.key = 'mlflow.traceName')`,
  run_id: sql`(select pair.value from experiments_trace_metadata as pair
    where pair.trace_id = trace.id and pair.key = 'mlflow.sourceRun')`,
};

/** One page of traces, the newest first unless ordered otherwise. @throws experiments.search.invalid */
export async function searchTraces(
  scope: Scope,
  search: {
    experimentIds: readonly number[];
    filter?: string | undefined;
    orderBy?: readonly string[];
    maxResults: number;
    pageToken?: string | undefined;
  },
): Promise<{ traces: Trace[]; next?: string }> {
  const limit = search.maxResults;
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) {
    throw experimentsError('experiments.search.invalid', 'max_results is a whole number from 1 to 500.');
  }
  const offset = decodeOffset(search.pageToken);
  const where = [
    isAnyOf(scope.db, 'trace.experiment_id', search.experimentIds),
    ...parseFilter(search.filter, grammar).map((clause) => condition(scope, clause)),
  ];
  const terms = (search.orderBy ?? []).map((text) => {
    const { kind, key, ascending } = parseOrder(text, grammar);
    if (kind !== 'attribute') throw experimentsError('experiments.search.invalid', 'Order by an attribute.');
    return sql`${columns[key]!} ${sql.raw(ascending ? 'asc' : 'desc')}`;
  });
  const order = sql.join([...terms, sql`trace.requested_at desc`, sql`trace.id asc`]);
  const { rows } = await sql<TraceRow>`select trace.* from experiments_traces as trace
    where ${sql.join(where, sql` and `)} order by ${order} limit ${limit + 1} offset ${offset}`.execute(
    scope.db,
  );
  return {
    traces: await assemble(scope, rows.slice(0, limit)),
    ...(rows.length > limit && { next: encodeOffset(offset + limit) }),
  };
}

function condition(scope: Scope, clause: Clause) {
  if (clause.kind === 'attribute') return compare(scope.db, columns[clause.key]!, clause);
  const table = clause.kind === 'tag' ? tables.tags : tables.metadata;
  return keyed(scope.db, { table, owner: 'trace_id', of: 'trace.id' }, clause);
}
