import { type Json, jsonProblem } from '../../../../platform/json.ts';
import { experimentsError } from '../../experiments.contract.ts';
import { cleanText } from '../spans/spans.model.ts';

export type AssessmentKind = 'feedback' | 'expectation' | 'issue';

/** What somebody, or something, says of a trace or of one of its spans. */
export type NewAssessment = {
  traceId: string;
  spanId: string | null;
  kind: AssessmentKind;
  name: string;
  value: Json;
  error: { code: string; message: string; stack: string } | null;
  rationale: string | null;
  source: { type: string; id: string };
  metadata: Record<string, string>;
  /** The assessment that this one replaces. */
  overrides: string | null;
  /** When the client says that it was made; else now. */
  createdAt?: number | undefined;
  updatedAt?: number | undefined;
};
export type Assessment = NewAssessment & {
  id: string;
  isValid: boolean;
  createdAt: number;
  updatedAt: number;
};

export type AssessmentRow = {
  /** `a-` and 32 hex characters. */
  id: string;
  trace_id: string;
  span_id: string | null;
  kind: string;
  name: string;
  /** JSON. */
  value: string;
  /** The value as a number for figures: also yes and no, true and false as 1 and 0. */
  figure: number | null;
  is_number: number;
  error: string | null;
  rationale: string | null;
  source_type: string;
  source_id: string;
  metadata: string;
  /** The session that it is about as a whole; then it counts for each of its traces. */
  session_id: string | null;
  overrides: string | null;
  is_valid: number;
  created_at: number;
  updated_at: number;
};

/** A value as text that every database can read. @throws experiments.input.invalid when it is nested without end */
export function writeValue(value: Json): string {
  const problem = jsonProblem(value);
  if (problem !== null) throw experimentsError('experiments.input.invalid', `The value ${problem}.`);
  return JSON.stringify(cleaned(value));
}

function cleaned(value: Json): Json {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [cleanText(key), cleaned(item)]));
}

/** A value as figures take it. */
export function figureOf(value: Json): { figure: number | null; is_number: number } {
  if (typeof value === 'number') return { figure: value, is_number: 1 };
  if (typeof value === 'boolean') return { figure: value ? 1 : 0, is_number: 0 };
  const word = typeof value === 'string' ? value.trim().toLowerCase() : '';
  return { figure: word === 'yes' ? 1 : word === 'no' ? 0 : null, is_number: 0 };
}

export function toAssessment(row: AssessmentRow): Assessment {
  return {
    id: row.id,
    traceId: row.trace_id,
    spanId: row.span_id,
    kind: row.kind as AssessmentKind,
    name: row.name,
    value: JSON.parse(row.value) as Json,
    error: row.error === null ? null : (JSON.parse(row.error) as Assessment['error']),
    rationale: row.rationale,
    source: { type: row.source_type, id: row.source_id },
    metadata: JSON.parse(row.metadata) as Record<string, string>,
    overrides: row.overrides,
    isValid: row.is_valid === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
