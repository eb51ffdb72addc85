import { sqlIdentifier } from '../../../platform/tables/sql.ts';
import type { Feature, FeatureService, Group, Lookup } from '../definition.model.ts';
import { columnSql } from '../expression/expression.ts';
import { unitsPerOne } from '../windows.model.ts';

export type TrainingRange = {
  /** Event times in milliseconds: from ≤ t < until. */
  from?: number;
  until?: number;
  /** Keep only this many milliseconds before `until`, or before the newest row. */
  last?: number;
  /** Share of the rows to keep, chosen by row number. */
  sample?: number;
};

export type TrainingSql = {
  /** Statements to run in order on one connection; they leave temporary tables behind. */
  statements: string[];
  /** The query of the training set, in row order. */
  select: string;
};

const id = sqlIdentifier;

/**
 * Compiles a feature service to DuckDB SQL over a relation of its source.
 *
 * Past rows are aggregated to tiles (key id, floor(τ / grain)) with running sums; each row then reads the running
 * sum at the upper edge of its window and, once per window length, at the lower edge, by ASOF joins on integers.
 * A window of any length costs the same. The difference of two sums is exact, see windows.model.ts.
 */
export function trainingSql(
  service: FeatureService,
  relation: string,
  range: TrainingRange = {},
): TrainingSql {
  const columns = columnsQuery(service, relation);
  const statements = [
    ...keyTables(service, columns),
    sourceTable(service, columns, range),
    pointsView(service, range),
  ];
  statements.push(...service.groups.map((group, g) => tilesTable(service, group, g)));
  statements.push(...service.lookups.map((lookup, l) => windowsTable(service, lookup, l)));
  return { statements, select: finalSelect(service) };
}

/** Every stored and computed column of the source, as values of the expression language. */
function columnsQuery(service: FeatureService, relation: string): string {
  const stored = Object.entries(service.columns).map(
    ([name, type]) => `${columnSql(name, type)} AS ${id(name)}`,
  );
  let query = `SELECT row_number() OVER () - 1 AS "__row", ${stored.join(', ')} FROM ${relation}`;
  for (const { name, expression } of service.derived) {
    query = `SELECT *, ${expression.sql} AS ${id(name)} FROM (${query})`;
  }
  return query;
}

/** The columns that later statements read, with the integer ids of all keys and lookups. */
function sourceTable(service: FeatureService, columns: string, range: TrainingRange): string {
  const read = new Set([
    service.eventTime,
    ...service.slices.filter((name) => Object.hasOwn(service.types, name)),
  ]);
  if (service.label !== null) read.add(service.label);
  for (const { knownAt, values } of service.groups) {
    read.add(knownAt);
    for (const value of values) for (const name of value.uses) read.add(name);
  }
  for (const feature of service.features) {
    if (feature.kind === 'expression') for (const name of feature.expression.uses) read.add(name);
  }
  const ids = new Map<string, string>();
  const joins: string[] = [];
  const addId = (key: readonly string[], from: readonly string[]) => {
    const name = idName(key, from);
    if (key.length === 0 || ids.has(name)) return;
    const alias = `k${ids.size}`;
    const on = key.map((column, i) => `s.${id(from[i])} = ${alias}.${id(column)}`).join(' AND ');
    ids.set(name, `${alias}."__id" AS ${name}`);
    joins.push(`LEFT JOIN ${keyName(key)} ${alias} ON ${on}`);
  };
  for (const { key } of service.groups) addId(key, key);
  for (const { group, columns: from } of service.lookups) addId(service.groups[group].key, from);
  const selected = ['s."__row"', ...[...read].map((name) => `s.${id(name)}`), ...ids.values()];
  const rows = `SELECT * FROM (${columns}) WHERE ${relevant(service, range)}`;
  return `CREATE TEMP TABLE "__source" AS SELECT ${selected.join(', ')} FROM (${rows}) s ${joins.join(' ')}`;
}

