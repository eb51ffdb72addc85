import { parquetSource, sqlIdentifier, sqlLiteral } from '../../../platform/tables/index.ts';
import { featureAt, featuresSql, packedRow, packedScore } from './packed-vectors.ts';
import type { LogKind } from './prediction-log.ts';

/**
 * SQL over the logs. Line form and Parquet form of a log have the same relation:
 * predictions: request_id, row_index, event_time, time, revision, arm, rollout, latency_ms, compute_ms, inputs (JSON text of
 * the request), features FLOAT[] or vector BLOB (see packed-vectors.ts), score DOUBLE, path (of a row through a graph),
 * error, cached, again, weight (0: not sampled), erased; one line per row of each request. Readers get
 * features alone. A sealed file holds a packed request of several rows as it came, in one line without a row_index: vector
 * has all its vectors, `scores` all its scores. Taking it apart costs more than all the rest of its record, so only readers do.
 * pairs: the same request_id and row_index with the other arm's revision and score.
 * feedback: request_id, row_index, value, event_time, received, ordinal, reward.
 */
const lineColumns: Record<LogKind, string> = {
  predictions:
    "{id:'VARCHAR',t:'BIGINT',rev:'VARCHAR',arm:'VARCHAR',ro:'VARCHAR',n:'INTEGER',ms:'DOUBLE',cm:'DOUBLE',e:'BIGINT[]',x:'JSON',f:'FLOAT[][]',fb:'VARCHAR',s:'DOUBLE[]',sb:'VARCHAR',g:'VARCHAR[]',err:'VARCHAR',hit:'INTEGER',again:'INTEGER',w:'DOUBLE'}",
  pairs: "{id:'VARCHAR',t:'BIGINT',rev:'VARCHAR',ro:'VARCHAR',cm:'DOUBLE',s:'DOUBLE[]',err:'VARCHAR'}",
  feedback: "{id:'VARCHAR',row:'INTEGER',v:'DOUBLE',et:'BIGINT',t:'BIGINT',r:'DOUBLE'}",
};

const selections: Record<LogKind, (source: string) => string> = {
  predictions: (source) => linesSql(source, 'false'),
  pairs: (source) =>
    `SELECT id AS request_id, (u - 1)::INTEGER AS row_index, make_timestamp(t * 1000) AS time, rev AS revision,
      ro AS rollout, cm AS compute_ms, s[u] AS score, err AS error
    FROM (SELECT *, unnest(range(1, greatest(len(s), 1) + 1)) AS u FROM ${source} WHERE id IS NOT NULL)`,
  feedback: (source) =>
    `SELECT id AS request_id, "row" AS row_index, v AS value, make_timestamp(et * 1000) AS event_time,
      make_timestamp(t * 1000) AS received, row_number() OVER () AS ordinal, r AS reward
    FROM ${source} WHERE id IS NOT NULL`,
};

/** What differs between one row of a line and a line that is a row. */
type RowSql = Record<
  'row_index' | 'event_time' | 'features' | 'vector' | 'score' | 'scores' | 'path',
  string
>;

const predictionColumns = (of: RowSql) => `id AS request_id, ${of.row_index}::INTEGER AS row_index,
  make_timestamp(${of.event_time} * 1000) AS event_time, make_timestamp(t * 1000) AS time, rev AS revision, arm, ro AS rollout,
  n AS request_rows, ms AS latency_ms, cm AS compute_ms, x::VARCHAR AS inputs, ${of.features} AS features, ${of.vector} AS vector,
  ${of.score} AS score, ${of.scores} AS scores, ${of.path} AS path, err AS error, hit IS NOT NULL AS cached, again, w AS weight,
  NULL::BOOLEAN AS erased`;

/** Lines of predictions row by row, but for the requests that `isWhole` says: those keep one line, without a row_index. */
function linesSql(source: string, isWhole: string): string {
  const columns = predictionColumns({
    row_index: '(u - 1)',
    event_time: 'coalesce(e[u], e[1], t)',
    features: 'f[u]',
    vector: `CASE WHEN u IS NULL OR n = 1 THEN fb ELSE ${packedRow('fb', 'n')} END`,
    score: `CASE WHEN sb IS NULL THEN s[u] ELSE ${packedScore('sb')} END`,
    scores: 'CASE WHEN u IS NULL THEN sb END',
    path: 'coalesce(g[u], g[1])',
  });
  return `SELECT ${columns}
    FROM (SELECT *, unnest(CASE WHEN ${isWhole} THEN [NULL::BIGINT] ELSE range(1, n + 1) END) AS u
      FROM (SELECT * REPLACE (from_base64(fb) AS fb, from_base64(sb) AS sb) FROM ${source}) WHERE id IS NOT NULL)`;
}

