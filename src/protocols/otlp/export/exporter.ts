import type { Logger } from '../../../platform/log.ts';
import type { LocalTrace } from '../../../platform/tracing/span.ts';
import type { TraceSink } from '../../../platform/tracing/tracer.ts';
import type { TracingConfig } from '../../../platform/tracing/tracing.config.ts';
import { mediaTypes, readRejected } from '../messages.ts';
import { encodeTraces, type Resource } from './encode.ts';

export type ExportCounts = {
  /** Spans that the collector has taken. */
  exported: number;
  /** Spans that did not fit into the queue, or that the collector did not take. */
  dropped: number;
  /** Exports that were tried again. */
  retries: number;
};

export type TraceExporter = {
  readonly sink: TraceSink;
  readonly counts: Readonly<ExportCounts>;
  /** Spans that wait. */
  queued(): number;
  /** Sends what waits, once and for a moment only, and stops. */
  close(): Promise<void>;
};

/** Spans that may wait; what comes beyond is dropped and counted, for replies never wait for a collector. */
const mostQueued = 8192;
/** Spans of one export: few enough that writing them takes about a millisecond. */
const mostAtOnce = 256;
const everyMs = 1000;
const timeoutMs = 10_000;
const closingMs = 2000;
const mostTries = 6;
const firstPauseMs = 500;
const longestPauseMs = 30_000;
const worthAnother = new Set([429, 502, 503, 504]);

type Options = { config: TracingConfig & { endpoint: string }; resource: Resource; log: Logger };

/** Sends traces to an OpenTelemetry collector over OTLP/HTTP: in batches, behind a bounded queue, with retries. */
export function createTraceExporter({ config, resource, log }: Options): TraceExporter {
  const { endpoint, headers, protocol } = config;
  const queue: LocalTrace[] = [];
  const counts: ExportCounts = { exported: 0, dropped: 0, retries: 0 };
  const stopping = new AbortController();
  let queued = 0;
  let sending: Promise<void> | undefined;
  let isTroubled = false;

  const drop = (spans: number, why: string) => {
    counts.dropped += spans;
    if (isTroubled) return;
    isTroubled = true;
    log.warn('traces are lost: the collector does not take them', { endpoint, why });
  };
  /** Pauses; ends at once when the server stops. */
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      stopping.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  const post = async (body: Buffer, wait: number) => {
    const response = await fetch(endpoint, {
      method: 'POST',
      redirect: 'error',
      headers: { ...headers, 'content-type': mediaTypes[protocol] },
      body: new Uint8Array(body),
      signal: AbortSignal.timeout(wait),
    });
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      body: await response.bytes(),
    };
  };
  const deliver = async (traces: readonly LocalTrace[], spans: number): Promise<void> => {
    const body = encodeTraces(protocol, traces, resource);
    for (let tries = 1; ; tries++) {
      let wait = Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1)) * (0.75 + Math.random() / 2);
      let why = 'it cannot be reached';
      try {
        const {
          status,
          retryAfter,
          body: reply,
        } = await post(body, stopping.signal.aborted ? closingMs : timeoutMs);
        if (status >= 200 && status < 300) {
          const rejected = Math.min(spans, readRejected(protocol, Buffer.from(reply)));
          counts.exported += spans - rejected;
          if (rejected > 0) drop(rejected, 'it refused spans');
          else isTroubled = false;
          return;
        }
        why = `it answered ${status}`;
        if (!worthAnother.has(status)) return drop(spans, why);
        if (retryAfter !== null && /^\d{1,4}$/.test(retryAfter))
          wait = Math.min(longestPauseMs, Number(retryAfter) * 1000);
      } catch (error) {
        if (error instanceof Error && error.name === 'TimeoutError') why = 'it did not answer in time';
      }
      if (tries >= mostTries || stopping.signal.aborted) return drop(spans, why);
      counts.retries++;
      await pause(wait);
    }
  };
  const sendAll = async () => {
    while (queue.length > 0) {
      const batch: LocalTrace[] = [];
      let spans = 0;
      while (queue.length > 0 && (batch.length === 0 || spans + queue[0].spans.length <= mostAtOnce)) {
        const trace = queue.shift() as LocalTrace;
        spans += trace.spans.length;
        batch.push(trace);
      }
      queued -= spans;
      await deliver(batch, spans);
    }
  };
  const send = () => {
    sending ??= sendAll()
      .catch((error: unknown) => log.error('an export of traces failed', { error: String(error) }))
      .finally(() => {
        sending = undefined;
      });
    return sending;
  };
  const timer = setInterval(() => void send(), everyMs).unref();

  return {
    counts,
    queued: () => queued,
    sink(trace) {
      const { length } = trace.spans;
      if (queued + length > mostQueued || stopping.signal.aborted) {
        drop(length, 'its queue is full');
        return;
      }
      queued += length;
      queue.push(trace);
      if (queued >= mostAtOnce && !sending) void send();
    },
    async close() {
      clearInterval(timer);
      stopping.abort();
      await send();
      await send();
    },
  };
}
