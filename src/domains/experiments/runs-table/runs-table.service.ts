import type { Scope } from '../../../platform/scope.ts';
import { experimentsError } from '../experiments.contract.ts';
import type { RunStatus } from '../experiments.model.ts';
import { findExperiment } from '../experiments.store.ts';
import type { ExperimentRow } from '../experiments.tables.ts';
import { type Order, parseFilter, parseOrder } from '../search/filter.model.ts';
import { runGrammar } from '../search/search.service.ts';
import { type Field, nest, parseField, parseGroup } from './fields.model.ts';
import type { GroupsInput, WindowInput } from './runs-table.contract.ts';
import * as store from './runs-table.store.ts';
import { type Snapshot, Snapshots } from './snapshots.ts';

/** A first window needs no more; what lies beyond is read when someone scrolls there. */
const FIRST = 1000;
const snapshotsOf = new WeakMap<object, Snapshots>();
const newestFirst: Order = { kind: 'attribute', key: 'start_time', ascending: false };

export type TableRow = {
  id: string;
  name: string;
  status: RunStatus;
  startedAt: number;
  endedAt: number | null;
  user: string;
  parent: string | null;
  depth: number;
  children: number;
  cells: (number | string | null)[];
};

/** @throws experiments.experiment.not_found */
export async function existingExperiment(scope: Scope, name: string): Promise<ExperimentRow> {
  const found = await findExperiment(scope.db, name);
  if (found) return found;
  throw experimentsError('experiments.experiment.not_found', 'There is no experiment of this name.');
}

type Asking = { filter?: string; stage?: 'active' | 'deleted'; order?: string };

async function asked(scope: Scope, experiment: string, input: Asking) {
  const { id } = await existingExperiment(scope, experiment);
  const stages = [input.stage ?? 'active'] as const;
  const clauses = parseFilter(input.filter, runGrammar);
  const order = input.order === undefined ? newestFirst : parseOrder(input.order, runGrammar);
  return { experimentIds: [id], stages, clauses, order };
}

/**
 * A window of the runs of an experiment in one order, with the wanted cells only. Windows that name the snapshot of
 * an earlier one show the same runs in the same order, whatever happened since; a snapshot that is gone is made anew.
 * @throws experiments.experiment.not_found, experiments.search.invalid
 */
export async function runsWindow(
  scope: Scope,
  experiment: string,
  input: WindowInput,
): Promise<{ total: number; snapshot: string; rows: TableRow[] }> {
  const fields = (input.columns ?? []).map(parseField);
  const { offset = 0, limit = 100 } = input;
  const snapshot = await takeSnapshot(scope, experiment, input, offset + limit);
  const { parents } = snapshot;
  if (parents === null) {
    const ids = snapshot.ids.slice(offset, offset + limit);
    const places = ids.map((id) => ({ id, depth: 0, children: 0 }));
    return { total: snapshot.total, snapshot: snapshot.id, rows: await readRows(scope, places, fields) };
  }
  const tree = nest({ ids: snapshot.ids, parents }, new Set(input.open));
  const rows = await readRows(scope, tree.slice(offset, offset + limit), fields);
  return { total: tree.length, snapshot: snapshot.id, rows };
}

async function takeSnapshot(
  scope: Scope,
  experiment: string,
  input: WindowInput,
  end: number,
): Promise<Snapshot> {
  const { order, ...query } = await asked(scope, experiment, input);
  const { db } = scope;
  const nested = input.nested ?? false;
  const question = JSON.stringify([query, order, nested]);
  const snapshots = snapshotsOf.get(scope.platform) ?? new Snapshots();
  snapshotsOf.set(scope.platform, snapshots);
  const now = scope.now();
  const known = snapshots.find(input.snapshot, question, now);
  if (known && (known.ids.length === known.total || end <= known.ids.length)) return known;
  const isWhole = nested || end > FIRST || known !== undefined;
  const ids = isWhole
    ? await store.orderedIds(db, query, order)
    : await store.firstIds(db, query, order, FIRST);
  const total = isWhole || ids.length < FIRST ? ids.length : await store.countRuns(db, query);
  const parents = nested ? await store.parentsOf(db, query.experimentIds[0]!) : null;
  return snapshots.add({ question, total, ids, parents }, now, known?.id);
}

async function readRows(
  scope: Scope,
  places: readonly { id: string; depth: number; children: number }[],
  fields: readonly Field[],
): Promise<TableRow[]> {
  const ids = places.map(({ id }) => id);
  const [heads, cells] = await Promise.all([
    store.runHeads(scope.db, ids),
    store.cellsOf(scope.db, ids, fields),
  ]);
  return places.flatMap(({ id, depth, children }) => {
    const head = heads.get(id);
    if (!head) return [];
    return {
      id,
      name: head.name,
      status: head.status as RunStatus,
      startedAt: head.started_at,
      endedAt: head.ended_at,
      user: head.user_name ?? head.actor.replace(/^user:/, ''),
      parent: head.parent_id,
      depth,
      children,
      cells: cells.get(id)!,
    };
  });
}

/** All runs that match, in order, a thousand at a time. @throws experiments.search.invalid before the first */
export async function everyRun(
  scope: Scope,
  experiment: string,
  input: Asking & { fields: readonly Field[] },
): Promise<AsyncGenerator<TableRow[]>> {
  const { order, ...query } = await asked(scope, experiment, input);
  const ids = await store.orderedIds(scope.db, query, order);
  async function* pages() {
    for (let from = 0; from < ids.length; from += 1000) {
      const places = ids.slice(from, from + 1000).map((id) => ({ id, depth: 0, children: 0 }));
      yield readRows(scope, places, input.fields);
    }
  }
  return pages();
}

/** Groups of runs with their size and the spread of metrics. @throws experiments.search.invalid */
export async function runGroups(scope: Scope, experiment: string, input: GroupsInput) {
  const { order: _, ...query } = await asked(scope, experiment, input);
  const by = parseGroup(input.by);
  const metrics = input.metrics ?? [];
  const { groups, items } = await store.groupRuns(scope.db, query, by, metrics, input.limit ?? 200);
  const names =
    by.kind === 'parent'
      ? await store.runNames(
          scope.db,
          items.flatMap(({ value }) => value ?? []),
        )
      : new Map<string, string>();
  return {
    groups,
    items: items.map((group) => ({
      value: group.value,
      label: group.value === null ? null : (names.get(group.value) ?? group.value),
      runs: group.runs,
      metrics: group.metrics.map((spread, i) => ({ key: metrics[i]!, ...spread })),
    })),
  };
}

/** The most frequent values of a param or tag among the newest runs, for completion. */
export async function fieldValues(scope: Scope, experiment: string, field: string) {
  const { kind, key } = parseField(field);
  if (kind === 'metric') return [];
  const { order, ...query } = await asked(scope, experiment, {});
  const ids = await store.firstIds(scope.db, query, order, 2000);
  return store.frequentValues(scope.db, ids, { kind, key }, 50);
}
