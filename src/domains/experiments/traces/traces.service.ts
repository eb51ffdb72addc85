import type { JsonObject } from '../../../platform/json.ts';
import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { isAnyOf } from '../bulk.store.ts';
import { experimentsError } from '../experiments.contract.ts';
import type { TraceRow } from '../experiments.tables.ts';
import { findRun } from '../runs.store.ts';
import { activeExperiment } from '../tracking/experiments.service.ts';
import { experimentLocation } from '../tracking/tracking.model.ts';
import type { NewAssessment } from './assessments/assessments.model.ts';
import { assessmentsOf, insertAssessments } from './assessments/assessments.service.ts';
import * as spans from './spans/spans.store.ts';
import { noUsage, readUsage } from './spans/usage.model.ts';
import {
  checkTagKey,
  checkTraceId,
  METADATA,
  type NewTrace,
  pairRows,
  TAG,
  type Trace,
} from './traces.model.ts';

const notFound = () => experimentsError('experiments.trace.not_found', 'There is no trace with this id.');

/**
 * Keeps what a client reports of a whole trace. It stands above what was concluded from its spans, which may be here
 * already or still come; without spans in the store they follow as an artifact at the place that a tag names.
 */
export async function recordTrace(
  scope: Scope,
  trace: NewTrace,
  assessments: readonly (NewAssessment & { id?: string })[] = [],
): Promise<Trace> {
  authorise(scope, 'experiments.write');
  checkTraceId(trace.id);
  return transact(scope, async (tx) => {
    const { db } = tx;
    const experiment = await activeExperiment(tx, trace.experimentId);
    await spans.addTraces(db, [reportedRow(trace, experiment.id)]);
    const [row] = await spans.lockTraces(db, [trace.id]);
    const usage = readUsage(trace.metadata);
    const info = { ...(JSON.parse(row!.info) as JsonObject), ...trace.info };
    await spans.upsertTraces(db, [
      {
        ...row!,
        ...reportedRow(trace, experiment.id),
        name: trace.tags[TAG.name] ?? row!.name,
        session_id: trace.metadata[METADATA.session] ?? row!.session_id,
        info: JSON.stringify(info),
        spans: row!.spans,
        ...usageOf(row!),
        ...usage,
        reported: Object.keys(usage).length > 0 ? 2 : Math.max(1, row!.reported),
      },
    ]);
    if (row!.experiment_id !== experiment.id) {
      await db
        .updateTable('experiments_spans')
        .set({ experiment_id: experiment.id })
        .where('trace_id', '=', trace.id)
        .execute();
    }
    const root = experimentLocation(experiment.id, experiment.artifact_location);
    const { [TAG.spansLocation]: _location, ...tags } = trace.tags;
    const place = { [TAG.artifactLocation]: `${root}/traces/${trace.id}/artifacts` };
    await spans.putPairs(db, 'experiments_trace_tags', pairRows(trace.id, { ...tags, ...place }));
    await spans.putPairs(db, 'experiments_trace_metadata', pairRows(trace.id, trace.metadata));
    await insertAssessments(tx, assessments);
    return getTrace(tx, trace.id);
  });
}

/** Ends a trace that was opened without its end; tags and metadata are added. @throws experiments.trace.not_found */
export async function endTrace(
  scope: Scope,
  id: string,
  end: { at: number; state: string; tags: Record<string, string>; metadata: Record<string, string> },
): Promise<Trace> {
  authorise(scope, 'experiments.write');
  return transact(scope, async (tx) => {
    const trace = await getTrace(tx, id);
    return recordTrace(tx, {
      ...trace,
      durationMs: Math.max(0, end.at - trace.requestedAt),
      state: end.state,
      tags: { ...trace.tags, ...end.tags },
      metadata: { ...trace.metadata, ...end.metadata },
    });
  });
}

function reportedRow(trace: NewTrace, experimentId: number): TraceRow {
  return {
    id: trace.id,
    experiment_id: experimentId,
    client_request_id: trace.clientRequestId,
    requested_at: trace.requestedAt,
    duration_ms: trace.durationMs,
    state: trace.state,
    info: JSON.stringify(trace.info),
    name: trace.tags[TAG.name] ?? null,
    session_id: trace.metadata[METADATA.session] ?? null,
    reported: 1,
    spans: 0,
    ...noUsage,
  };
}

