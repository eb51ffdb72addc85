import { sqlIdentifier } from '../../../platform/tables/index.ts';
import { type Column, displaySql, familyOf, isNumeric, numberSql } from '../columns.ts';
import { type Batch, batchSql, type Queries } from '../expectations/batch.ts';
import {
  type ColumnProfile,
  correlationAlerts,
  findAlerts,
  type Histogram,
  type NumericProfile,
  niceEdges,
  type Profile,
  type Quantiles,
} from './profile.model.ts';

const binGoal = 25;
const topValues = 50;
/** Numbers of at most so many values are shown value by value as well. */
const fewValues = 50;
const maxCorrelated = 30;
const quantileNames = ['p01', 'p05', 'p25', 'p50', 'p75', 'p95', 'p99'] as const;
/** Ends of the histogram (the outermost 0.1 % is counted apart, so that single outliers do not squeeze it). */
const quantileList = '[0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999]';

type Sums = Record<string, unknown>;

/**
 * Describes each column of a table and how the numeric ones move together. Two scans (moments and quantiles,
 * then histograms with readable edges) and one grouping per column of few values. Quantiles are approximate
 * (t-digest), distinct counts too (HyperLogLog).
 */
export async function profileTable(tables: Queries, batch: Batch): Promise<Profile> {
  const columns = batch.columns.map((column, i) => ({ column, i }));
  const numeric = columns.filter(({ column }) => isNumeric(column.type)).slice(0, maxCorrelated);
  const items = columns.flatMap(({ column, i }) => sumsSql(column, i));
  for (const [a, { column: x, i }] of numeric.entries()) {
    for (const { column: y, i: j } of numeric.slice(a + 1)) {
      items.push(`corr(${numberSql(x)}, ${numberSql(y)}) AS r${i}_${j}`);
    }
  }
  const [sums] = await tables.query<Sums>(
    `${batchSql(batch)} SELECT ${['count(*) AS n', ...items].join(', ')} FROM batch`,
  );
  const rows = sums.n as number;
  const histograms = await histogramsOf(tables, batch, sums);
  const profiles: ColumnProfile[] = [];
  for (const { column, i } of columns) {
    profiles.push(
      await columnProfile(tables, batch, { column, i, rows, sums, histogram: histograms.get(i) ?? null }),
    );
  }
  const correlations = {
    columns: numeric.map(({ column }) => column.name),
    values: numeric.map(({ i }) => numeric.map(({ i: j }) => (i === j ? 1 : correlation(sums, i, j)))),
  };
  const alerts = [...findAlerts(rows, profiles), ...correlationAlerts(correlations)];
  return { rows, columns: profiles, correlations, alerts };
}

const finite = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

const correlation = (sums: Sums, i: number, j: number) =>
  finite(sums[`r${Math.min(i, j)}_${Math.max(i, j)}`]);

/** SQL of the finite values of a column as numbers. */
function axis(column: Column): string {
  const number = numberSql(column);
  return column.type === 'DOUBLE' || column.type === 'FLOAT'
    ? `CASE WHEN isfinite(${sqlIdentifier(column.name)}) THEN ${number} END`
    : number;
}

function sumsSql(column: Column, i: number): string[] {
  const name = sqlIdentifier(column.name);
  const family = familyOf(column.type);
  const items = [`count(${name}) AS c${i}`, `approx_count_distinct(${name}) AS d${i}`];
  const x = axis(column);
  if (isNumeric(column.type) || family === 'temporal') {
    items.push(
      `min(${x}) AS lo${i}`,
      `max(${x}) AS hi${i}`,
      `approx_quantile(${x}, ${quantileList}) AS q${i}`,
    );
  }
  if (isNumeric(column.type)) {
    items.push(
      `avg(${x}) AS mean${i}`,
      `stddev_samp(${x}) AS std${i}`,
      `skewness(${x}) AS skew${i}`,
      `count(*) FILTER (WHERE ${x} = 0) AS zero${i}`,
      `count(*) FILTER (WHERE ${x} < 0) AS neg${i}`,
      `count(${name}) - count(${x}) AS inf${i}`,
    );
  }
  if (family === 'text') {
    items.push(
      `min(length(${name})) AS short${i}`,
      `max(length(${name})) AS long${i}`,
      `avg(length(${name})) AS length${i}`,
      `count(*) FILTER (WHERE ${name} = '') AS empty${i}`,
    );
  }
  return items;
}

/** Histograms of all numeric and temporal columns in one scan. */
async function histogramsOf(tables: Queries, batch: Batch, sums: Sums): Promise<Map<number, Histogram>> {
  const planned = batch.columns.flatMap((column, i) => {
    const [low, high] = [finite(sums[`lo${i}`]), finite(sums[`hi${i}`])];
    if (low === null || high === null) return [];
    return [{ i, x: axis(column), edges: edgesOf(column, low, high, sums[`q${i}`] as number[] | null) }];
  });
  if (planned.length === 0) return new Map();
  // DuckDB's bins are closed on the right: shifting the sign makes them closed on the left.
  const items = planned.map(({ i, x, edges }) => {
    const bounds = edges.map((edge) => -edge).reverse();
    return `histogram(-(${x}), [${bounds.map((bound) => `${bound}::DOUBLE`).join(', ')}]) AS h${i}`;
  });
  const [row] = await tables.query(`${batchSql(batch)} SELECT ${items.join(', ')} FROM batch`);
  return new Map(planned.map(({ i, edges }) => [i, toHistogram(edges, row[`h${i}`])]));
}

