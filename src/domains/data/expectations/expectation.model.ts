import type { Json, JsonObject } from '../../../platform/json.ts';

export const severities = ['critical', 'warning', 'info'] as const;
export type Severity = (typeof severities)[number];

/** One rule about a table, in the words of Great Expectations. Only a failed critical one refuses a batch. */
export type Expectation = {
  type: string;
  kwargs: JsonObject;
  severity: Severity;
  id?: string;
  description?: string;
  notes?: string;
  meta?: JsonObject;
};

export type Suite = {
  name: string;
  expectations: Expectation[];
  /** Values of `{"$PARAMETER": name}` references. */
  parameters: JsonObject;
  meta: JsonObject;
};

/** What one expectation found. Percentages are 0..100; `unexpectedPercent` is of the values present. */
export type ExpectationResult = {
  type: string;
  severity: Severity;
  column: string | null;
  kwargs: JsonObject;
  description: string;
  success: boolean;
  /** Observed value of an aggregate or table expectation. */
  observed: Json;
  details: JsonObject | null;
  elementCount: number | null;
  missingCount: number | null;
  missingPercent: number | null;
  unexpectedCount: number | null;
  unexpectedPercent: number | null;
  unexpectedPercentTotal: number | null;
  partialUnexpected: Json[];
  partialUnexpectedCounts: { value: Json; count: number }[];
  partialUnexpectedRows: number[];
  sampleRows: JsonObject[];
  /** Why the expectation could not be evaluated at all; then it counts as failed. */
  problem: string | null;
};

export type SuiteReport = {
  /** False when a critical expectation failed. */
  success: boolean;
  rows: number;
  evaluated: number;
  successful: number;
  failed: number;
  successPercent: number | null;
  results: ExpectationResult[];
};

/** Totals of a list of results. */
export function reportOf(rows: number, results: ExpectationResult[]): SuiteReport {
  const successful = results.filter((result) => result.success).length;
  return {
    success: results.every((result) => result.success || result.severity !== 'critical'),
    rows,
    evaluated: results.length,
    successful,
    failed: results.length - successful,
    successPercent: results.length === 0 ? null : (100 * successful) / results.length,
    results,
  };
}

/** A result with nothing counted yet. */
export function emptyResult(expectation: Expectation): ExpectationResult {
  const { column, column_list: list, column_A: a, column_B: b } = expectation.kwargs;
  const columns = typeof column === 'string' ? [column] : Array.isArray(list) ? list : a && b ? [a, b] : [];
  return {
    type: expectation.type,
    severity: expectation.severity,
    column: columns.length > 0 ? columns.join(', ') : null,
    kwargs: expectation.kwargs,
    description: expectation.description ?? '',
    success: false,
    observed: null,
    details: null,
    elementCount: null,
    missingCount: null,
    missingPercent: null,
    unexpectedCount: null,
    unexpectedPercent: null,
    unexpectedPercentTotal: null,
    partialUnexpected: [],
    partialUnexpectedCounts: [],
    partialUnexpectedRows: [],
    sampleRows: [],
    problem: null,
  };
}
