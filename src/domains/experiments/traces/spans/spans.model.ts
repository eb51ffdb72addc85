/**
 * Values of attributes. Whole numbers are bigint and fractions are number, so that 1 and 1.0 stay apart; NaN and the
 * infinities become words, bytes base64.
 */
export type AttributeValue =
  | null
  | boolean
  | string
  | number
  | bigint
  | AttributeValue[]
  | { [key: string]: AttributeValue };
export type Attributes = { [key: string]: AttributeValue };

export type SpanStatus = 'OK' | 'ERROR' | 'UNSET';

/** A span as it comes from a program that traces itself; times are nanoseconds since 1970. */
export type NewSpan = {
  /** `tr-` and 32 hex characters. */
  traceId: string;
  /** 16 hex characters. */
  id: string;
  parentId: string | null;
  /** The parent is in another process, so this span is all that its own process has begun of the trace. */
  hasRemoteParent?: boolean;
  name: string;
  startNs: bigint;
  endNs: bigint | null;
  status: SpanStatus;
  statusMessage: string;
  attributes: Attributes;
  events: readonly { name: string; timeNs: bigint; attributes: Attributes }[];
  links: readonly { traceId: string; spanId: string; attributes: Attributes }[];
  /** What the process says of itself, such as its service's name. */
  resource: Attributes;
};

/** What is kept of a span as text, apart from its columns. */
export type SpanContent = {
  start: string;
  end?: string;
  message?: string;
  attributes: Attributes;
  events?: { name: string; time: string; attributes: Attributes }[];
  links?: { trace: string; span: string; attributes: Attributes }[];
};

export function toContent(span: NewSpan): SpanContent {
  return {
    start: String(span.startNs),
    ...(span.endNs !== null && { end: String(span.endNs) }),
    ...(span.statusMessage !== '' && { message: span.statusMessage }),
    attributes: span.attributes,
    ...(span.events.length > 0 && {
      events: span.events.map(({ name, timeNs, attributes }) => ({ name, time: String(timeNs), attributes })),
    }),
    ...(span.links.length > 0 && {
      links: span.links.map(({ traceId, spanId, attributes }) => ({
        trace: traceId,
        span: spanId,
        attributes,
      })),
    }),
  };
}

/** JSON in which a fraction always shows as one, also when it is whole: 1.0. */
export function writeContent(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return JSON.stringify(String(value));
    const text = JSON.stringify(value);
    return /[.e]/.test(text) ? text : `${text}.0`;
  }
  if (Array.isArray(value)) return `[${value.map(writeContent).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([key, item]) => `${JSON.stringify(key)}:${writeContent(item)}`,
    );
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
}

/** What plain JSON would get wrong: 1.0 for 1, exponents, digits that a double does not hold. */
const needsCare = /\.0[,\]}]|\de|\d{16}/i;

/** Reads content back with whole numbers and fractions apart. */
export function readContent(text: string): SpanContent {
  const careful = needsCare.test(text);
  const revive = (_key: string, value: unknown, context?: { source?: string }) => {
    if (typeof value !== 'number') return value;
    const isWhole = careful ? /^-?\d+$/.test(context?.source ?? '') : Number.isInteger(value);
    return isWhole ? BigInt(careful ? context!.source! : value) : value;
  };
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown) as SpanContent;
}

/** Content for pages and programs that read JSON: numbers as doubles. */
export const readPlainContent = (text: string) => JSON.parse(text) as SpanContent;

/** Text that every database takes: no NUL, no half surrogates. */
export const cleanText = (text: string) => text.toWellFormed().replaceAll('\u0000', '');
