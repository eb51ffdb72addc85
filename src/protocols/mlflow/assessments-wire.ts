import type { Assessment, NewAssessment } from '../../domains/experiments/index.ts';
import type { Json } from '../../platform/json.ts';
import { invalid, missing } from './errors.ts';
import type { Fields } from './fields.ts';

const sources = ['SOURCE_TYPE_UNSPECIFIED', 'HUMAN', 'LLM_JUDGE', 'CODE'] as const;
const jsonFormat = 'JSON_FORMAT';

const time = (fields: Fields, name: string): number | undefined => {
  const read = Date.parse(fields.optionalText(name) ?? '');
  return Number.isNaN(read) ? undefined : read;
};

/** Reads an assessment of a trace. @throws INVALID_PARAMETER_VALUE unless it is of exactly one kind */
export function readAssessment(fields: Fields, traceId: string): NewAssessment & { id?: string } {
  const source = fields.optionalMessage('source');
  const id = fields.optionalText('assessment_id');
  return {
    ...(id && { id }),
    traceId,
    spanId: fields.optionalText('span_id') || null,
    name: fields.text('assessment_name'),
    ...readValue(fields),
    rationale: fields.optionalText('rationale') || null,
    source: {
      type: source?.choice('source_type', sources, { ...sources }) ?? 'SOURCE_TYPE_UNSPECIFIED',
      id: source?.optionalText('source_id') ?? '',
    },
    metadata: fields.record('metadata'),
    overrides: fields.optionalText('overrides') || null,
    createdAt: time(fields, 'create_time'),
    updatedAt: time(fields, 'last_update_time'),
  };
}

export function readValue(fields: Fields): Pick<NewAssessment, 'kind' | 'value' | 'error'> {
  const given = (['feedback', 'expectation', 'issue'] as const).filter((kind) => fields.has(kind));
  const [kind] = given;
  if (kind === undefined || given.length > 1) {
    throw invalid(fields.at('value'), 'exactly one of `expectation`, `feedback`, or `issue` is specified.');
  }
  const message = fields.optionalMessage(kind)!;
  if (kind === 'issue') return { kind, value: message.optionalText('issue_name') ?? '', error: null };
  const serialized = message.optionalMessage('serialized_value');
  if (!serialized) return { kind, value: message.json('value'), error: readError(message, fields) };
  if (serialized.optionalText('serialization_format') !== jsonFormat) {
    throw invalid(serialized.at('serialization_format'), `only ${jsonFormat} is supported.`);
  }
  try {
    return { kind, value: JSON.parse(serialized.text('value')) as Json, error: null };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalid(serialized.at('value'), 'it is not JSON.');
  }
}

function readError(message: Fields, fields: Fields): NewAssessment['error'] {
  const error = message.optionalMessage('error') ?? fields.optionalMessage('error');
  return error
    ? {
        code: error.optionalText('error_code') ?? '',
        message: error.optionalText('error_message') ?? '',
        stack: error.optionalText('stack_trace') ?? '',
      }
    : null;
}

export function wireAssessment(said: Assessment) {
  return {
    assessment_id: said.id,
    assessment_name: said.name,
    trace_id: said.traceId,
    ...(said.spanId !== null && { span_id: said.spanId }),
    source: { source_type: said.source.type, source_id: said.source.id },
    create_time: new Date(said.createdAt).toISOString(),
    last_update_time: new Date(said.updatedAt).toISOString(),
    ...wireValue(said),
    ...(said.rationale !== null && { rationale: said.rationale }),
    metadata: said.metadata,
    ...(said.overrides !== null && { overrides: said.overrides }),
    valid: said.isValid,
  };
}

function wireValue({ kind, value, error }: Assessment): object {
  if (kind === 'issue') return { issue: { issue_name: String(value) } };
  if (kind === 'expectation') {
    const isPlain = value !== null && typeof value !== 'object';
    const text = { serialization_format: jsonFormat, value: JSON.stringify(value) };
    return { expectation: isPlain ? { value } : { serialized_value: text } };
  }
  const wired = error && { error_code: error.code, error_message: error.message, stack_trace: error.stack };
  return { feedback: { value, ...(wired && { error: wired }) } };
}

/** Names of fields, as a list or in one text joined by commas, in either spelling. */
export function readMask(fields: Fields): string[] {
  const mask = fields.json('update_mask');
  const paths =
    typeof mask === 'string'
      ? mask.split(',')
      : (fields.optionalMessage('update_mask')?.texts('paths') ?? []);
  if (mask === null) throw missing(fields.at('update_mask'));
  return paths.map((path) => path.trim().replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}
