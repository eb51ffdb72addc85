import { binCount } from '../../../math/bins.ts';
import { sqlLiteral } from '../../../platform/tables/index.ts';
import { type ColumnProfile, scoreColumn } from '../statistics/reference.ts';

/** SQL over a relation of predictions joined with outcomes; see ServingDoor.joinedSql. */

const windowOf = (length: number) => `(floor(epoch_ms(event_time) / ${length}.0) * ${length})::BIGINT`;

/** Rows of each window. */
export function censusSql(relation: string, window: number): string {
  return `SELECT ${windowOf(window)} AS start, count(*) AS rows, max(epoch_ms(time)) AS newest FROM (${relation}) WHERE event_time IS NOT NULL GROUP BY 1 ORDER BY 1`;
}

/** A feature by name, and its place (from 1) in the recorded vector of each revision. */
export type FeatureColumn = { name: string; places: ReadonlyMap<string, number> };

/** Every feature that the revisions of a deployment have recorded. */
export function featureColumns(
  revisions: readonly { id: string; features: readonly string[] }[],
): FeatureColumn[] {
  const columns = new Map<string, Map<string, number>>();
  for (const { id, features } of revisions) {
    features.forEach((name, i) => {
      const places = columns.get(name) ?? new Map<string, number>();
      columns.set(name, places.set(id, i + 1));
    });
  }
  return [...columns].map(([name, places]) => ({ name, places }));
}

function valueSql({ places }: FeatureColumn, revisions: number): string {
  const distinct = new Set(places.values());
  if (distinct.size === 1 && places.size === revisions) return `features[${[...distinct][0]}]::DOUBLE`;
  const cases = [...places].map(
    ([revision, place]) => `WHEN ${sqlLiteral(revision)} THEN features[${place}]`,
  );
  return `(CASE revision ${cases.join(' ')} END)::DOUBLE`;
}

/** The rows of the wanted windows as a temporary table: w (window), h (cluster), revision, s, y, failed, features. */
export function rowsTableSql(
  relation: string,
  window: number,
  starts: readonly number[],
  features: readonly FeatureColumn[],
): string {
  const revisions = new Set(features.flatMap(({ places }) => [...places.keys()])).size;
  const cluster = Math.max(1000, Math.min(3_600_000, Math.floor(window / 24)));
  const columns = features.map((feature, i) => `, ${valueSql(feature, revisions)} AS f${i}`).join('');
  return `CREATE TEMP TABLE rows_of_windows AS SELECT ${windowOf(window)} AS w,
    floor(epoch_ms(event_time) / ${cluster}.0)::BIGINT AS h, revision, score AS s,
    CASE WHEN label IN (0, 1) THEN label END AS y, error IS NOT NULL AS failed, weight AS k, hash(request_id) AS lot${columns}
    FROM (${relation}) WHERE event_time IS NOT NULL AND ${windowOf(window)} IN (${starts.join(', ')})`;
}

/** Windows in which the share of recorded requests changed. */
export const unevenSql = `SELECT w, max(k) AS most FROM rows_of_windows WHERE k > 0 AND NOT failed
  GROUP BY w HAVING max(k) > min(k)`;

/** Thins the rows that were recorded at a larger share, so that all that are left had the same chance to be there. */
export function evenSql(w: number, most: number): string {
  return `UPDATE rows_of_windows SET k = 0 WHERE w = ${w} AND k > 0 AND NOT failed AND lot / 18446744073709551616.0 >= k / ${most}`;
}

/** Rows, failures and outcomes by window and revision; `kept` are those with what they carried (see `weight`). */
export const mixSql = `SELECT w, revision, count(*) AS rows, count(*) FILTER (WHERE failed) AS errors,
  count(*) FILTER (WHERE k > 0) AS kept,
  count(y) FILTER (WHERE s IS NOT NULL AND k > 0) AS labelled FROM rows_of_windows GROUP BY w, revision ORDER BY w, rows DESC, revision`;

/** Position of a value in frozen bins, as in math/bins.ts. */
function binSql(column: string, { bins }: ColumnProfile): string {
  const missing = `${column} IS NULL OR isnan(${column})`;
  const last = binCount({ ...bins }) - 1;
  if (bins.kind === 'edges') {
    const cases = bins.edges.map((edge, i) => `WHEN ${column} <= ${sqlLiteral(edge)} THEN ${i}`).join(' ');
    return `CASE WHEN ${missing} THEN ${last} ${cases} ELSE ${bins.edges.length} END`;
  }
  const cases = bins.values.map((value, i) => `WHEN ${column} = ${sqlLiteral(value)} THEN ${i}`).join(' ');
  return `CASE WHEN ${missing} THEN ${last} ${cases} ELSE ${bins.values.length} END`;
}

/** Counts by window on the bins of each column: one map of position to count per column, c0, c1 … */
export function countsSql(
  columns: readonly { name: string; column: string; profile: ColumnProfile }[],
  revision: string,
  starts: readonly number[],
): string {
  const bins = columns.map(({ column, profile }, i) => `, ${binSql(column, profile)} AS b${i}`).join('');
  const histograms = columns
    .map(({ name }, i) => {
      // Scores are compared for the one revision that the reference describes.
      const only = name === scoreColumn ? ` FILTER (WHERE revision = ${sqlLiteral(revision)})` : '';
      return `, histogram(b${i})${only} AS c${i}`;
    })
    .join('');
  return `SELECT w${histograms} FROM (SELECT w, revision${bins} FROM rows_of_windows WHERE NOT failed AND k > 0 AND w IN (${starts.join(', ')})) GROUP BY w`;
}

const labelled = (revision: string, starts: readonly number[]) =>
  `FROM (SELECT *, least(greatest(s, 1e-6), 1 - 1e-6) AS p FROM rows_of_windows WHERE revision = ${sqlLiteral(revision)}
    AND k > 0 AND y IS NOT NULL AND s IS NOT NULL AND NOT isnan(s) AND w IN (${starts.join(', ')}))`;

/** Sums by hour of the rows of one revision that have an outcome. */
export function hoursSql(revision: string, starts: readonly number[]): string {
  return `SELECT w, h, count(*) AS n, sum(y) AS labels, sum(p) AS scores,
    sum(CASE WHEN y = 1 THEN -ln(p) ELSE -ln(1 - p) END) AS "logLoss",
    sum((p - y) * ln(p / (1 - p))) AS excess, sum((p - y) * (p - y)) AS brier
    ${labelled(revision, starts)} GROUP BY w, h ORDER BY w, h`;
}

/** Area under the ROC curve by window, ties counted half. */
export function rankingSql(revision: string, starts: readonly number[]): string {
  return `SELECT w, sum(y) AS positives, count(*) - sum(y) AS negatives,
    sum(CASE WHEN y = 1 THEN place END) AS ranks FROM (
      SELECT w, y, rank() OVER (PARTITION BY w ORDER BY s) + (count(*) OVER (PARTITION BY w, s) - 1) / 2.0 AS place
      ${labelled(revision, starts)}) GROUP BY w`;
}
