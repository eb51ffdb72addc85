/** Where a request stands in its caller's trace, as W3C Trace Context carries it. */
export type TraceContext = {
  /** 32 hex characters. */
  readonly traceId: string;
  /** The caller's span: 16 hex characters. */
  readonly spanId: string;
  /** Eight bits: 1 sampled, 2 the trace's id is random. */
  readonly flags: number;
  /** `tracestate` as it came, to be handed on; empty when there is none. */
  readonly state: string;
};

/** The two headers (or entries of gRPC's metadata) as they came. */
export type TraceHeaders = {
  readonly [name: string]: unknown;
  readonly traceparent?: unknown;
  readonly tracestate?: unknown;
};

export const sampledFlag = 1;
const knownFlags = 3;
const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const mostStateLength = 512;
const mostStateMembers = 32;
const stateMember =
  /^[a-z0-9][a-z0-9_*/-]{0,255}(?:@[a-z0-9_*/-]{1,14})?=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * The context that a caller has sent, or undefined when it sent none or not a valid one: the request then begins a
 * trace of its own. Later versions of the header are read as far as they are known.
 * https://www.w3.org/TR/trace-context-2/
 */
export function readTraceContext({ traceparent, tracestate }: TraceHeaders): TraceContext | undefined {
  if (typeof traceparent !== 'string') return undefined;
  const [, version, traceId, spanId, flags, more] = form.exec(traceparent.trim()) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) & knownFlags, state: readState(tracestate) };
}

/** A list that is not valid is left out as a whole; the trace goes on without it. */
function readState(header: unknown): string {
  const text = Array.isArray(header) ? header.join(',') : header;
  if (typeof text !== 'string' || text === '' || text.length > mostStateLength) return '';
  const members = text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  const keys = new Set(members.map((one) => one.slice(0, one.indexOf('='))));
  const isValid =
    members.length <= mostStateMembers &&
    keys.size === members.length &&
    members.every((one) => stateMember.test(one));
  return isValid ? members.join(',') : '';
}

/** The header that tells the next server where it stands. */
export function writeTraceparent(traceId: string, spanId: string, flags: number): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
}
