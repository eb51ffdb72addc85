import { jensenShannonDistance, psi } from '../../../math/distances.ts';
import { parquetSource, sqlIdentifier } from '../../../platform/tables/index.ts';
import { type Column, displaySql, type Family, familyOf, numberSql } from '../columns.ts';
import { type Batch, batchSql, type Queries } from '../expectations/batch.ts';

export type SideSummary = {
  count: number;
  missing: number;
  missingPercent: number;
  min: number | null;
  max: number | null;
  mean: number | null;
  std: number | null;
};

/** One bin of the comparison: a category, or the range up to and including `to`. */
export type DiffBin = { label: string; from: number; to: number };

export type ColumnDiff = {
  name: string;
  type: string;
  family: Family;
  from: SideSummary;
  to: SideSummary;
  /** Population stability index in nats; null for times and for columns with nothing to compare. */
  psi: number | null;
  /** Jensen-Shannon distance in 0..1. */
  jensenShannon: number | null;
  /** Counts of both sides in the same bins. */
  bins: DiffBin[];
  /** Values that only the newer, only the older version has: the most frequent first. */
  added: { value: string; count: number }[];
  removed: { value: string; count: number }[];
};

export type VersionSide = {
  version: number;
  digest: string;
  rows: number;
  columns: Column[];
  digests: string[];
  paths: string[];
};

export type VersionDiff = {
  from: { version: number; digest: string; rows: number };
  to: { version: number; digest: string; rows: number };
  rows: number;
  parts: { shared: number; added: number; removed: number };
  schema: {
    added: Column[];
    removed: Column[];
    changed: { name: string; from: string; to: string }[];
  };
  columns: ColumnDiff[];
};

const numericBins = 10;
const categoryBins = 20;
const listed = 20;
/** Columns of more different texts are identifiers: their values are not compared one by one. */
const maxCategories = 10_000;

/** Compares two versions: schema, rows, parts, and the distribution of each column that both have. */
export async function diffVersions(
  tables: Queries,
  from: VersionSide,
  to: VersionSide,
): Promise<VersionDiff> {
  const before = new Map(from.columns.map((column) => [column.name, column]));
  const after = new Map(to.columns.map((column) => [column.name, column]));
  const shared = to.columns.filter(({ name, type }) => {
    const other = before.get(name);
    return other !== undefined && familyOf(other.type) === familyOf(type) && familyOf(type) !== 'other';
  });
  const sides = [batchOf(from, shared), batchOf(to, shared)] as const;
  const [a, b] = await Promise.all(sides.map((side) => summaries(tables, side)));
  const numbers = await compareNumbers(tables, sides, shared);
  const columns: ColumnDiff[] = [];
  for (const column of shared) {
    const family = familyOf(column.type);
    const isCategory = family === 'text' || family === 'boolean';
    const compared = isCategory ? await compareCategories(tables, sides, column) : numbers.get(column.name);
    const base = {
      name: column.name,
      type: column.type,
      family,
      from: a.get(column.name)!,
      to: b.get(column.name)!,
    };
    columns.push({ ...base, ...(compared ?? nothing) });
  }
  const held = new Set(from.digests);
  const kept = to.digests.filter((digest) => held.has(digest)).length;
  const summary = ({ version, digest, rows }: VersionSide) => ({ version, digest, rows });
  return {
    from: summary(from),
    to: summary(to),
    rows: to.rows - from.rows,
    parts: { shared: kept, added: to.digests.length - kept, removed: from.digests.length - kept },
    schema: {
      added: to.columns.filter(({ name }) => !before.has(name)),
      removed: from.columns.filter(({ name }) => !after.has(name)),
      changed: to.columns.flatMap(({ name, type }) => {
        const other = before.get(name);
        return other && other.type !== type ? [{ name, from: other.type, to: type }] : [];
      }),
    },
    columns,
  };
}

type Compared = Pick<ColumnDiff, 'psi' | 'jensenShannon' | 'bins' | 'added' | 'removed'>;
const nothing: Compared = { psi: null, jensenShannon: null, bins: [], added: [], removed: [] };

const batchOf = (side: VersionSide, columns: readonly Column[]): Batch => ({
  from: parquetSource(side.paths),
  columns: columns.map(({ name }) => side.columns.find((column) => column.name === name)!),
});

const hasNumbers = (column: Column) => ['integer', 'float', 'temporal'].includes(familyOf(column.type));

