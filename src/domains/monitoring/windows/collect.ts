import { binCount, countNumeric, freezeNumericBins } from '../../../math/bins.ts';
import type { Scope } from '../../../platform/scope.ts';
import { sqlIdentifier, sqlLiteral, type Tables, withFreshFiles } from '../../../platform/tables/index.ts';
import type { Reference, WindowFacts } from '../monitoring.model.ts';
import type { MonitorSettings } from '../monitoring.settings.ts';
import type { ServingPort } from '../ports.ts';
import type { HourSums } from '../statistics/performance.ts';
import {
  type ColumnProfile,
  columnsOf,
  type ReferenceProfile,
  scoreColumn,
} from '../statistics/reference.ts';
import { type Census, type Due, dueWindows } from './due.model.ts';
import {
  censusSql,
  countsSql,
  evenSql,
  featureColumns,
  hoursSql,
  mixSql,
  rankingSql,
  rowsTableSql,
  unevenSql,
} from './window-sql.ts';

type Session = Pick<Tables, 'query' | 'columns' | 'run'>;

/** Windows of a deployment that are due, from a count of its log since the oldest window that is not final. */
export async function findDue(
  serving: ServingPort,
  scope: Scope,
  deployment: string,
  settings: MonitorSettings,
  states: readonly { start: number; state: string; rows: number }[],
): Promise<Due[]> {
  const { window } = settings;
  const open = states.find(({ state }) => state !== 'final');
  const last = states.at(-1);
  const from = open?.start ?? (last ? last.start + window : undefined);
  const census = await withFreshFiles(async () => {
    const relation = await serving.predictionsSql(scope, deployment, from === undefined ? {} : { from });
    return scope.platform.tables.query<{ start: number; rows: number; newest: number }>(
      censusSql(relation, window),
    );
  });
  if (census.length === 0) return [];
  const newest = census.reduce((latest, one) => Math.max(latest, one.newest), 0);
  const isQuiet = scope.now() - newest > window + settings.labelHorizon;
  const known = new Map(states.map(({ start, state }) => [start, state as 'provisional' | 'final']));
  const usual = states.reduce((most, { rows }) => Math.max(most, rows), 0);
  return dueWindows(census as Census, known, settings, isQuiet, usual);
}

export type Mix = {
  w: number;
  revision: string;
  rows: number;
  errors: number;
  kept: number;
  labelled: number;
};

/** What `collect` needs to know of each revision: its frozen reference, made from the rows when there is none. */
export type ReferenceFor = (
  revision: string,
  freeze: (features: readonly string[]) => Promise<ReferenceProfile | null>,
) => Promise<Reference | null>;

/**
 * Counts the wanted windows in one pass over the log. All aggregation is DuckDB's; what comes back is a few hundred
 * numbers per window.
 */
export async function collect(
  serving: ServingPort,
  scope: Scope,
  deployment: string,
  settings: MonitorSettings,
  starts: readonly number[],
  referenceFor: ReferenceFor,
): Promise<Map<number, { facts: WindowFacts; reference: Reference | null }>> {
  const { window } = settings;
  const recorded = featureColumns(await serving.listRevisions(scope, deployment));
  const features = recorded.map(({ name }) => name);
  // What is not written looks like missing values, which it is not.
  const hidden = new Set(await serving.hiddenFeatures(scope, deployment));
  const visible = features.filter((name) => !hidden.has(name));
  const range = { from: Math.min(...starts), to: Math.max(...starts) + window };
  return scope.platform.tables.session(async (session) => {
    await withFreshFiles(async () => {
      const relation = await serving.joinedSql(scope, deployment, range);
      await session.run(rowsTableSql(relation, window, starts, recorded));
    });
    for (const { w, most } of await session.query<{ w: number; most: number }>(unevenSql))
      await session.run(evenSql(w, most));
    const mix = await session.query<Mix>(mixSql);
    const found = new Map<number, { facts: WindowFacts; reference: Reference | null }>();
    for (const [revision, own] of byRevision(mix)) {
      const freeze = (names: readonly string[]) =>
        freezeLive(
          session,
          revision,
          own,
          (names.length > 0 ? names : features).filter((name) => !hidden.has(name)),
          features,
          settings,
        );
      const reference = await referenceFor(revision, freeze);
      const columns = reference ? countable(reference, features, visible) : [];
      for (const facts of await countWindows(session, revision, own, mix, columns, window))
        found.set(facts.start, { facts, reference });
    }
    return found;
  });
}

