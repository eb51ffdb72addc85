import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { type TraceContext, writeTraceparent } from './trace-context.ts';

export type SpanKind = 'internal' | 'server' | 'client';
export type SpanAttributes = Record<string, string | number | boolean>;

/** What this server has done of one trace, from its first span to its last. */
export type LocalTrace = {
  readonly id: string;
  readonly state: string;
  readonly flags: number;
  /** In the order of their starts; the first one is the request. */
  readonly spans: Span[];
  /** Wall clock and monotonic clock at the start, in milliseconds. */
  readonly wallMs: number;
  readonly startMs: number;
  readonly onEnd: (trace: LocalTrace) => void;
};

/** Starts what this server does of a trace: the caller's, or one of its own. */
export function beginTrace(
  name: string,
  kind: SpanKind,
  options: { caller?: TraceContext | undefined; onEnd: (trace: LocalTrace) => void; flags: number },
): Span {
  const { caller, onEnd, flags } = options;
  const startMs = performance.now();
  const trace: LocalTrace = {
    id: caller?.traceId ?? randomBytes(16).toString('hex'),
    state: caller?.state ?? '',
    flags,
    spans: [],
    wallMs: Date.now(),
    startMs,
    onEnd,
  };
  const span = new Span(trace, name, kind, caller?.spanId ?? null, startMs);
  span.hasRemoteParent = caller !== undefined;
  return span;
}

/** A piece of work within a trace. Times are of the monotonic clock, in milliseconds. */
export class Span {
  readonly trace: LocalTrace;
  readonly id: string;
  readonly parentId: string | null;
  readonly kind: SpanKind;
  readonly startMs: number;
  name: string;
  endMs: number | null = null;
  hasRemoteParent = false;
  /** Why it failed. */
  failure: string | null = null;
  readonly attributes: SpanAttributes = {};

  constructor(trace: LocalTrace, name: string, kind: SpanKind, parentId: string | null, startMs: number) {
    this.trace = trace;
    this.id = randomBytes(8).toString('hex');
    this.parentId = parentId;
    this.name = name;
    this.kind = kind;
    this.startMs = startMs;
    trace.spans.push(this);
  }

  /** Begins a piece of this one. */
  child(name: string, kind: SpanKind = 'internal', startMs = performance.now()): Span {
    return new Span(this.trace, name, kind, this.id, startMs);
  }

  set(attributes: SpanAttributes): this {
    Object.assign(this.attributes, attributes);
    return this;
  }

  fail(reason: string, type?: string): this {
    this.failure = reason;
    if (type !== undefined) this.attributes['error.type'] = type;
    return this;
  }

  /** The first span ends the trace; pieces that are still open end with it. */
  end(endMs = performance.now()): void {
    if (this.endMs !== null) return;
    this.endMs = endMs;
    const { trace } = this;
    if (trace.spans[0] !== this) return;
    for (const span of trace.spans) span.endMs ??= endMs;
    trace.onEnd(trace);
  }

  /** Ends without a word: nobody hears of the trace. */
  drop(): void {
    this.endMs = performance.now();
  }

  /** Headers that hand the trace on to the next server. */
  headers(): Record<string, string> {
    const { id, state, flags } = this.trace;
    const traceparent = writeTraceparent(id, this.id, flags);
    return state === '' ? { traceparent } : { traceparent, tracestate: state };
  }

  /** Nanoseconds since 1970 of a moment within the trace. */
  wallNs(ms: number): bigint {
    const { wallMs, startMs } = this.trace;
    return BigInt(Math.round((wallMs + ms - startMs) * 1000)) * 1000n;
  }
}
