import type { Json, JsonObject } from '../../../platform/json.ts';
import { sqlIdentifier } from '../../../platform/tables/index.ts';
import { displaySql } from '../columns.ts';
import { type AggregateRule, aggregateKinds, tableKinds, type Verdict } from './aggregate-kinds.ts';
import { type Batch, batchSql, type Queries } from './batch.ts';
import { conditionSql } from './conditions.ts';
import {
  type Expectation,
  type ExpectationResult,
  emptyResult,
  reportOf,
  type SuiteReport,
} from './expectation.model.ts';
import { type MapRule, mapKinds } from './map-kinds.ts';
import { prepareRegexes, type RegexSql } from './regex.ts';
import { Problem } from './sql-values.ts';

type Compiled =
  | { form: 'map'; rule: MapRule; where: string; items: string[] }
  | { form: 'aggregate'; rule: AggregateRule; where: string; items: string[] }
  | { form: 'table'; judge: (rows: number) => Verdict; items: string[] }
  | { form: 'problem'; problem: string; items: string[] };

const partialCount = 20;
const sampleCount = 5;

/**
 * Judges a table by a list of expectations with the exact semantics of Great Expectations: one scan computes
 * every count and aggregate; only failed row-wise expectations cost a further query for their samples.
 */
export async function validate(
  tables: Queries,
  batch: Batch,
  expectations: readonly Expectation[],
): Promise<SuiteReport> {
  const regexes = await prepareRegexes(tables, batch, expectations);
  const compiled = expectations.map((expectation) => compile(expectation, batch, regexes));
  const { rows, values } = await scan(tables, batch, compiled);
  const results: ExpectationResult[] = [];
  for (const [i, expectation] of expectations.entries()) {
    const plan = compiled[i];
    const result = judge(expectation, plan, rows, values[i]);
    if (!result.success && plan.form === 'map' && result.problem === null) {
      await addSamples(tables, batch, plan, result);
    }
    results.push({ ...result, description: result.description || describe(result) });
  }
  return reportOf(rows, results);
}

function compile(expectation: Expectation, batch: Batch, regexes: RegexSql): Compiled {
  const { type, kwargs } = expectation;
  try {
    const where = conditionSql(kwargs.row_condition, batch.columns) ?? 'true';
    if (Object.hasOwn(mapKinds, type)) {
      const rule = mapKinds[type].rule(kwargs, { columns: batch.columns, where, matches: regexes });
      const judged = `${where} AND ${rule.judged}`;
      const counts = [where, judged, `${judged} AND ${rule.unexpected}`];
      return { form: 'map', rule, where, items: counts.map((filter) => `count(*) FILTER (WHERE ${filter})`) };
    }
    if (Object.hasOwn(aggregateKinds, type)) {
      const filter = where === 'true' ? '' : ` FILTER (WHERE ${where})`;
      const rule = aggregateKinds[type].rule(kwargs, batch.columns, filter, where);
      return { form: 'aggregate', rule, where, items: [rule.select] };
    }
    const kind = tableKinds[type];
    if (!kind) throw new Problem('this type is not known');
    if (where !== 'true') throw new Problem('a rule about the whole table takes no row_condition');
    return { form: 'table', judge: (rows) => kind.judge(kwargs, batch.columns, rows), items: [] };
  } catch (error) {
    if (error instanceof Problem) return { form: 'problem', problem: error.message, items: [] };
    throw error;
  }
}

/** Runs all items in one query; when one of them cannot run, each on its own, so that only that one fails. */
async function scan(tables: Queries, batch: Batch, compiled: Compiled[]) {
  const select = async (items: string[]) => {
    const names = items.map((item, i) => `${item} AS i${i}`);
    const [row] = await tables.query(
      `${batchSql(batch)} SELECT count(*) AS n, ${[...names, '0 AS z'].join(', ')} FROM batch`,
    );
    return { rows: row.n as number, values: items.map((_, i) => row[`i${i}`]) };
  };
  try {
    const all = await select(compiled.flatMap((plan) => plan.items));
    return {
      rows: all.rows,
      values: compiled.map((plan) => all.values.splice(0, plan.items.length)),
    };
  } catch {
    const { rows } = await select([]);
    const values: unknown[][] = [];
    for (const [i, plan] of compiled.entries()) {
      try {
        values.push((await select(plan.items)).values);
      } catch {
        compiled[i] = { form: 'problem', problem: 'its arguments do not fit the column', items: [] };
        values.push([]);
      }
    }
    return { rows, values };
  }
}