/** Lines of predictions that are requests of one row each, which spares taking them apart. */
function singlesSql(source: string): string {
  const columns = predictionColumns({
    row_index: '0',
    event_time: 'coalesce(e[1], t)',
    features: 'f[1]',
    vector: 'from_base64(fb)',
    score: 's[1]',
    scores: 'NULL::BLOB',
    path: 'g[1]',
  });
  return `SELECT ${columns} FROM ${source} WHERE id IS NOT NULL`;
}

/** Packed requests of several rows with one event time and one way for all of them. */
const canStayWhole = 'n > 1 AND sb IS NOT NULL AND coalesce(len(e), 1) = 1 AND coalesce(len(g), 1) = 1';

/** Sealed predictions row by row. */
function sealedPredictions(files: string[]): string[] {
  const source = parquetSource(files);
  // Files of older versions, and those written anew, hold no whole requests.
  const stored = `SELECT * FROM ${source} UNION ALL BY NAME SELECT NULL::BLOB AS vector, NULL::BLOB AS scores WHERE false`;
  const whole = `SELECT *, unnest(range(1, request_rows + 1)) AS u FROM (${stored}) WHERE row_index IS NULL`;
  return [
    `SELECT * FROM ${source} WHERE row_index IS NOT NULL`,
    `SELECT * EXCLUDE (u) REPLACE ((u - 1)::INTEGER AS row_index, ${packedRow('vector', 'request_rows')} AS vector,
      ${packedScore('scores')} AS score) FROM (${whole})`,
  ];
}

/** One log kind as a relation over its open and sealed files; an empty relation when there are none. */
export function logSql(kind: LogKind, files: { open: string[]; sealed: string[] }): string {
  const parts: string[] = [];
  if (files.sealed.length > 0 && kind === 'predictions') parts.push(...sealedPredictions(files.sealed));
  else if (files.sealed.length > 0) parts.push(`SELECT * FROM ${parquetSource(files.sealed)}`);
  // Files that older versions have sealed lack the newest columns, so one part always has them all.
  parts.push(selections[kind](files.open.length > 0 ? lineSource(kind, files.open) : emptySource(kind)));
  const all = parts.length === 1 ? parts[0] : parts.map((part) => `(${part})`).join(' UNION ALL BY NAME ');
  return kind === 'predictions'
    ? `SELECT * EXCLUDE (scores) REPLACE (coalesce(weight, 1) AS weight, coalesce(erased, false) AS erased) FROM (${all})`
    : all;
}

/** The statement that turns one closed segment into Parquet; `isSingle`: all its requests have one row. */
export function sealSql(kind: LogKind, from: string, to: string, isSingle = false): string {
  const source = lineSource(kind, [from]);
  if (kind !== 'predictions') return replaceSql(selections[kind](source), to);
  return replaceSql(isSingle ? singlesSql(source) : linesSql(source, canStayWhole), to);
}

/** The ids of one sealed file of predictions, for its index. */
export function idsSql(path: string): string {
  return `SELECT request_id AS id, max(request_rows) AS rows, bool_and(weight = 0 AND score IS NULL AND NOT erased) AS "isBare"
    FROM (${logSql('predictions', { open: [], sealed: [path] })}) GROUP BY request_id`;
}

/** Writes what `select` gives as the successor of a sealed file. */
export function replaceSql(select: string, target: string): string {
  return `COPY (${select}) TO ${sqlLiteral(target)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION v2)`;
}

function lineSource(kind: LogKind, paths: string[]): string {
  const list = paths.map((path) => sqlLiteral(path)).join(', ');
  return `read_json([${list}], format = 'newline_delimited', ignore_errors = true, columns = ${lineColumns[kind]})`;
}

function emptySource(kind: LogKind): string {
  const columns = lineColumns[kind].slice(1, -1).split(/,(?=[a-z]+:)/);
  const nulls = columns.map((column) => {
    const [name, type] = column.split(':');
    return `NULL::${type.replaceAll("'", '')} AS ${sqlIdentifier(name)}`;
  });
  return `(SELECT ${nulls.join(', ')} WHERE false)`;
}

