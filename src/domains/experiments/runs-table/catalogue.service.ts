import { setTimeout as rest } from 'node:timers/promises';
import type { Scope } from '../../../platform/scope.ts';
import { existingExperiment } from './runs-table.service.ts';
import { firstIds, keyCounts, orderedIds } from './runs-table.store.ts';

type Kind = 'metrics' | 'params' | 'tags';
type Counts = Record<Kind, Map<string, number>>;
type Counting = {
  counts: Counts;
  /** Runs that have ended and are counted for good. */
  done: Set<string>;
  total: number;
  startedAt: number;
  /** Settles when all runs that had ended are counted, or when that failed. */
  work: Promise<void>;
  isBusy: boolean;
  failure?: unknown;
};
export type Catalogue = Record<Kind, { key: string; runs: number }[]> & { runs: number; counted: number };

const CHUNK = 200;
const PATIENCE_MS = 250;
const LIFETIME_MS = 10 * 60_000;
const MOST_KEPT = 50;
const kept = new WeakMap<object, Map<number, Counting>>();

/**
 * The keys of metrics, params and tags that runs of an experiment carry, with the number of runs of each. A large
 * experiment is counted in slices, the newest runs first, while the server goes on with other work: what is counted
 * within a quarter of a second is answered at once, and the next call finds more.
 */
export async function catalogueOf(scope: Scope, experiment: string): Promise<Catalogue> {
  const { id } = await existingExperiment(scope, experiment);
  const all = kept.get(scope.platform) ?? new Map<number, Counting>();
  kept.set(scope.platform, all);
  const known = all.get(id);
  const isFresh = known !== undefined && !known.failure && scope.now() - known.startedAt < LIFETIME_MS;
  const counting = isFresh ? known : begin(scope.now());
  all.delete(id);
  all.set(id, counting);
  for (const oldest of [...all.keys()].slice(0, -MOST_KEPT)) all.delete(oldest);
  if (!counting.isBusy) start(scope, id, counting);
  await Promise.race([counting.work, rest(PATIENCE_MS)]);
  if (counting.failure) throw counting.failure;
  const active = await firstIds(scope.db, askFor(id, '='), newestFirst, CHUNK);
  return answer(counting, active.length, await keyCounts(scope.db, active));
}

const newestFirst = { kind: 'attribute', key: 'start_time', ascending: false } as const;

/** Runs that are under way (`=`) or have ended (`!=`). */
const askFor = (experimentId: number, operator: '=' | '!=') => ({
  experimentIds: [experimentId],
  stages: ['active'] as const,
  clauses: [{ kind: 'attribute', key: 'status', operator, value: 'RUNNING' } as const],
});

function begin(now: number): Counting {
  const counts: Counts = { metrics: new Map(), params: new Map(), tags: new Map() };
  return { counts, done: new Set(), total: 0, startedAt: now, work: Promise.resolve(), isBusy: false };
}

function start(scope: Scope, id: number, counting: Counting): void {
  counting.isBusy = true;
  counting.work = count(scope, id, counting)
    .catch((error: unknown) => {
      counting.failure = error;
    })
    .finally(() => {
      counting.isBusy = false;
    });
}

/** Counts the runs that have ended since. */
async function count(scope: Scope, experimentId: number, counting: Counting): Promise<void> {
  const started = performance.now();
  const ids = await orderedIds(scope.db, askFor(experimentId, '!='), newestFirst);
  counting.total = ids.length;
  const left = ids.filter((one) => !counting.done.has(one));
  for (let from = 0; from < left.length; from += CHUNK) {
    const chunk = left.slice(from, from + CHUNK);
    add(counting.counts, await keyCounts(scope.db, chunk));
    for (const one of chunk) counting.done.add(one);
    // The first slices come at once; a long count leaves more than half of the time to other work.
    await rest(performance.now() - started < PATIENCE_MS ? 0 : 40);
  }
}

const kinds = ['metrics', 'params', 'tags'] as const;

function add(counts: Counts, found: Awaited<ReturnType<typeof keyCounts>>): void {
  for (const kind of kinds) {
    const known = counts[kind];
    for (const { key, runs } of found[kind]) known.set(key, (known.get(key) ?? 0) + Number(runs));
  }
}

function answer(
  { counts, done, total }: Counting,
  active: number,
  found: Awaited<ReturnType<typeof keyCounts>>,
): Catalogue {
  const all: Counts = {
    metrics: new Map(counts.metrics),
    params: new Map(counts.params),
    tags: new Map(counts.tags),
  };
  add(all, found);
  const sorted = (kind: Kind) =>
    [...all[kind]]
      .map(([key, runs]) => ({ key, runs }))
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return {
    runs: total + active,
    counted: Math.min(done.size, total) + active,
    metrics: sorted('metrics'),
    params: sorted('params'),
    tags: sorted('tags'),
  };
}
