import type { TraceHeaders } from '../tracing/trace-context.ts';

/** The head of an HTTP/1.1 POST in its plainest form. */
export type RequestHead = {
  path: string;
  /** By lower-case name. */
  headers: Readonly<Record<string, string>>;
  /** Bytes of the body. */
  length: number;
};

const requestLine = /^POST (\/[\w.~!$&'()*+,;=:@/-]*) HTTP\/1\.1$/;
const headerLine = /^([\w!#$%&'*+.^`|~-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;

/** Headers that change how a request is framed, who sent it or how it is answered. */
const unusual = new Set([
  'transfer-encoding',
  'content-encoding',
  'expect',
  'upgrade',
  'te',
  'trailer',
  'proxy-connection',
  'http2-settings',
  'origin',
  'cookie',
]);

/**
 * Reads the head of a request, up to and without its blank line; undefined for everything that is not plain: other
 * methods and versions, escapes and queries in the path, repeated or folded headers, bodies without a length, and
 * headers that change the framing. Strict on purpose: what is not understood to the last byte belongs to the full
 * parser.
 */
export function readPlainHead(text: string): RequestHead | undefined {
  const lines = text.split('\r\n');
  const path = requestLine.exec(lines[0])?.[1];
  if (path === undefined) return undefined;
  const headers: Record<string, string> = Object.create(null);
  for (let i = 1; i < lines.length; i++) {
    const [, name, value] = headerLine.exec(lines[i]) ?? [];
    if (name === undefined) return undefined;
    const key = name.toLowerCase();
    if (unusual.has(key) || headers[key] !== undefined) return undefined;
    headers[key] = value.trimEnd();
  }
  const { connection, 'content-length': length = '' } = headers;
  if (headers.host === undefined || !/^\d{1,9}$/.test(length)) return undefined;
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return undefined;
  return { path, headers, length: Number(length) };
}

const traceLine = /\r\n(traceparent|tracestate|baggage):[ \t]*([\t\x20-\x7e]*)(?=\r\n|$)/gi;

/** The header as nearly every client sends it, and the length of its value in version 00. */
const usualHead = '\r\ntraceparent: ';
const usualLength = 55;
const mayHold = /\r\n(?:trace|baggage)/i;

/**
 * Takes the headers that carry a caller's trace out of a head: what is left is the same for all its requests.
 * Undefined when there are none. A second `traceparent` makes both worthless; several lists of `tracestate` are one.
 */
export function takeTraceHeaders(text: string): { rest: string; trace: TraceHeaders } | undefined {
  const at = text.indexOf(usualHead);
  if (at < 0 && !mayHold.test(text)) return undefined;
  const end = at + usualHead.length + usualLength;
  if (at >= 0 && (end === text.length || text.startsWith('\r\n', end))) {
    const rest = text.slice(0, at) + text.slice(end);
    if (!mayHold.test(rest)) return { rest, trace: { traceparent: text.slice(at + usualHead.length, end) } };
  }
  const found: Record<string, string[]> = {};
  const rest = text.replace(traceLine, (_line, name: string, value: string) => {
    const key = name.toLowerCase();
    found[key] = [...(found[key] ?? []), value.trimEnd()];
    return '';
  });
  if (rest.length === text.length) return undefined;
  const { traceparent, tracestate } = found;
  return {
    rest,
    trace: {
      ...(traceparent?.length === 1 && { traceparent: traceparent[0] }),
      ...(tracestate && { tracestate: tracestate.join(',') }),
    },
  };
}