async function summaries(tables: Queries, batch: Batch): Promise<Map<string, SideSummary>> {
  const items = batch.columns.flatMap((column, i) => {
    const x = numberSql(column);
    const numbers = [
      `min(${x}) AS lo${i}`,
      `max(${x}) AS hi${i}`,
      `avg(${x}) AS mean${i}`,
      `stddev_samp(${x}) AS std${i}`,
    ];
    return [`count(${sqlIdentifier(column.name)}) AS c${i}`, ...(hasNumbers(column) ? numbers : [])];
  });
  const [row] = await tables.query(
    `${batchSql(batch)} SELECT ${['count(*) AS n', ...items].join(', ')} FROM batch`,
  );
  const rows = row.n as number;
  const number = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : null);
  return new Map(
    batch.columns.map((column, i) => {
      const count = row[`c${i}`] as number;
      const missing = rows - count;
      return [
        column.name,
        {
          count,
          missing,
          missingPercent: rows === 0 ? 0 : (100 * missing) / rows,
          min: number(row[`lo${i}`]),
          max: number(row[`hi${i}`]),
          mean: number(row[`mean${i}`]),
          std: number(row[`std${i}`]),
        },
      ];
    }),
  );
}

/** Deciles of the older side as bins, counted on both sides in one scan each. Times have no stable bins. */
async function compareNumbers(
  tables: Queries,
  [a, b]: readonly [Batch, Batch],
  shared: readonly Column[],
): Promise<Map<string, Compared>> {
  const columns = shared.filter((column) => hasNumbers(column) && familyOf(column.type) !== 'temporal');
  if (columns.length === 0) return new Map();
  const shares = Array.from({ length: numericBins - 1 }, (_, i) => (i + 1) / numericBins);
  const quantiles = columns.map(
    (column, i) => `approx_quantile(${numberSql(column)}, [${shares.join(', ')}]) AS q${i}`,
  );
  const [found] = await tables.query(`${batchSql(a)} SELECT ${quantiles.join(', ')} FROM batch`);
  const edges = columns.map((_, i) =>
    [...new Set((found[`q${i}`] as number[] | null) ?? [])].sort((x, y) => x - y),
  );
  const items = columns.map((column, i) =>
    edges[i].length === 0
      ? `NULL AS h${i}`
      : `histogram(${numberSql(column)}, [${edges[i].map((edge) => `${edge}::DOUBLE`).join(', ')}]) AS h${i}`,
  );
  const [left, right] = await Promise.all(
    [a, b].map(
      async (side) =>
        (
          await tables.query(`${batchSql(side)} SELECT ${['count(*) AS n', ...items].join(', ')} FROM batch`)
        )[0],
    ),
  );
  return new Map(
    columns.map((column, i) => {
      const [before, after] = [left, right].map((row) => countsOf(edges[i], row[`h${i}`]));
      const labels = [...edges[i].map((edge) => `≤ ${short(edge)}`), `> ${short(edges[i].at(-1) ?? 0)}`];
      return [column.name, compared(labels, before, after)];
    }),
  );
}

const short = (value: number) => String(Number(value.toPrecision(6)));

function countsOf(edges: readonly number[], map: unknown): number[] {
  const counts = new Map(
    ((map ?? []) as { key: number; value: number }[]).map(({ key, value }) => [key, value]),
  );
  const inside = edges.map((edge) => counts.get(edge) ?? 0);
  const total = [...counts.values()].reduce((sum, value) => sum + value, 0);
  return [...inside, total - inside.reduce((sum, value) => sum + value, 0)];
}

function compared(labels: string[], before: number[], after: number[]): Compared {
  const number = (value: number) => (Number.isFinite(value) ? value : null);
  return {
    ...nothing,
    psi: number(psi(before, after)),
    jensenShannon: number(jensenShannonDistance(before, after)),
    bins: labels.map((label, i) => ({ label, from: before[i], to: after[i] })),
  };
}

type Category = { value: string; count: number };

async function compareCategories(
  tables: Queries,
  sides: readonly [Batch, Batch],
  column: Column,
): Promise<Compared> {
  const name = sqlIdentifier(column.name);
  const sql = `SELECT CAST(${displaySql(column)} AS VARCHAR) AS value, count(*) AS count FROM batch WHERE ${name} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${maxCategories + 1}`;
  const [before, after] = await Promise.all(
    sides.map((side) => tables.query<Category>(`${batchSql(side)} ${sql}`)),
  );
  if (before.length > maxCategories || after.length > maxCategories) return nothing;
  const counts = new Map(after.map(({ value, count }) => [value, count]));
  const top = before.slice(0, categoryBins);
  const named = new Set(top.map(({ value }) => value));
  const rest = (side: Category[]) =>
    side.reduce((sum, { value, count }) => sum + (named.has(value) ? 0 : count), 0);
  const known = new Set(before.map(({ value }) => value));
  return {
    ...compared(
      [...top.map(({ value }) => value), 'other'],
      [...top.map(({ count }) => count), rest(before)],
      [...top.map(({ value }) => counts.get(value) ?? 0), rest(after)],
    ),
    added: after.filter(({ value }) => !known.has(value)).slice(0, listed),
    removed: before.filter(({ value }) => !counts.has(value)).slice(0, listed),
  };
}
