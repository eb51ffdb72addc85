import { authorise, type Scope, transact } from '../../../../platform/scope.ts';
import { experimentsError } from '../../experiments.contract.ts';
import type { ExperimentRow, TraceRow } from '../../experiments.tables.ts';
import { findRun } from '../../runs.store.ts';
import { activeExperiment } from '../../tracking/experiments.service.ts';
import { experimentLocation } from '../../tracking/tracking.model.ts';
import { pairRows, TAG } from '../traces.model.ts';
import { metadataOf, type ToldSpan, tagsOf, traceOfSpans, withSpans } from './conclusions.model.ts';
import { meaningOf } from './meaning.model.ts';
import { type NewSpan, toContent, writeContent } from './spans.model.ts';
import * as store from './spans.store.ts';
import { sumUsage, usageMetadata } from './usage.model.ts';

/**
 * Keeps spans, in whatever order and in however many pieces they come; a span that comes again takes its own place.
 * The first span of a trace makes the trace, in the given experiment; what a client reports of the whole trace,
 * before or after, stands above what its spans say.
 * @throws experiments.experiment.not_found, experiments.experiment.deleted, experiments.run.not_found
 */
export async function recordSpans(
  scope: Scope,
  spans: readonly NewSpan[],
  where: { experimentId: number; runId?: string | undefined },
): Promise<void> {
  authorise(scope, 'experiments.write');
  if (spans.length === 0) return;
  const traces = byTrace(spans);
  const ids = [...traces.keys()].sort();
  await transact(scope, async (tx) => {
    const { db } = tx;
    const experiment = await activeExperiment(tx, where.experimentId);
    if (where.runId !== undefined && !(await findRun(db, where.runId))) {
      throw experimentsError('experiments.run.not_found', 'There is no run with this id.');
    }
    await store.addTraces(
      db,
      ids.map((id) => traceOfSpans(id, experiment.id, traces.get(id)!)),
    );
    const before = await store.lockTraces(db, ids);
    const distinct = [...traces.values()].flat().map(({ span }) => span);
    const known = await store.countKnownSpans(db, distinct);
    const after = before.map((row) => {
      const told = traces.get(row.id)!;
      return withSpans(row, told, told.length - (known.get(row.id) ?? 0));
    });
    await store.upsertSpans(
      db,
      after.flatMap((row) => traces.get(row.id)!.map((told) => toRow(row, told))),
    );
    await keepUsage(tx, after, traces);
    await store.upsertTraces(db, after);
    await keepPairs(tx, experiment, traces);
    if (where.runId !== undefined) {
      const whole = ids.filter((id) => traces.get(id)!.some(({ span }) => span.parentId === null));
      await store.addLinks(
        db,
        'run',
        whole.map((trace_id) => ({ trace_id, target: where.runId! })),
      );
    }
  });
}

/** Spans by trace, each once, ordered by id: rows of concurrent callers take their locks in one order. */
function byTrace(spans: readonly NewSpan[]): Map<string, ToldSpan[]> {
  const distinct = new Map(spans.map((span) => [`${span.traceId} ${span.id}`, span]));
  const traces = new Map<string, ToldSpan[]>();
  for (const key of [...distinct.keys()].sort()) {
    const span = distinct.get(key)!;
    const told = { span, meaning: meaningOf(span.attributes) };
    const others = traces.get(span.traceId);
    if (others) others.push(told);
    else traces.set(span.traceId, [told]);
  }
  return traces;
}

const microseconds = (ns: bigint) => Number(ns / 1000n);

function toRow(trace: TraceRow, { span, meaning }: ToldSpan): store.SpanRow {
  return {
    trace_id: trace.id,
    id: span.id,
    parent_id: span.parentId,
    experiment_id: trace.experiment_id,
    name: span.name,
    type: meaning.type,
    status: span.status,
    started_us: microseconds(span.startNs),
    ended_us: span.endNs === null ? null : microseconds(span.endNs),
    model: meaning.model,
    provider: meaning.provider,
    ...meaning.usage,
    content: writeContent(toContent(span)),
  };
}

/** Adds tokens and cost up over all spans of the traces whose client did not report them. */
async function keepUsage(tx: Scope, rows: TraceRow[], traces: ReadonlyMap<string, ToldSpan[]>) {
  const metadata = [];
  for (const row of rows) {
    const isTold = traces
      .get(row.id)!
      .some(({ meaning }) => Object.values(meaning.usage).some((value) => value !== null));
    if (!isTold || row.reported === 2) continue;
    const usage = sumUsage(await store.usageNodes(tx.db, row.id));
    Object.assign(row, usage);
    metadata.push(...pairRows(row.id, usageMetadata(usage)));
  }
  await store.putPairs(tx.db, 'experiments_trace_metadata', metadata);
}

async function keepPairs(
  tx: Scope,
  experiment: ExperimentRow,
  traces: ReadonlyMap<string, ToldSpan[]>,
): Promise<void> {
  const root = experimentLocation(experiment.id, experiment.artifact_location);
  const tags = [];
  const metadata = [];
  for (const [id, told] of traces) {
    const place = { [TAG.artifactLocation]: `${root}/traces/${id}/artifacts` };
    tags.push(...pairRows(id, { ...tagsOf(told), ...place }));
    metadata.push(...pairRows(id, metadataOf(told)));
  }
  const stored = [...traces.keys()].flatMap((id) => pairRows(id, { [TAG.spansLocation]: 'TRACKING_STORE' }));
  await store.putPairs(tx.db, 'experiments_trace_tags', stored);
  await store.putPairs(tx.db, 'experiments_trace_tags', tags, true);
  await store.putPairs(tx.db, 'experiments_trace_metadata', metadata, true);
}

/** All spans of traces that are in the store, by trace: roots first, then by start. */
export async function spansOf(
  scope: Scope,
  traceIds: readonly string[],
): Promise<Map<string, store.SpanRow[]>> {
  return Map.groupBy(await store.wholeSpans(scope.db, traceIds), ({ trace_id }) => trace_id);
}
