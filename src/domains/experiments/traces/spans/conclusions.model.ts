import type { JsonObject } from '../../../../platform/json.ts';
import type { TraceRow } from '../../experiments.tables.ts';
import { cutValue, fitsKey, METADATA, TAG } from '../traces.model.ts';
import type { Meaning } from './meaning.model.ts';
import { preview } from './preview.model.ts';
import { type AttributeValue, type NewSpan, writeContent } from './spans.model.ts';
import { noUsage } from './usage.model.ts';

/** A span and what its attributes mean. */
export type ToldSpan = { span: NewSpan; meaning: Meaning };

const milliseconds = (ns: bigint) => Number(ns / 1_000_000n);

function timesOf(told: readonly ToldSpan[]): { start: number; end: number | null } {
  let start = told[0]!.span.startNs;
  let end: bigint | null = null;
  for (const { span } of told) {
    if (span.startNs < start) start = span.startNs;
    if (span.endNs !== null && (end === null || span.endNs > end)) end = span.endNs;
  }
  return { start: milliseconds(start), end: end === null ? null : milliseconds(end) };
}

/** The row of a trace of which only spans are known. */
export function traceOfSpans(id: string, experimentId: number, told: readonly ToldSpan[]): TraceRow {
  const { start, end } = timesOf(told);
  return {
    id,
    experiment_id: experimentId,
    client_request_id: null,
    requested_at: start,
    duration_ms: end === null ? null : Math.max(0, end - start),
    state: 'IN_PROGRESS',
    info: '{}',
    name: null,
    session_id: null,
    reported: 0,
    spans: 0,
    ...noUsage,
  };
}

/** The row of a trace once more of its spans are known; what its client reported stands. */
export function withSpans(row: TraceRow, told: readonly ToldSpan[], added: number): TraceRow {
  const root = told.find(({ span }) => span.parentId === null);
  const next: TraceRow = {
    ...row,
    spans: row.spans + added,
    session_id:
      row.session_id ?? told.find(({ meaning }) => meaning.session !== null)?.meaning.session ?? null,
  };
  if (row.reported === 0) Object.assign(next, widerTimes(row, told));
  if (!root) return withEntry(next, told);
  const { span, meaning } = root;
  next.name =
    (row.reported > 0 ? row.name : null) ??
    (text(span.attributes[`mlflow.traceTag.${TAG.name}`]) || span.name);
  if ((isOpen(row) || row.reported === 0) && span.endNs !== null)
    next.state = span.status === 'ERROR' ? 'ERROR' : 'OK';
  const info = JSON.parse(row.info) as JsonObject;
  const request = preview(meaning.inputs, 'user');
  const response = preview(meaning.outputs, 'assistant');
  next.info = JSON.stringify({
    ...(request !== undefined && { request_preview: request }),
    ...(response !== undefined && { response_preview: response }),
    ...info,
  });
  return next;
}

const isOpen = ({ state }: TraceRow) => state === 'IN_PROGRESS' || state === 'STATE_UNSPECIFIED';

/** While the root is not known, a trace goes by the span with which this side of it began. */
function withEntry(next: TraceRow, told: readonly ToldSpan[]): TraceRow {
  const entry = told.find(({ span }) => span.hasRemoteParent);
  if (!entry) return next;
  next.name ??= entry.span.name;
  if (isOpen(next) && entry.span.endNs !== null) next.state = entry.span.status === 'ERROR' ? 'ERROR' : 'OK';
  return next;
}

function widerTimes(row: TraceRow, told: readonly ToldSpan[]) {
  const { start, end } = timesOf(told);
  const from = Math.min(row.requested_at, start);
  const known = row.duration_ms === null ? null : row.requested_at + row.duration_ms;
  const until = known === null ? end : end === null ? known : Math.max(known, end);
  return { requested_at: from, duration_ms: until === null ? null : Math.max(0, until - from) };
}

const text = (value: AttributeValue | undefined): string =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value : writeContent(value);

/** Tags that spans bring: what the process says of itself, and those that the root carries for the trace. */
export function tagsOf(told: readonly ToldSpan[]): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const [key, value] of Object.entries(told[0]!.span.resource)) {
    if (/^(?:telemetry\.sdk\.|mlflow\.)/.test(key) || !fitsKey(key)) continue;
    tags[key] = cutValue(text(value));
  }
  const root = told.find(({ span }) => span.parentId === null);
  if (!root) return tags;
  const prefix = 'mlflow.traceTag.';
  for (const [name, value] of Object.entries(root.span.attributes)) {
    const key = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    const isOurs = key === TAG.spansLocation || key === TAG.artifactLocation;
    if (fitsKey(key) && !isOurs) tags[key] = cutValue(text(value));
  }
  return { [TAG.name]: cutValue(root.span.name), ...tags };
}

/** Metadata that spans bring: who and within which session. */
export function metadataOf(told: readonly ToldSpan[]): Record<string, string> {
  const find = (pick: (meaning: Meaning) => string | null) => {
    for (const { meaning } of told) {
      const found = pick(meaning);
      if (found !== null) return found;
    }
    return null;
  };
  const session = find((meaning) => meaning.session);
  const user = find((meaning) => meaning.user);
  return {
    ...(session !== null && { [METADATA.session]: session }),
    ...(user !== null && { [METADATA.user]: user }),
  };
}