/** Rows that are wanted, or that some window of a wanted row can see. */
function relevant(service: FeatureService, range: TrainingRange): string {
  const time = id(service.eventTime);
  const until = range.until === undefined ? '' : ` AND ${time} < ${range.until}`;
  const known = service.groups.map((group) => {
    const reach = (group.longest + 1) * group.grain;
    const from = range.from === undefined ? 'true' : `${knownTime(service, group)} >= ${range.from - reach}`;
    return `(${from}${range.until === undefined ? '' : ` AND ${knownTime(service, group)} < ${range.until}`})`;
  });
  const from = range.from === undefined ? 'true' : `${time} >= ${range.from}`;
  return [`(${from}${until})`, ...new Set(known)].join(' OR ');
}

/** When a row counts: never before its own event time, whatever known_at says. Null: never. */
function knownTime(service: FeatureService, group: Group): string {
  if (group.knownAt === service.eventTime) return id(group.knownAt);
  const [known, time] = [id(group.knownAt), id(service.eventTime)];
  return `(CASE WHEN ${known} >= ${time} THEN ${known} WHEN ${known} < ${time} THEN ${time} END)`;
}

const keyName = (columns: readonly string[]) => id(`__key ${JSON.stringify(columns)}`);
const idName = (key: readonly string[], columns: readonly string[]) =>
  id(`__id ${JSON.stringify([key, columns])}`);

/** Keys become small integers: joins and sorts on them are several times faster than on text. */
function keyTables(service: FeatureService, source: string): string[] {
  const distinct = new Map(
    service.groups.filter(({ key }) => key.length > 0).map(({ key }) => [keyName(key), key]),
  );
  return [...distinct].map(([table, key]) => {
    const columns = key.map(id);
    const present = columns.map((column) => `${column} IS NOT NULL`).join(' AND ');
    return `CREATE TEMP TABLE ${table} AS SELECT ${columns.join(', ')}, (row_number() OVER ())::INTEGER AS "__id" FROM (SELECT DISTINCT ${columns.join(', ')} FROM (${source}) WHERE ${present})`;
  });
}

/** The rows of the training set. */
function pointsView(service: FeatureService, range: TrainingRange): string {
  const time = id(service.eventTime);
  const wanted = [`${time} IS NOT NULL`];
  if (service.label !== null) wanted.push(`${id(service.label)} IS NOT NULL`);
  if (range.from !== undefined) wanted.push(`${time} >= ${range.from}`);
  if (range.until !== undefined) wanted.push(`${time} < ${range.until}`);
  if (range.sample !== undefined && range.sample < 1) {
    wanted.push(`("__row" * 2654435761) % 4294967296 < ${Math.round(range.sample * 4_294_967_296)}`);
  }
  return `CREATE TEMP VIEW "__points" AS SELECT * FROM "__source" WHERE ${wanted.join(' AND ')}`;
}

/**
 * Running sums at the end of each tile; a window that ends before tile t reads the sums of t's predecessors.
 * The past rows are sorted and summed on over all keys, which streams (three times faster than grouping and
 * partitioning): only differences within one key are ever taken, and each key starts with an empty tile that
 * carries the sum of the keys before it. The last row of a tile stands for it.
 */
function tilesTable(service: FeatureService, group: Group, g: number): string {
  const { key, values, grain } = group;
  const known = knownTime(service, group);
  const keyId = key.length > 0 ? idName(key, key) : '0';
  const units = values.map(({ sql, type }, v) => {
    const value = `floor(${type === 'boolean' ? `CAST(CAST(${sql} AS INTEGER) AS DOUBLE)` : sql} * ${unitsPerOne}.0 + 0.5)`;
    const counts = type === 'boolean' ? '' : ` WHEN ${value} BETWEEN -1e300 AND 1e300 THEN ${value} END`;
    return `, ${counts ? `CASE${counts}` : value} AS u${v}`;
  });
  const rows = `SELECT ${keyId} AS k, CAST(floor(${known} / ${grain}.0) AS INTEGER) AS t, 1 AS c${units.join('')} FROM "__source" WHERE ${known} IS NOT NULL AND ${keyId} IS NOT NULL`;
  const nothing = values.map(() => ', NULL').join('');
  const starts = `SELECT ${key.length > 0 ? '"__id"' : '0'}, ${earliestTile}, NULL${nothing}${key.length > 0 ? ` FROM ${keyName(key)}` : ''}`;
  const past = 'OVER (ROWS UNBOUNDED PRECEDING)';
  const running = values.map(
    (_, v) => `, count(u${v}) ${past} AS n${v}, coalesce(sum(u${v}) ${past}, 0) AS s${v}`,
  );
  const sums = `SELECT k, t, count(c) ${past} AS n${running.join('')}, lead(k) OVER () AS k_next, lead(t) OVER () AS t_next FROM (SELECT * FROM (${rows} UNION ALL ${starts}) ORDER BY k, t)`;
  return `CREATE TEMP TABLE "__tiles${g}" AS SELECT * EXCLUDE (t, k_next, t_next), t + 1 AS t FROM (${sums}) WHERE k_next IS DISTINCT FROM k OR t_next IS DISTINCT FROM t`;
}