function edgesOf(column: Column, low: number, high: number, quantiles: number[] | null): number[] {
  const family = familyOf(column.type);
  if (family === 'temporal') return timeEdges(low, high);
  const [from, to] = [quantiles?.[0] ?? low, quantiles?.at(-1) ?? high];
  // Light tails are shown whole; only far outliers are cut off.
  const reach = 0.5 * (to - from);
  const start = low >= from - reach ? low : from;
  const end = high <= to + reach ? high : to;
  return niceEdges(start, end, binGoal, family === 'integer');
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const timeSteps = [
  1000,
  5000,
  15_000,
  minute,
  5 * minute,
  15 * minute,
  hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  7 * day,
  14 * day,
  28 * day,
  91 * day,
  364 * day,
];

/** Edges on whole minutes, hours, days or weeks: 20 to 50 bins, or one when all is one moment. */
function timeEdges(low: number, high: number): number[] {
  if (high <= low) return [low, low + 1000];
  const raw = (high - low) / 30;
  const step = timeSteps.find((candidate) => candidate >= raw) ?? Math.ceil(raw / (364 * day)) * 364 * day;
  const first = Math.floor(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 2 }, (_, i) => (first + i) * step);
}

/** Undoes the sign: the entry of a negated upper bound holds what starts at that bound. */
function toHistogram(edges: number[], map: unknown): Histogram {
  const entries = (map ?? []) as { key: number; value: number }[];
  const byBound = new Map(entries.map(({ key, value }) => [key, value]));
  const count = (edge: number) => byBound.get(-edge) ?? byBound.get(edge === 0 ? 0 : -edge) ?? 0;
  const counts = edges.slice(0, -1).map(count);
  const total = entries.reduce((sum, entry) => sum + entry.value, 0);
  const above = count(edges[edges.length - 1]);
  const below = total - above - counts.reduce((sum, value) => sum + value, 0);
  return { edges, counts, below, above };
}

type ColumnFacts = { column: Column; i: number; rows: number; sums: Sums; histogram: Histogram | null };

async function columnProfile(tables: Queries, batch: Batch, facts: ColumnFacts): Promise<ColumnProfile> {
  const { column, i, rows, sums, histogram } = facts;
  const family = familyOf(column.type);
  const count = sums[`c${i}`] as number;
  const approximate = Math.min(sums[`d${i}`] as number, count);
  const isCategory = family === 'text' || family === 'boolean';
  const top = isCategory || approximate <= fewValues ? await topOf(tables, batch, column) : [];
  const [low, high] = [finite(sums[`lo${i}`]), finite(sums[`hi${i}`])];
  return {
    name: column.name,
    type: column.type,
    family,
    count,
    missing: rows - count,
    missingPercent: rows === 0 ? 0 : (100 * (rows - count)) / rows,
    distinct: top.length > 0 && top.length < topValues ? top.length : approximate,
    numeric:
      histogram && isNumeric(column.type) ? numericProfile(sums, i, histogram, family === 'integer') : null,
    temporal:
      histogram && family === 'temporal' && low !== null && high !== null
        ? { min: low, max: high, histogram }
        : null,
    text:
      family === 'text' && count > 0
        ? {
            minLength: sums[`short${i}`] as number,
            maxLength: sums[`long${i}`] as number,
            meanLength: sums[`length${i}`] as number,
            empty: sums[`empty${i}`] as number,
          }
        : null,
    top,
  };
}

function numericProfile(sums: Sums, i: number, histogram: Histogram, integer: boolean): NumericProfile {
  const approximate = (sums[`q${i}`] as number[]).slice(1, -1);
  // The sketch interpolates: whole numbers around 0 would have the median −0.0005.
  const quantiles = integer ? approximate.map((value) => Math.round(value) + 0) : approximate;
  return {
    min: sums[`lo${i}`] as number,
    max: sums[`hi${i}`] as number,
    mean: sums[`mean${i}`] as number,
    std: finite(sums[`std${i}`]),
    skewness: finite(sums[`skew${i}`]),
    zeros: sums[`zero${i}`] as number,
    negatives: sums[`neg${i}`] as number,
    infinite: sums[`inf${i}`] as number,
    quantiles: Object.fromEntries(quantileNames.map((name, k) => [name, quantiles[k]])) as Quantiles,
    histogram,
  };
}

async function topOf(tables: Queries, batch: Batch, column: Column): Promise<ColumnProfile['top']> {
  const name = sqlIdentifier(column.name);
  return tables.query<{ value: string | number | boolean; count: number }>(
    `${batchSql(batch)} SELECT ${displaySql(column)} AS value, count(*) AS count FROM batch WHERE ${name} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${topValues}`,
  );
}
