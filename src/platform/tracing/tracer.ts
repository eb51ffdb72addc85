import { beginTrace, type LocalTrace, type Span, type SpanKind } from './span.ts';
import {
  readTraceContext,
  sampledFlag,
  type TraceContext,
  type TraceHeaders,
  writeTraceparent,
} from './trace-context.ts';

/** A request within a trace: one that is recorded, or one whose caller's context is only handed on. */
export type RequestTrace = {
  /** Null for what is not recorded. */
  readonly span: Span | null;
  /** Headers for a server that is asked on the request's behalf. */
  headers(): Record<string, string>;
};

/** Takes a trace when this server's part of it is over. Must not throw, and not hold the caller up. */
export type TraceSink = (trace: LocalTrace) => void;

export type Tracer = {
  /** True when no request is recorded, whatever its caller says. */
  readonly isOff: boolean;
  readonly counts: { recorded: number };
  /**
   * Decides about one request: the caller's sampled flag counts, and for requests without a trace the share that the
   * operator has set. Undefined for those that are not recorded and have nothing to hand on.
   */
  begin(name: string, kind: SpanKind, headers: TraceHeaders | undefined): RequestTrace | undefined;
  addSink(sink: TraceSink): void;
};

/** Makes the tracer of a process; `sample` is the share of requests without a trace, null turns it off. */
export function createTracer(sample: number | null, random: () => number = Math.random): Tracer {
  const sinks: TraceSink[] = [];
  const counts = { recorded: 0 };
  const ratio = sample ?? 0;
  const onEnd = (trace: LocalTrace) => {
    counts.recorded++;
    for (const sink of sinks) sink(trace);
  };
  const record = (name: string, kind: SpanKind, caller: TraceContext | undefined): RequestTrace => {
    return traceOf(beginTrace(name, kind, { caller, onEnd, flags: caller?.flags ?? sampledFlag }));
  };
  return {
    isOff: sample === null,
    counts,
    begin(name, kind, headers) {
      const caller = headers?.traceparent === undefined ? undefined : readTraceContext(headers);
      if (caller === undefined) {
        return ratio > 0 && random() < ratio ? record(name, kind, undefined) : undefined;
      }
      if (sample === null || (caller.flags & sampledFlag) === 0) return passing(caller);
      return record(name, kind, caller);
    },
    addSink: (sink) => void sinks.push(sink),
  };
}

/** What a span is for those that go on within it. */
export function traceOf(span: Span): RequestTrace {
  return { span, headers: () => span.headers() };
}

/** A trace that this server does not record, but that others may. */
function passing({ traceId, spanId, flags, state }: TraceContext): RequestTrace {
  return {
    span: null,
    headers: () => ({
      traceparent: writeTraceparent(traceId, spanId, flags),
      ...(state !== '' && { tracestate: state }),
    }),
  };
}
