import {
  type Attributes,
  type AttributeValue,
  cleanText,
  type NewSpan,
} from '../../domains/experiments/index.ts';
import { OtlpError } from './errors.ts';

/** Fields of a message as they come: from protobuf (bytes, Long) or from JSON (hex and decimal texts). */
type Message = Readonly<Record<string, unknown>>;

const deepest = 64;
const longestName = 4096;

/** Why a span is not kept; outside of spans, why the whole export is not. */
class Rejection extends OtlpError {
  constructor(why: string) {
    super(400, why);
  }
}

/**
 * Spans of an export. What is wrong with one span (its ids, times, or values nested too deep) rejects that span alone
 * and is told in the reply.
 */
export function readSpans(request: Message): { spans: NewSpan[]; rejected: number; why: string } {
  const spans: NewSpan[] = [];
  let rejected = 0;
  let why = '';
  for (const group of list(request.resourceSpans)) {
    const resource = attempt(() => attributes(object(group.resource).attributes));
    for (const scope of list(group.scopeSpans)) {
      for (const span of list(scope.spans)) {
        const read = attempt(() => readSpan(span, resource instanceof Rejection ? {} : resource));
        if (!(read instanceof Rejection)) spans.push(read);
        else {
          rejected++;
          why ||= read.message;
        }
      }
    }
  }
  return { spans, rejected, why };
}

function attempt<T>(read: () => T): T | Rejection {
  try {
    return read();
  } catch (error) {
    if (error instanceof Rejection) return error;
    throw error;
  }
}

/** What a process calls itself, as far as the export says. */
export function serviceName(request: Message): string | undefined {
  for (const group of list(request.resourceSpans)) {
    for (const pair of list(object(group.resource).attributes)) {
      const { stringValue } = object(pair.value);
      if (pair.key === 'service.name' && typeof stringValue === 'string') return stringValue;
    }
  }
  return undefined;
}

function readSpan(span: Message, resource: Attributes): NewSpan {
  const traceId = id(span.traceId, 16, 'trace_id');
  const startNs = time(span.startTimeUnixNano, 'start_time_unix_nano');
  const endNs = time(span.endTimeUnixNano, 'end_time_unix_nano');
  const status = object(span.status);
  return {
    traceId: `tr-${traceId}`,
    id: id(span.spanId, 8, 'span_id'),
    hasRemoteParent: isRemote(span.flags),
    parentId: isEmpty(span.parentSpanId) ? null : id(span.parentSpanId, 8, 'parent_span_id'),
    name: text(span.name).slice(0, longestName).toWellFormed(),
    startNs,
    endNs: endNs === 0n ? null : endNs,
    status: statusOf(status.code),
    statusMessage: text(status.message),
    attributes: attributes(span.attributes),
    events: list(span.events).map((event) => ({
      name: text(event.name),
      timeNs: time(event.timeUnixNano, 'time_unix_nano'),
      attributes: attributes(event.attributes),
    })),
    links: list(span.links).map((link) => ({
      traceId: `tr-${id(link.traceId, 16, 'link.trace_id')}`,
      spanId: id(link.spanId, 8, 'link.span_id'),
      attributes: attributes(link.attributes),
    })),
    resource,
  };
}

/** Bit 9 of the flags says that the parent is in another process. */
const isRemote = (flags: unknown) => typeof flags === 'number' && (flags & 0x200) !== 0;

const statusOf = (code: unknown): NewSpan['status'] =>
  code === 1 || code === '1' || code === 'STATUS_CODE_OK'
    ? 'OK'
    : code === 2 || code === '2' || code === 'STATUS_CODE_ERROR'
      ? 'ERROR'
      : 'UNSET';

function object(value: unknown): Message {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object') throw new Rejection('A field that is a message holds something else.');
  return value as Message;
}

function list(value: unknown): Message[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Rejection('A field that is a list holds something else.');
  return value.map(object);
}

const isEmpty = (value: unknown) =>
  value === undefined || value === null || (value as { length?: number }).length === 0;

/** An id in lower-case hex; OpenTelemetry calls one that is all zero invalid. */
function id(value: unknown, bytes: number, field: string): string {
  const hex =
    value instanceof Uint8Array
      ? Buffer.from(value).toString('hex')
      : typeof value === 'string' && /^[0-9a-f]*$/i.test(value)
        ? value.toLowerCase()
        : '';
  if (hex.length === bytes * 2 && /[^0]/.test(hex)) return hex;
  throw new Rejection(`${field} is not ${bytes} bytes other than zero.`);
}

/** Up to the year 2255, which microseconds in a double still reach. */
const latest = 9_007_199_254_740_991_000n;

function time(value: unknown, field: string): bigint {
  const read = whole(value ?? 0);
  if (read !== undefined && read >= 0n && read <= latest) return read;
  throw new Rejection(`${field} is no time in nanoseconds since 1970.`);
}

function whole(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  if (typeof value === 'string') return /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
  const long = value as { low?: unknown; high?: unknown; toString(): string };
  return typeof long.low === 'number' && typeof long.high === 'number' ? BigInt(long.toString()) : undefined;
}

const text = (value: unknown): string => (typeof value === 'string' ? cleanText(value) : '');

function attributes(pairs: unknown, depth = 0): Attributes {
  const read: [string, AttributeValue][] = [];
  for (const pair of list(pairs)) {
    const key = text(pair.key);
    if (key !== '' && key !== '__proto__') read.push([key, anyValue(object(pair.value), depth)]);
  }
  return Object.fromEntries(read);
}

function anyValue(value: Message, depth: number): AttributeValue {
  if (depth > deepest) throw new Rejection(`A value is nested deeper than ${deepest} levels.`);
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = own(value);
  if (typeof stringValue === 'string') return cleanText(stringValue);
  if (typeof boolValue === 'boolean') return boolValue;
  if (intValue !== undefined) {
    const read = whole(intValue);
    if (read === undefined) throw new Rejection('An int_value is not a whole number.');
    return read;
  }
  if (doubleValue !== undefined) {
    if (typeof doubleValue === 'number') return doubleValue;
    return /^(?:NaN|-?Infinity)$/.test(String(doubleValue)) ? String(doubleValue) : Number(doubleValue);
  }
  if (arrayValue !== undefined) return list(object(arrayValue).values).map((one) => anyValue(one, depth + 1));
  if (kvlistValue !== undefined) return attributes(object(kvlistValue).values, depth + 1);
  if (bytesValue instanceof Uint8Array) return Buffer.from(bytesValue).toString('base64');
  return typeof bytesValue === 'string' ? cleanText(bytesValue) : null;
}

/** The fields that are set; decoded messages carry defaults of the others on their prototype. */
const own = (value: Message): Message => ({ ...value });
