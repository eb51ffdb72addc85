import type { Platform } from '../../../platform/platform.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { experimentsError } from '../experiments.contract.ts';
import { LIMITS } from '../experiments.model.ts';
import { addModelMetrics } from '../logged-models/logged-models.service.ts';
import { addMetricPoints } from '../metrics.store.ts';
import * as runs from '../runs.store.ts';
import { type RunChange, runDeleted, runNotFound } from './runs.service.ts';
import * as store from './runs.store.ts';
import { type Batch, type BatchPoint, checkBatch, pairsToRecord } from './tracking.model.ts';

type Change = Pick<RunChange, 'name' | 'parent'>;
type Write = {
  scope: Scope;
  id: string;
  points: readonly BatchPoint[];
  params: runs.PairRow[];
  tags: runs.PairRow[];
  change: Change;
};

/**
 * Keeps a batch whole or not at all; it is committed when this resolves. Batches that arrive while another is being
 * written share one transaction. Params that are there with the same value and points that are there already are
 * left alone.
 * @throws experiments.run.not_found, experiments.run.deleted, experiments.batch.too_large,
 *   experiments.input.invalid, experiments.param.immutable
 */
export async function logBatch(scope: Scope, id: string, batch: Batch, change: Change = {}): Promise<void> {
  authorise(scope, 'experiments.write');
  checkBatch(batch);
  const params = pairsToRecord(batch.params ?? [], LIMITS.paramValue, true);
  const tags = pairsToRecord(batch.tags ?? [], LIMITS.tagValue, false);
  const write: Write = {
    scope,
    id,
    points: batch.metrics ?? [],
    params: runs.pairRows(id, params),
    tags: runs.pairRows(id, tags),
    change,
  };
  if (scope.afterCommit) return writeAlone(write);
  return new Promise((resolve, reject) => {
    const queue = queueOf(scope.platform);
    queue.waiting.push({ write, settle: (error) => (error === undefined ? resolve() : reject(error)) });
    start(queue);
  });
}

type Waiting = { write: Write; settle(error?: unknown): void };
/** Batches that wait for a transaction, and how many transactions are under way. */
type Queue = { waiting: Waiting[]; writers: number; isStarting: boolean };
const queues = new WeakMap<Platform, Queue>();

/** SQLite writes one at a time; on PostgreSQL the next transaction fills while the one before commits. */
const mostWriters = { sqlite: 1, postgres: 2 } as const;
const mostTogether = { batches: 64, points: 5000 } as const;

function queueOf(platform: Platform): Queue {
  let queue = queues.get(platform);
  if (!queue) {
    queue = { waiting: [], writers: 0, isStarting: false };
    queues.set(platform, queue);
  }
  return queue;
}

/** Starts a writer after the requests that have already arrived were read, so that they go together. */
function start(queue: Queue): void {
  if (queue.isStarting) return;
  queue.isStarting = true;
  setImmediate(() => {
    queue.isStarting = false;
    const [first] = queue.waiting;
    if (!first || queue.writers >= mostWriters[first.write.scope.platform.dialect]) return;
    queue.writers++;
    void writeOut(takeGroup(queue.waiting)).finally(() => {
      queue.writers--;
      if (queue.waiting.length > 0) start(queue);
    });
    if (queue.waiting.length > 0) start(queue);
  });
}

const isAboutModels = ({ points }: Write) => points.some(({ modelId }) => modelId);

/** The first batches that go well together; one about logged models goes alone. */
function takeGroup(waiting: Waiting[]): Waiting[] {
  let count = 0;
  let points = 0;
  for (const { write } of waiting) {
    const isAlone = isAboutModels(write);
    if (count > 0 && (isAlone || count === mostTogether.batches || points > mostTogether.points)) break;
    count++;
    points += write.points.length;
    if (isAlone) break;
  }
  return waiting.splice(0, count);
}

/** Writes a group and tells each batch how it went; when the group fails as a whole, each has a try of its own. */
async function writeOut(group: readonly Waiting[]): Promise<void> {
  const writes = group.map(({ write }) => write);
  try {
    const errors = await transact(writes[0]!.scope, (tx) => writeTogether(tx, writes));
    for (const { write, settle } of group) settle(errors.get(write));
  } catch (error) {
    if (group.length === 1) return group[0]!.settle(error);
    for (const one of group) await writeOut([one]);
  }
}

async function writeAlone(write: Write): Promise<void> {
  const errors = await transact(write.scope, (tx) => writeTogether(tx, [write]));
  if (errors.has(write)) throw errors.get(write);
}

/** Writes batches in one transaction but for those that may not be: their errors are returned. */
async function writeTogether(tx: Scope, writes: readonly Write[]): Promise<Map<Write, Error>> {
  const refused = new Map<Write, Error>();
  const stages = await store.stagesOfRuns(tx.db, [...new Set(writes.map(({ id }) => id))]);
  for (const write of writes) {
    const stage = stages.get(write.id);
    if (stage !== 'active') refused.set(write, stage === undefined ? runNotFound() : runDeleted());
  }
  const params = await acceptParams(tx, writes, refused);
  const accepted = writes.filter((write) => !refused.has(write));
  const [conflict] = await runs.addParams(tx.db, params);
  if (conflict) throw immutable(conflict.key);
  await addMetricPoints(
    tx.db,
    accepted.map(({ id, points }) => ({ runId: id, points })),
  );
  for (const { id, points } of accepted) await addModelMetrics(tx, id, points);
  const tags = accepted.flatMap((write) => write.tags);
  await runs.setTags(tx.db, sorted([...new Map(tags.map((row) => [placeOf(row), row])).values()]));
  for (const { id, change } of accepted) {
    await store.updateRunRow(tx.db, id, {
      ...(change.name !== undefined && { name: change.name.slice(0, 250) }),
      ...(change.parent !== undefined && { parent_id: change.parent }),
    });
  }
  return refused;
}

const immutable = (key: string) =>
  experimentsError('experiments.param.immutable', `The param "${key}" has another value.`);
const placeOf = ({ run_id, key }: runs.PairRow) => `${run_id} ${key}`;
const sorted = (rows: readonly runs.PairRow[]) =>
  [...rows].sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));

/** Params to write, each once; batches with another value than the stored or an earlier one are refused. */
async function acceptParams(
  tx: Scope,
  writes: readonly Write[],
  refused: Map<Write, Error>,
): Promise<runs.PairRow[]> {
  const wanted = writes.filter((write) => !refused.has(write)).flatMap(({ params }) => params);
  const stored = await runs.storedParams(tx.db, wanted);
  const values = new Map(stored.map((row) => [placeOf(row), row.value]));
  const added: runs.PairRow[] = [];
  for (const write of writes) {
    if (refused.has(write)) continue;
    const conflict = write.params.find((row) => (values.get(placeOf(row)) ?? row.value) !== row.value);
    if (conflict) {
      refused.set(write, immutable(conflict.key));
      continue;
    }
    for (const row of write.params) {
      if (values.has(placeOf(row))) continue;
      values.set(placeOf(row), row.value);
      added.push(row);
    }
  }
  return sorted(added);
}