function judge(expectation: Expectation, plan: Compiled, rows: number, values: unknown[]): ExpectationResult {
  const result = emptyResult(expectation);
  try {
    if (plan.form === 'problem') throw new Problem(plan.problem);
    if (plan.form === 'map') return judgeMap(expectation, result, values as number[]);
    const { success, observed, details } =
      plan.form === 'table' ? plan.judge(rows) : plan.rule.judge(values[0]);
    return { ...result, success, observed, details: details ?? null };
  } catch (error) {
    if (error instanceof Problem) return { ...result, success: false, problem: error.message };
    throw error;
  }
}

/** Vacuous truth for no judged rows; else the share of expected rows must reach `mostly`. */
function judgeMap(expectation: Expectation, result: ExpectationResult, counts: number[]): ExpectationResult {
  const [elements, judged, unexpected] = counts;
  const mostly = (expectation.kwargs.mostly as number | null | undefined) ?? 1;
  const isNullRule = expectation.type.endsWith('_be_null');
  return {
    ...result,
    success: judged === 0 || (judged - unexpected) / judged >= mostly,
    elementCount: elements,
    missingCount: isNullRule ? null : elements - judged,
    missingPercent: isNullRule ? null : percent(elements - judged, elements),
    unexpectedCount: unexpected,
    unexpectedPercent: percent(unexpected, judged),
    unexpectedPercentTotal: percent(unexpected, elements),
  };
}

const percent = (part: number, whole: number) => (whole === 0 ? null : (100 * part) / whole);

/** Adds the first unexpected values, the most frequent ones, and some whole rows. */
async function addSamples(
  tables: Queries,
  batch: Batch,
  plan: Extract<Compiled, { form: 'map' }>,
  result: ExpectationResult,
): Promise<void> {
  const { rule, where } = plan;
  const filter = `${where} AND ${rule.judged} AND ${rule.unexpected}`;
  const shown = batch.columns.map((column) => `${displaySql(column)} AS ${sqlIdentifier(column.name)}`);
  const [first, counts] = await Promise.all([
    tables.query(
      `${batchSql(batch)} SELECT ${rule.shown} AS __houston_value, ${batch.rowNumber ? '__houston_row' : 'NULL AS __houston_row'}, ${shown.join(', ')} FROM batch WHERE ${filter}${batch.rowNumber ? ' ORDER BY __houston_row' : ''} LIMIT ${partialCount}`,
    ),
    tables.query(
      `${batchSql(batch)} SELECT ${rule.shown} AS value, count(*) AS count FROM batch WHERE ${filter} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${partialCount}`,
    ),
  ]);
  result.partialUnexpected = first.map((row) => row.__houston_value as Json);
  result.partialUnexpectedCounts = counts as { value: Json; count: number }[];
  result.partialUnexpectedRows = batch.rowNumber ? first.map((row) => row.__houston_row as number) : [];
  result.sampleRows = first
    .slice(0, sampleCount)
    .map(({ __houston_value, __houston_row, ...row }) => row as JsonObject);
}

/** A sentence about a result, for people. */
function describe(result: ExpectationResult): string {
  const subject = result.type.replace(/^expect_/, '').replaceAll('_', ' ');
  const column = result.column === null ? '' : `${result.column}: `;
  if (result.problem !== null) return `${column}${subject} — not evaluated: ${result.problem}.`;
  if (result.unexpectedCount === null)
    return `${column}${subject} — observed ${JSON.stringify(result.observed)}.`;
  const share = result.unexpectedPercent === null ? '' : ` (${result.unexpectedPercent.toFixed(2)} %)`;
  return `${column}${subject} — ${result.unexpectedCount} unexpected of ${result.elementCount} rows${share}.`;
}
