import type { LocalTrace, Span, SpanAttributes } from '../../../platform/tracing/span.ts';
import { type Encoding, encodeRequest } from '../messages.ts';

const kinds = { internal: 1, server: 2, client: 3 } as const;
const failed = 2;
/** Bits of a span's flags that say whether its parent is in another process. */
const hasRemote = { known: 0x100, yes: 0x200 };

/** What the process says of itself in every export. */
export type Resource = Readonly<Record<string, string>>;

/** Traces as the body of one export. */
export function encodeTraces(encoding: Encoding, traces: readonly LocalTrace[], resource: Resource): Buffer {
  const bytes = encoding === 'json' ? (hex: string) => hex : (hex: string) => Buffer.from(hex, 'hex');
  return encodeRequest(encoding, {
    resourceSpans: [
      {
        resource: { attributes: pairs(resource) },
        scopeSpans: [
          {
            scope: { name: 'houston.serving', version: resource['service.version'] ?? '' },
            spans: traces.flatMap(({ spans }) => spans.map((span) => wireSpan(span, bytes))),
          },
        ],
      },
    ],
  });
}

function wireSpan(span: Span, bytes: (hex: string) => unknown) {
  const { trace, id, parentId, name, kind, startMs, endMs, failure } = span;
  const remote = span.hasRemoteParent ? hasRemote.yes : 0;
  return {
    traceId: bytes(trace.id),
    spanId: bytes(id),
    ...(trace.state !== '' && { traceState: trace.state }),
    ...(parentId !== null && { parentSpanId: bytes(parentId) }),
    name,
    kind: kinds[kind],
    startTimeUnixNano: String(span.wallNs(startMs)),
    endTimeUnixNano: String(span.wallNs(endMs ?? startMs)),
    attributes: pairs(span.attributes),
    ...(failure !== null && { status: { code: failed, message: failure } }),
    flags: trace.flags | hasRemote.known | remote,
  };
}

function pairs(attributes: SpanAttributes) {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: wireValue(value) }));
}

function wireValue(value: string | number | boolean) {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