const earliestTile = -2_147_483_000;

type WindowFeature = Feature & { kind: 'window' };

/** The features of one lookup for every row. */
function windowsTable(service: FeatureService, { group, columns }: Lookup, l: number): string {
  const { key, grain } = service.groups[group];
  const features = service.features.filter(
    (feature): feature is WindowFeature => feature.kind === 'window' && feature.lookup === l,
  );
  const lengths = [...new Set(features.map(({ tiles }) => tiles))];
  const at = key.length > 0 ? idName(key, columns) : '0';
  const asof = (alias: string, tiles: number) =>
    `ASOF LEFT JOIN "__tiles${group}" ${alias} ON p.k = ${alias}.k AND p.t - ${tiles} >= ${alias}.t`;
  const joins = [asof('e', 0), ...lengths.map((tiles, i) => asof(`b${i}`, tiles))];
  const difference = (column: string, tiles: number) =>
    `(coalesce(e.${column}, 0) - coalesce(b${lengths.indexOf(tiles)}.${column}, 0))`;
  const values = features.map(({ name, aggregate, value, tiles }) => {
    const sql =
      aggregate === 'count'
        ? difference('n', tiles)
        : aggregate === 'sum'
          ? `${difference(`s${value}`, tiles)} / ${unitsPerOne}.0`
          : `${difference(`s${value}`, tiles)} / nullif(${difference(`n${value}`, tiles)}, 0) / ${unitsPerOne}.0`;
    return `CAST(coalesce(${sql}, 'NaN'::DOUBLE) AS FLOAT) AS ${id(name)}`;
  });
  const points = `SELECT "__row", ${at} AS k, CAST(floor(${id(service.eventTime)} / ${grain}.0) AS INTEGER) AS t FROM "__points"`;
  return `CREATE TEMP TABLE "__windows${l}" AS SELECT p."__row", ${values.join(', ')} FROM (${points}) p ${joins.join(' ')}`;
}

/** Time, label, slices and features, in the order of the rows of the source. */
function finalSelect(service: FeatureService): string {
  const value = (name: string) => {
    const feature = service.features.find((one) => one.name === name);
    if (feature?.kind === 'window') return `"__windows${feature.lookup}".${id(name)}`;
    return feature ? feature.expression.sql : id(name);
  };
  const number = (sql: string, isBoolean: boolean) => (isBoolean ? `CAST(${sql} AS INTEGER)` : sql);
  const columns = [
    's."__row" AS "__row"',
    `make_timestamp(CAST(${id(service.eventTime)} * 1000.0 AS BIGINT)) AS "__time"`,
  ];
  if (service.label !== null) {
    const isBoolean = service.types[service.label] === 'boolean';
    columns.push(`${number(id(service.label), isBoolean)} AS "__label"`);
  }
  for (const slice of service.slices) {
    const sql = Object.hasOwn(service.types, slice) ? id(slice) : value(slice);
    columns.push(`${sql} AS ${id(`__slice_${slice}`)}`);
  }
  for (const feature of service.features) {
    const sql =
      feature.kind === 'window'
        ? value(feature.name)
        : number(value(feature.name), feature.expression.type === 'boolean');
    columns.push(`CAST(coalesce(${sql}, 'NaN') AS FLOAT) AS ${id(feature.name)}`);
  }
  const joins = service.lookups.map((_, l) => `JOIN "__windows${l}" ON "__windows${l}"."__row" = s."__row"`);
  return `SELECT ${columns.join(', ')} FROM "__points" s ${joins.join(' ')} ORDER BY s."__row"`;
}
