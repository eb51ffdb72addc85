import type { AttributeValue, NewSpan, TrackingDoor } from '../../../domains/experiments/index.ts';
import type { ServingDoor } from '../../../domains/serving/index.ts';
import { HoustonError } from '../../../platform/errors.ts';
import type { Platform } from '../../../platform/platform.ts';
import type { Scope } from '../../../platform/scope.ts';
import type { LocalTrace, Span } from '../../../platform/tracing/span.ts';
import type { TraceSink } from '../../../platform/tracing/tracer.ts';
import type { Resource } from './encode.ts';

export type OwnTraces = {
  readonly sink: TraceSink;
  readonly counts: Readonly<{ kept: number; dropped: number }>;
  /** Writes what waits. */
  flush(): Promise<void>;
  close(): Promise<void>;
};

/** Where traces of serving are found in the pages. */
const servingExperiment = 'houston-serving';
/** Traces kept in a second, and at once after a pause: the pages are for looking, a collector for counting. */
const perSecond = 10;
const mostWaiting = 200;
/** Traces that stay. */
const mostKept = 20_000;
const everyMs = 250;
/** Traces of one write, which takes the event loop a millisecond or two. */
const atOnce = 4;
const trimMs = 60_000;

/**
 * Keeps traces of this server's own requests where its pages show traces, a few a second. In a trace that its caller
 * reports here too, the spans of both are one picture.
 */
export function createOwnTraces(
  platform: Platform,
  domains: { tracking: TrackingDoor; serving: ServingDoor },
  resource: Resource,
): OwnTraces {
  const { tracking, serving } = domains;
  const waiting: LocalTrace[] = [];
  const counts = { kept: 0, dropped: 0 };
  let allowance = mostWaiting;
  let refilledAt = 0;
  let keptSinceTrim = 0;
  let writing: Promise<void> | undefined;
  let experiment: number | undefined;
  let isTroubled = false;
  const scope = platform.systemScope('system:tracing');

  const write = async () => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, atOnce);
      const spans = batch.flatMap((trace) => trace.spans.map((span) => toNewSpan(span, resource)));
      experiment ??= await ownExperiment(scope, tracking);
      await tracking.recordSpans(scope, spans, { experimentId: experiment });
      await serving.keepPredictionTraces(scope, batch.flatMap(predictionOf));
      isTroubled = false;
      counts.kept += batch.length;
      keptSinceTrim += batch.length;
      await new Promise(setImmediate);
    }
  };
  const flush = () => {
    writing ??= write()
      .catch((error: unknown) => {
        experiment = undefined;
        if (!isTroubled) platform.log.warn('traces of serving could not be kept', { error: String(error) });
        isTroubled = true;
      })
      .finally(() => {
        writing = undefined;
      });
    return writing;
  };
  const trim = async () => {
    if (keptSinceTrim === 0 || experiment === undefined) return;
    keptSinceTrim = 0;
    await tracking.keepNewestTraces(scope, experiment, mostKept);
    await serving.trimPredictionTraces(scope, mostKept);
  };
  const timers = [
    setInterval(() => void flush(), everyMs).unref(),
    setInterval(() => {
      trim().catch((error: unknown) =>
        platform.log.warn('old traces of serving could not be removed', { error: String(error) }),
      );
    }, trimMs).unref(),
  ];

  return {
    counts,
    flush,
    sink(trace) {
      const now = trace.startMs;
      allowance = Math.min(mostWaiting, allowance + ((now - refilledAt) / 1000) * perSecond);
      refilledAt = now;
      if (allowance < 1 || waiting.length >= mostWaiting) {
        counts.dropped++;
        return;
      }
      allowance--;
      waiting.push(trace);
    },
    async close() {
      for (const timer of timers) clearInterval(timer);
      await flush();
      await flush();
    },
  };
}

/** The experiment of these traces, made when the first one comes; the default one when a person has deleted it. */
async function ownExperiment(scope: Scope, tracking: TrackingDoor): Promise<number> {
  try {
    return await tracking.createExperiment(scope, { name: servingExperiment });
  } catch (error) {
    if (!(error instanceof HoustonError)) throw error;
    const { id, stage } = await tracking.getExperimentByName(scope, servingExperiment);
    if (stage === 'active') return id;
    await tracking.ensureDefaultExperiment(scope);
    return 0;
  }
}

function predictionOf({ id, spans, wallMs }: LocalTrace) {
  const { 'houston.prediction.id': prediction } = spans[0].attributes;
  return typeof prediction === 'string' && prediction.length <= 300
    ? [{ prediction_id: prediction, trace_id: `tr-${id}`, at: Math.round(wallMs) }]
    : [];
}

function toNewSpan(span: Span, resource: Resource): NewSpan {
  const { trace, id, parentId, name, kind, startMs, endMs, failure, attributes } = span;
  const values = Object.entries(attributes).map(([key, value]): [string, AttributeValue] => [
    key,
    typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value,
  ]);
  return {
    traceId: `tr-${trace.id}`,
    id,
    parentId,
    hasRemoteParent: span.hasRemoteParent,
    name,
    startNs: span.wallNs(startMs),
    endNs: span.wallNs(endMs ?? startMs),
    status: failure === null ? 'UNSET' : 'ERROR',
    statusMessage: failure ?? '',
    attributes: { ...Object.fromEntries(values), 'span.kind': kind },
    events: [],
    links: [],
    resource,
  };
}