const usageOf = (row: TraceRow) => ({
  input_tokens: row.input_tokens,
  output_tokens: row.output_tokens,
  total_tokens: row.total_tokens,
  cache_read_tokens: row.cache_read_tokens,
  cache_creation_tokens: row.cache_creation_tokens,
  input_cost: row.input_cost,
  output_cost: row.output_cost,
  total_cost: row.total_cost,
});

/** @throws experiments.trace.not_found */
export async function getTrace(scope: Scope, id: string): Promise<Trace> {
  const [trace] = await getTraces(scope, [id]);
  if (!trace) throw notFound();
  return trace;
}

/** Those of the traces that are there, in the order asked for; of these experiments only, when they are named. */
export async function getTraces(
  scope: Scope,
  ids: readonly string[],
  experimentIds?: readonly number[],
): Promise<Trace[]> {
  const { db } = scope;
  const distinct = [...new Set(ids)];
  const rows = await db
    .selectFrom('experiments_traces')
    .selectAll()
    .where(isAnyOf(db, 'id', distinct))
    .$if(experimentIds !== undefined, (query) =>
      query.where(isAnyOf(db, 'experiment_id', experimentIds ?? [])),
    )
    .execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  return assemble(
    scope,
    distinct.flatMap((id) => byId.get(id) ?? []),
  );
}

/** Traces of rows, with tags, metadata and assessments, in few statements. */
export async function assemble(scope: Scope, rows: readonly TraceRow[]): Promise<Trace[]> {
  const { db } = scope;
  const ids = rows.map(({ id }) => id);
  const pairs = (table: spans.PairTable) =>
    db
      .selectFrom(table)
      .selectAll()
      .where(isAnyOf(db, 'trace_id', ids))
      .execute();
  const assessments = await assessmentsOf(scope, ids);
  const traces = new Map(
    rows.map((row): [string, Trace] => [
      row.id,
      {
        id: row.id,
        experimentId: row.experiment_id,
        clientRequestId: row.client_request_id,
        requestedAt: row.requested_at,
        durationMs: row.duration_ms,
        state: row.state,
        info: JSON.parse(row.info) as JsonObject,
        tags: {},
        metadata: {},
        name: row.name,
        session: row.session_id,
        spans: row.spans,
        usage: usageOf(row),
        assessments: assessments.get(row.id) ?? [],
      },
    ]),
  );
  for (const { trace_id, key, value } of await pairs('experiments_trace_tags'))
    traces.get(trace_id)!.tags[key] = value;
  for (const { trace_id, key, value } of await pairs('experiments_trace_metadata'))
    traces.get(trace_id)!.metadata[key] = value;
  return [...traces.values()];
}

/** @throws experiments.trace.not_found, experiments.input.invalid for a tag of the server's own */
export async function setTraceTag(scope: Scope, id: string, key: string, value: string): Promise<void> {
  authorise(scope, 'experiments.write');
  checkTagKey(key);
  await transact(scope, async (tx) => {
    await getTrace(tx, id);
    await spans.putPairs(tx.db, 'experiments_trace_tags', pairRows(id, { [key]: value }));
    if (key === TAG.name)
      await tx.db.updateTable('experiments_traces').set({ name: value }).where('id', '=', id).execute();
  });
}

/** @throws experiments.trace.not_found, experiments.tag.not_found */
export async function deleteTraceTag(scope: Scope, id: string, key: string): Promise<void> {
  authorise(scope, 'experiments.write');
  checkTagKey(key);
  await transact(scope, async (tx) => {
    const { tags } = await getTrace(tx, id);
    if (!Object.hasOwn(tags, key))
      throw experimentsError('experiments.tag.not_found', 'The trace has no such tag.');
    const { db } = tx;
    await db.deleteFrom('experiments_trace_tags').where('trace_id', '=', id).where('key', '=', key).execute();
    if (key === TAG.name)
      await db.updateTable('experiments_traces').set({ name: null }).where('id', '=', id).execute();
  });
}

