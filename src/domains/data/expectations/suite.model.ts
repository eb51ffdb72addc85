import { type Json, type JsonObject, jsonProblem } from '../../../platform/json.ts';
import {
  type Expectation,
  type ExpectationResult,
  type Severity,
  type Suite,
  type SuiteReport,
  severities,
} from './expectation.model.ts';
import { expectationProblem } from './kinds.ts';

/** A suite that cannot be taken over; `at` names the place, such as `expectations[3]`. */
export class SuiteProblem extends Error {
  readonly at: string;
  constructor(at: string, message: string) {
    super(message);
    this.at = at;
  }
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads a suite of Great Expectations 0.x (`expectation_suite_name`, `expectation_type`) or 1.x (`name`,
 * `type`), or a bare list of expectations. References such as `{"$PARAMETER": "low"}` are replaced by the
 * suite's own parameters. Raises SuiteProblem for unknown types and arguments.
 */
export function readSuite(value: Json, fallbackName = 'suite'): Suite {
  const unsafe = jsonProblem(value);
  if (unsafe) throw new SuiteProblem('expectations', `The suite ${unsafe}.`);
  const suite: JsonObject = Array.isArray(value) ? { expectations: value } : isObject(value) ? value : {};
  if (!Array.isArray(suite.expectations))
    throw new SuiteProblem('expectations', 'A suite needs a list "expectations".');
  const given = suite.suite_parameters ?? suite.evaluation_parameters;
  const parameters = isObject(given) ? given : {};
  return {
    name: String(suite.name ?? suite.expectation_suite_name ?? fallbackName),
    expectations: suite.expectations.map((entry, i) =>
      readExpectation(entry, parameters, `expectations[${i}]`),
    ),
    parameters,
    meta: isObject(suite.meta) ? suite.meta : {},
  };
}

function readExpectation(entry: Json, parameters: JsonObject, at: string): Expectation {
  if (!isObject(entry)) throw new SuiteProblem(at, 'An expectation is an object with type and kwargs.');
  const type = entry.type ?? entry.expectation_type;
  if (typeof type !== 'string') throw new SuiteProblem(at, 'An expectation needs a type.');
  const kwargs = withParameters(isObject(entry.kwargs) ? entry.kwargs : {}, parameters, at) as JsonObject;
  const problem = expectationProblem(type, kwargs);
  if (problem !== null) throw new SuiteProblem(at, `The expectation ${type} cannot be used: ${problem}.`);
  const severity = (entry.severity ?? 'critical') as Severity;
  if (!severities.includes(severity)) throw new SuiteProblem(at, 'A severity is critical, warning or info.');
  const id = entry.id ?? entry.ge_cloud_id;
  return {
    type,
    kwargs,
    severity,
    ...(typeof id === 'string' && { id }),
    ...(typeof entry.description === 'string' && { description: entry.description }),
    ...(typeof entry.notes === 'string' && { notes: entry.notes }),
    ...(isObject(entry.meta) && Object.keys(entry.meta).length > 0 && { meta: entry.meta }),
  };
}

function withParameters(value: Json, parameters: JsonObject, at: string): Json {
  if (Array.isArray(value)) return value.map((item) => withParameters(item, parameters, at));
  if (!isObject(value)) return value;
  if (typeof value.$PARAMETER === 'string') {
    if (Object.hasOwn(parameters, value.$PARAMETER)) return parameters[value.$PARAMETER];
    throw new SuiteProblem(at, `The suite gives no value for its parameter "${value.$PARAMETER}".`);
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withParameters(item, parameters, at)]),
  );
}

/** The suite in the JSON of Great Expectations 1.x. */
export function writeSuite(suite: Suite): JsonObject {
  return {
    name: suite.name,
    meta: { great_expectations_version: '1.10.0', ...suite.meta },
    notes: null,
    suite_parameters: suite.parameters,
    expectations: suite.expectations.map(({ type, kwargs, severity, meta, id, description, notes }) => ({
      type,
      kwargs,
      severity,
      meta: meta ?? {},
      ...(id !== undefined && { id }),
      ...(description !== undefined && { description }),
      ...(notes !== undefined && { notes }),
    })),
  };
}

/** A report in the JSON of a Great Expectations validation result. */
export function writeReport(name: string, report: SuiteReport, meta: JsonObject): JsonObject {
  return {
    success: report.failed === 0,
    suite_name: name,
    results: report.results.map(writeResult),
    statistics: {
      evaluated_expectations: report.evaluated,
      successful_expectations: report.successful,
      unsuccessful_expectations: report.failed,
      success_percent: report.successPercent,
    },
    suite_parameters: {},
    meta,
  };
}

function writeResult(result: ExpectationResult): JsonObject {
  const map = result.unexpectedCount !== null && {
    element_count: result.elementCount,
    unexpected_count: result.unexpectedCount,
    unexpected_percent: result.unexpectedPercent,
    unexpected_percent_total: result.unexpectedPercentTotal,
    unexpected_percent_nonmissing: result.unexpectedPercent,
    partial_unexpected_list: result.partialUnexpected,
    partial_unexpected_counts: result.partialUnexpectedCounts,
    partial_unexpected_index_list: result.partialUnexpectedRows,
    ...(result.missingCount !== null && {
      missing_count: result.missingCount,
      missing_percent: result.missingPercent,
    }),
  };
  return {
    success: result.success,
    expectation_config: { type: result.type, kwargs: result.kwargs, severity: result.severity, meta: {} },
    result:
      map ||
      (result.problem === null ? { observed_value: result.observed, details: result.details ?? {} } : {}),
    meta: {},
    exception_info: {
      raised_exception: result.problem !== null,
      exception_message: result.problem,
      exception_traceback: null,
    },
  };
}
