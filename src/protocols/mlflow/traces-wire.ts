import {
  type Attributes,
  type AttributeValue,
  forClients,
  type NewTrace,
  readContent,
  type SpanRow,
  type Trace,
} from '../../domains/experiments/index.ts';
import type { JsonObject } from '../../platform/json.ts';
import { readAssessment, wireAssessment } from './assessments-wire.ts';
import { invalid, missing } from './errors.ts';
import { experimentId } from './experiments.ts';
import type { Fields } from './fields.ts';
import { pairs } from './wire.ts';

/** Fields of a trace that clients get back as they sent them. */
const kept = ['request_preview', 'response_preview'] as const;
const states = ['OK', 'ERROR', 'IN_PROGRESS', 'STATE_UNSPECIFIED'] as const;
const stateNumbers = { 0: 'STATE_UNSPECIFIED', 1: 'OK', 2: 'ERROR', 3: 'IN_PROGRESS' } as const;

export function readTrace(fields: Fields) {
  const info = fields.optionalMessage('trace')?.optionalMessage('trace_info');
  if (!info) throw missing('trace.trace_info');
  const experiment = info.optionalMessage('trace_location')?.optionalMessage('mlflow_experiment');
  if (!experiment) throw missing(info.at('trace_location'));
  const requestedAt = Date.parse(info.text('request_time'));
  if (Number.isNaN(requestedAt)) throw invalid(info.at('request_time'), 'it is an RFC 3339 time.');
  const duration = /^(\d{1,12}(?:\.\d+)?)s$/.exec(info.optionalText('execution_duration') ?? '')?.[1];
  const trace: NewTrace = {
    id: info.text('trace_id'),
    experimentId: experimentId(experiment),
    clientRequestId: info.optionalText('client_request_id') ?? null,
    requestedAt,
    durationMs: duration === undefined ? null : Math.round(Number(duration) * 1000),
    state: info.choice('state', states, stateNumbers) ?? 'STATE_UNSPECIFIED',
    info: Object.fromEntries(
      kept.flatMap((name) => (info.has(name) ? [[name, info.text(name).slice(0, 10_240)]] : [])),
    ) as JsonObject,
    tags: info.record('tags'),
    metadata: info.record('trace_metadata'),
  };
  return { trace, assessments: info.messages('assessments').map((one) => readAssessment(one, trace.id)) };
}

export function wireTraceInfo(trace: Trace) {
  return {
    trace_id: trace.id,
    ...(trace.clientRequestId !== null && { client_request_id: trace.clientRequestId }),
    trace_location: {
      type: 'MLFLOW_EXPERIMENT',
      mlflow_experiment: { experiment_id: String(trace.experimentId) },
    },
    ...trace.info,
    request_time: new Date(trace.requestedAt).toISOString(),
    ...(trace.durationMs !== null && { execution_duration: `${(trace.durationMs / 1000).toFixed(3)}s` }),
    state: trace.state,
    trace_metadata: trace.metadata,
    tags: trace.tags,
    assessments: trace.assessments.map(wireAssessment),
  };
}

/** The form of version 2, which clients of that version still read. */
export function wireTraceInfoV2(trace: Trace) {
  return {
    request_id: trace.id,
    experiment_id: String(trace.experimentId),
    timestamp_ms: trace.requestedAt,
    execution_time_ms: trace.durationMs ?? 0,
    status: trace.state === 'STATE_UNSPECIFIED' ? 'TRACE_STATUS_UNSPECIFIED' : trace.state,
    request_metadata: pairs(trace.metadata),
    tags: pairs(trace.tags),
  };
}

const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');
const idOf = (traceId: string) => base64(traceId.replace(/^tr-/, ''));
const codes = { OK: 'STATUS_CODE_OK', ERROR: 'STATUS_CODE_ERROR', UNSET: 'STATUS_CODE_UNSET' } as const;

/** A span as OpenTelemetry's message in the JSON of protobuf: ids in base64, times and whole numbers as text. */
export function wireSpan(row: SpanRow) {
  const content = readContent(row.content);
  return {
    trace_id: idOf(row.trace_id),
    span_id: base64(row.id),
    ...(row.parent_id !== null && { parent_span_id: base64(row.parent_id) }),
    name: row.name,
    start_time_unix_nano: content.start,
    ...(content.end !== undefined && { end_time_unix_nano: content.end }),
    attributes: wireAttributes(forClients(row.trace_id, content.attributes)),
    events: (content.events ?? []).map(({ name, time, attributes }) => ({
      name,
      time_unix_nano: time,
      attributes: wireAttributes(attributes),
    })),
    links: (content.links ?? []).map(({ trace, span, attributes }) => ({
      trace_id: idOf(trace),
      span_id: base64(span),
      attributes: wireAttributes(attributes),
    })),
    status: {
      code: codes[row.status as keyof typeof codes],
      ...(content.message !== undefined && { message: content.message }),
    },
  };
}

const wireAttributes = (attributes: Attributes) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: wireValue(value) }));

function wireValue(value: AttributeValue): object {
  if (value === null) return {};
  if (typeof value === 'string') return { string_value: value };
  if (typeof value === 'boolean') return { bool_value: value };
  if (typeof value === 'bigint') return { int_value: String(value) };
  if (typeof value === 'number') return { double_value: value };
  if (Array.isArray(value)) return { array_value: { values: value.map(wireValue) } };
  return { kvlist_value: { values: wireAttributes(value) } };
}

/** A span as clients write it into files: values of attributes as JSON texts. */
export function wireSpanFile(row: SpanRow) {
  const { attributes: _typed, events: _events, ...span } = wireSpan(row);
  const content = readContent(row.content);
  const attributes = forClients(row.trace_id, content.attributes);
  return {
    ...span,
    parent_span_id: span.parent_span_id ?? null,
    attributes: Object.fromEntries(
      Object.entries(attributes).map(([key, value]) => [key, JSON.stringify(value, plain)]),
    ),
    events: (content.events ?? []).map(({ name, time, attributes: values }) => ({
      name,
      time_unix_nano: time,
      attributes: JSON.parse(JSON.stringify(values, plain)) as JsonObject,
    })),
  };
}

const plain = (_key: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value);