/** Everything that hangs on a trace, by the column that names it. */
const belongings = [
  ['experiments_trace_tags', 'trace_id'],
  ['experiments_trace_metadata', 'trace_id'],
  ['experiments_spans', 'trace_id'],
  ['experiments_assessments', 'trace_id'],
  ['experiments_trace_links', 'trace_id'],
  ['experiments_review_items', 'trace_id'],
  ['experiments_artifacts', 'run_id'],
  ['experiments_traces', 'id'],
] as const;

const atOnce = 500;

/**
 * Deletes traces of an experiment by id, or the oldest up to a time, with all that hangs on them; returns how many.
 * Many go in pieces, each whole, so that other callers get their turns.
 */
export async function deleteTraces(
  scope: Scope,
  experimentId: number,
  which: { ids: readonly string[] } | { until: number; most: number },
): Promise<number> {
  authorise(scope, 'experiments.write');
  let deleted = 0;
  const most = 'ids' in which ? which.ids.length : which.most;
  for (let from = 0; from < most; from += atOnce) {
    const limit = Math.min(atOnce, most - from);
    const some =
      'ids' in which ? { ids: which.ids.slice(from, from + atOnce) } : { until: which.until, most: limit };
    const removed = await deleteSome(scope, experimentId, some);
    deleted += removed;
    if ('until' in which && removed < limit) break;
    await new Promise(setImmediate);
  }
  return deleted;
}

const mostTrimmed = 5000;

/** Deletes traces of an experiment from the oldest on, a few thousand at a time, until at most `keep` are left. */
export async function keepNewestTraces(scope: Scope, experimentId: number, keep: number): Promise<number> {
  authorise(scope, 'experiments.write');
  const newestToGo = await scope.db
    .selectFrom('experiments_traces')
    .select('requested_at')
    .where('experiment_id', '=', experimentId)
    .orderBy('requested_at', 'desc')
    .offset(keep)
    .limit(1)
    .executeTakeFirst();
  if (!newestToGo) return 0;
  return deleteTraces(scope, experimentId, { until: newestToGo.requested_at, most: mostTrimmed });
}

async function deleteSome(
  scope: Scope,
  experimentId: number,
  which: { ids: readonly string[] } | { until: number; most: number },
): Promise<number> {
  return transact(scope, async (tx) => {
    const { db } = tx;
    let query = db.selectFrom('experiments_traces').select('id').where('experiment_id', '=', experimentId);
    query =
      'ids' in which
        ? query.where(isAnyOf(db, 'id', which.ids))
        : query.where('requested_at', '<=', which.until).orderBy('requested_at').limit(which.most);
    const ids = (await query.execute()).map(({ id }) => id);
    if (ids.length === 0) return 0;
    for (const [table, column] of belongings)
      await db
        .deleteFrom(table)
        .where(isAnyOf(db, column, ids))
        .execute();
    await record(tx, {
      type: 'experiments.traces.deleted',
      subject: `experiment:${experimentId}`,
      data: { experiment: experimentId, traces: ids.length },
    });
    return ids.length;
  });
}

/** Links traces to a run within which they belong; ids that are not there are passed over. @throws experiments.run.not_found */
export async function linkTracesToRun(scope: Scope, ids: readonly string[], runId: string): Promise<void> {
  authorise(scope, 'experiments.write');
  if (ids.length > 100) {
    throw experimentsError('experiments.input.invalid', 'One call links at most 100 traces to a run.');
  }
  await transact(scope, async (tx) => {
    if (!(await findRun(tx.db, runId)))
      throw experimentsError('experiments.run.not_found', 'There is no run with this id.');
    const there = (await getTraces(tx, ids)).map(({ id }) => id);
    await spans.addLinks(
      tx.db,
      'run',
      there.map((trace_id) => ({ trace_id, target: runId })),
    );
  });
}

/** Links a trace to versions of prompts that it used, each as `name/version`. @throws experiments.trace.not_found */
export async function linkPrompts(scope: Scope, id: string, prompts: readonly string[]): Promise<void> {
  authorise(scope, 'experiments.write');
  await transact(scope, async (tx) => {
    await getTrace(tx, id);
    await spans.addLinks(
      tx.db,
      'prompt',
      prompts.map((target) => ({ trace_id: id, target })),
    );
  });
}