export type PredictionRange = {
  /** Event time in milliseconds, from included, to excluded. */
  from?: number;
  to?: number;
};

function rangeCondition(range: PredictionRange): string {
  const conditions = ['again IS NULL'];
  if (range.from !== undefined)
    conditions.push(`event_time >= make_timestamp(${Math.round(range.from) * 1000})`);
  if (range.to !== undefined) conditions.push(`event_time < make_timestamp(${Math.round(range.to) * 1000})`);
  return conditions.join(' AND ');
}

/** `prediction_id`, the id of one row. */
export const idColumn =
  "CASE WHEN request_rows = 1 THEN request_id ELSE request_id || ':' || row_index END AS prediction_id";

export type LogFiles = Record<LogKind, { open: string[]; sealed: string[] }>;

/** How to read a feature by name: its place in the vector of each revision (1-based). */
export type FeatureColumn = { name: string; places: ReadonlyMap<string, number> };

/** Predictions by event-time range, one line per row, named feature columns at the end. */
export function predictionsSql(
  files: LogFiles,
  range: PredictionRange,
  features: FeatureColumn[] = [],
): string {
  return unpacked(packedSql(files, range, features));
}

/** The relation with the vectors as numbers, which is work for those that are looked at. */
function unpacked(relation: string): string {
  return `SELECT * EXCLUDE (vector) REPLACE (${featuresSql} AS features) FROM (${relation})`;
}

function packedSql(files: LogFiles, range: PredictionRange, features: FeatureColumn[]): string {
  const named = features
    .map((feature) => `, ${featureSql(feature)} AS ${sqlIdentifier(feature.name)}`)
    .join('');
  return `SELECT *, ${idColumn}${named} FROM (${logSql('predictions', files.predictions)}) WHERE ${rangeCondition(range)}`;
}

/**
 * Predictions joined with the newest feedback of each row (label DOUBLE, label_received; null while unlabelled)
 * and reward, and with the other arm's score where both arms scored it (pair_score, pair_revision).
 */
export function joinedSql(files: LogFiles, range: PredictionRange, features: FeatureColumn[] = []): string {
  // Ids grow with time: what belongs to a range lies between its first and its last id, so that the work does not
  // grow with all the feedback there ever was.
  const between = 'request_id BETWEEN (SELECT min(request_id) FROM p) AND (SELECT max(request_id) FROM p)';
  const joined = `WITH p AS MATERIALIZED (${packedSql(files, range, features)})
    SELECT p.*, l.label, l.label_received, l.reward, o.pair_score, o.pair_revision
    FROM p
    LEFT JOIN (${outcomesSql(files, between)}) l USING (request_id, row_index)
    LEFT JOIN (${pairsSql(files, between)}) o USING (request_id, row_index)`;
  return unpacked(joined);
}

/** The newest word on each row: label and reward have one each; `label_received` is when the last of either came. */
export function outcomesSql(files: LogFiles, condition: string): string {
  const newest = (column: string) =>
    `arg_max(${column}, (received, ordinal)) FILTER (WHERE ${column} IS NOT NULL)`;
  return `SELECT request_id, row_index, ${newest('value')} AS label, max(received) AS label_received,
      ${newest('reward')} AS reward
    FROM (${logSql('feedback', files.feedback)}) WHERE ${condition} GROUP BY ALL`;
}

/** What the other arm made of each row. */
export function pairsSql(files: LogFiles, condition: string): string {
  return `SELECT request_id, row_index, any_value(score) AS pair_score, any_value(revision) AS pair_revision
    FROM (${logSql('pairs', files.pairs)}) WHERE ${condition} GROUP BY ALL`;
}

/** A feature by name as an SQL expression on a relation of predictions. */
export function featureSql(feature: FeatureColumn): string {
  const places = new Set(feature.places.values());
  if (places.size === 1) return featureAt([...places][0]);
  const cases = [...feature.places].map(
    ([revision, place]) => `WHEN ${sqlLiteral(revision)} THEN ${featureAt(place)}`,
  );
  return cases.length === 0 ? 'NULL::FLOAT' : `CASE revision ${cases.join(' ')} END`;
}