/** Windows by the revision that answered most of their rows. */
function byRevision(mix: readonly Mix[]): Map<string, number[]> {
  const first = new Map<number, string>();
  for (const { w, revision } of mix) if (!first.has(w)) first.set(w, revision);
  const groups = new Map<string, number[]>();
  for (const [w, revision] of [...first].sort((a, b) => a[0] - b[0]))
    groups.set(revision, [...(groups.get(revision) ?? []), w]);
  return groups;
}

type Countable = { name: string; column: string; profile: ColumnProfile };

function countable(
  reference: Reference,
  features: readonly string[],
  visible: readonly string[],
): Countable[] {
  return columnsOf(reference.profile).flatMap(([name, profile]) => {
    if (name === scoreColumn) return [{ name, column: 's', profile }];
    const place = visible.includes(name) ? features.indexOf(name) : -1;
    return place < 0 ? [] : [{ name, column: `f${place}`, profile }];
  });
}

async function countWindows(
  session: Session,
  revision: string,
  starts: readonly number[],
  mix: readonly Mix[],
  columns: readonly Countable[],
  window: number,
): Promise<WindowFacts[]> {
  type CountRow = { w: number } & Record<string, { key: number; value: number }[] | number | null>;
  const counts =
    columns.length > 0 ? await session.query<CountRow>(countsSql(columns, revision, starts)) : [];
  const hours = await session.query<HourSums & { w: number; h: number }>(hoursSql(revision, starts));
  const rankings = await session.query<{
    w: number;
    positives: number;
    negatives: number;
    ranks: number | null;
  }>(rankingSql(revision, starts));
  return starts.map((start) => {
    const all = mix.filter(({ w }) => w === start);
    const own = all.find((one) => one.revision === revision);
    const row = counts.find(({ w }) => w === start);
    const ranking = rankings.find(({ w }) => w === start);
    const sum = (pick: (one: Mix) => number) => all.reduce((total, one) => total + pick(one), 0);
    return {
      start,
      end: start + window,
      rows: sum((one) => one.rows),
      errors: sum((one) => one.errors),
      revision,
      judged: sum((one) => one.kept),
      revisionRows: own?.kept ?? 0,
      labelled: own?.labelled ?? 0,
      counts: Object.fromEntries(
        columns.map(({ name, profile }, i) => [name, spread(row?.[`c${i}`], binCount(profile.bins))]),
      ),
      hours: hours
        .filter(({ w }) => w === start)
        .map(({ n, labels, scores, logLoss, excess, brier }) => ({
          n,
          labels,
          scores,
          logLoss,
          excess,
          brier,
        })),
      ranking: rankingOf(ranking),
    };
  });
}

function spread(map: { key: number; value: number }[] | number | null | undefined, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  if (Array.isArray(map)) for (const { key, value } of map) counts[key] = value;
  return counts;
}

function rankingOf(row: { positives: number; negatives: number; ranks: number | null } | undefined) {
  const positives = row?.positives ?? 0;
  const negatives = row?.negatives ?? 0;
  if (!row || row.ranks === null || positives === 0 || negatives === 0)
    return { auc: null, positives, negatives };
  return {
    auc: (row.ranks - (positives * (positives + 1)) / 2) / (positives * negatives),
    positives,
    negatives,
  };
}

/** Bins and counts of the revision's first window that holds enough rows; null while there is none. */
async function freezeLive(
  session: Session,
  revision: string,
  starts: readonly number[],
  names: readonly string[],
  features: readonly string[],
  settings: MonitorSettings,
): Promise<ReferenceProfile | null> {
  const where = (w: number) =>
    `FROM rows_of_windows WHERE w = ${w} AND revision = ${sqlLiteral(revision)} AND NOT failed AND k > 0 AND s IS NOT NULL`;
  for (const start of starts) {
    const [{ rows }] = await session.query<{ rows: number }>(`SELECT count(*) AS rows ${where(start)}`);
    if (rows < settings.minimumRows) continue;
    const wanted = names.filter((name) => features.includes(name));
    const list = wanted.map((name, i) => `f${features.indexOf(name)} AS ${sqlIdentifier(`c${i}`)}`);
    const { columns } = await session.columns(`SELECT ${[...list, 's', 'y'].join(', ')} ${where(start)}`);
    const freeze = (values: Float64Array | unknown[]): ColumnProfile => {
      const column = values as Float64Array | (number | null)[];
      const bins = freezeNumericBins(column);
      return { bins, counts: Array.from(countNumeric(bins, column)) };
    };
    return {
      features: Object.fromEntries(wanted.map((name, i) => [name, freeze(columns[i])])),
      score: freeze(columns[wanted.length]),
      labelRate: null,
      rows,
    };
  }
  return null;
}
