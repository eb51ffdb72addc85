import { sql } from 'kysely';
import type { Db } from '../db/database.ts';
import { dialectOf } from '../db/open.ts';
import type { JobRow, JobState, NewJobRow } from './jobs.tables.ts';

/** Everything that a write must still hold for it to count: a job taken over by another worker has a higher fence. */
export type Claim = { id: string; fence: number };

/** Inserts a job; null when its key already stands for another one. */
export async function insertJob(db: Db, row: NewJobRow): Promise<string | null> {
  const inserted = await db
    .insertInto('jobs')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted?.id ?? null;
}

/** The job that holds a key: the queued one, else the one that was enqueued only once. */
export async function findJobByKey(
  db: Db,
  key: { active?: string; once?: string },
): Promise<string | undefined> {
  let query = db.selectFrom('jobs').select('id');
  query =
    key.once !== undefined
      ? query.where('once_key', '=', key.once)
      : query.where('active_key', '=', key.active ?? '').where('state', '=', 'queued');
  return (await query.executeTakeFirst())?.id;
}

/**
 * Takes up to `limit` due jobs of a pool, highest priority first. On PostgreSQL rows that another worker is
 * taking are skipped, so that no job is ever held twice; SQLite has one writer. A job whose key is being worked
 * on waits for that work to end.
 */
export async function claimJobs(
  db: Db,
  claim: {
    pool: string;
    kinds: readonly string[];
    limit: number;
    owner: string;
    now: number;
    leaseUntil: number;
  },
): Promise<JobRow[]> {
  let due = db
    .selectFrom('jobs as job')
    .select('job.id')
    .where('job.pool', '=', claim.pool)
    .where('job.state', '=', 'queued')
    .where('job.not_before', '<=', claim.now)
    .where('job.kind', 'in', claim.kinds)
    .where(({ or, eb, not, exists, selectFrom }) =>
      or([
        eb('job.active_key', 'is', null),
        not(
          exists(
            selectFrom('jobs as twin')
              .select('twin.id')
              .whereRef('twin.active_key', '=', 'job.active_key')
              .where('twin.state', '=', 'running'),
          ),
        ),
      ]),
    )
    .orderBy('job.priority', 'desc')
    .orderBy('job.not_before')
    .orderBy('job.id')
    .limit(claim.limit);
  if (dialectOf(db) === 'postgres') due = due.modifyEnd(sql`for update of job skip locked`);
  return db
    .updateTable('jobs')
    .set((eb) => ({
      state: 'running' as const,
      owner: claim.owner,
      lease_until: claim.leaseUntil,
      fence: eb('fence', '+', 1),
      started_at: eb.fn.coalesce('started_at', eb.val(claim.now)),
      error: null,
    }))
    .where('id', 'in', due)
    .where('state', '=', 'queued')
    .returningAll()
    .execute();
}

/** When the next queued job of these kinds falls due; null when none waits. */
export async function nextDue(db: Db, kinds: readonly string[], after: number): Promise<number | null> {
  const row = await db
    .selectFrom('jobs')
    .select((eb) => eb.fn.min('not_before').as('due'))
    .where('state', '=', 'queued')
    .where('kind', 'in', kinds)
    .where('not_before', '>', after)
    .executeTakeFirst();
  return row?.due ?? null;
}

/** Extends the leases of an owner; returns the jobs that it still holds. */
export async function renewLeases(db: Db, owner: string, ids: readonly string[], leaseUntil: number) {
  if (ids.length === 0) return [];
  return db
    .updateTable('jobs')
    .set({ lease_until: leaseUntil })
    .where('id', 'in', ids)
    .where('owner', '=', owner)
    .where('state', '=', 'running')
    .returning(['id', 'fence', 'cancel_requested'])
    .execute();
}

/** Writes to a job that is still held under this fence; false when it is not. */
export async function updateHeld(
  db: Db,
  { id, fence }: Claim,
  values: Partial<Omit<NewJobRow, 'id' | 'fence'>>,
): Promise<boolean> {
  const updated = await db
    .updateTable('jobs')
    .set(values)
    .where('id', '=', id)
    .where('fence', '=', fence)
    .where('state', '=', 'running')
    .executeTakeFirst();
  return Number(updated.numUpdatedRows) === 1;
}

/** Every owner that holds a running job. */
export async function runningOwners(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('jobs')
    .select('owner')
    .distinct()
    .where('state', '=', 'running')
    .execute();
  return rows.flatMap((row) => row.owner ?? []);
}

/** Running jobs whose lease ran out, or that one of `owners` holds. */
export function abandonedJobs(db: Db, now: number, owners: readonly string[]): Promise<JobRow[]> {
  return db
    .selectFrom('jobs')
    .selectAll()
    .where('state', '=', 'running')
    .where((eb) =>
      eb.or([eb('lease_until', '<', now), ...(owners.length ? [eb('owner', 'in', owners)] : [])]),
    )
    .execute();
}

/** Whether another queued job stands for the same key, so that this one need not be queued again. */
export async function hasQueuedTwin(db: Db, row: Pick<JobRow, 'id' | 'active_key'>): Promise<boolean> {
  if (row.active_key === null) return false;
  const twin = await findJobByKey(db, { active: row.active_key });
  return twin !== undefined && twin !== row.id;
}

/** Marks a job to be cancelled: a queued one ends at once, a running one is told. Returns its state afterwards. */
export async function requestCancel(
  db: Db,
  id: string,
  now: number,
  onlyRunning: boolean,
): Promise<JobState | null> {
  const row = await db
    .updateTable('jobs')
    .set((eb) => ({
      cancel_requested: 1,
      ended_at: eb.case().when('state', '=', 'queued').then(eb.val(now)).else(eb.ref('ended_at')).end(),
      state: sql<JobState>`case when state = 'queued' then 'cancelled' else state end`,
    }))
    .where('id', '=', id)
    .where('state', 'in', onlyRunning ? ['running'] : ['queued', 'running'])
    .returning('state')
    .executeTakeFirst();
  return row?.state ?? null;
}

/** Puts a dead or cancelled job back into the queue; false when it is neither. */
export async function reviveJob(db: Db, id: string, now: number): Promise<boolean> {
  const updated = await db
    .updateTable('jobs')
    .set({
      state: 'queued',
      attempt: 1,
      takeovers: 0,
      cancel_requested: 0,
      not_before: now,
      ended_at: null,
      error: null,
    })
    .where('id', '=', id)
    .where('state', 'in', ['dead', 'cancelled'])
    .executeTakeFirst();
  return Number(updated.numUpdatedRows) === 1;
}

export type JobFilter = { state?: JobState; kind?: string; before?: string; limit?: number };

/** Jobs that match, newest first. */
export function listJobs(db: Db, filter: JobFilter): Promise<JobRow[]> {
  let query = db.selectFrom('jobs').selectAll();
  if (filter.state) query = query.where('state', '=', filter.state);
  if (filter.kind) query = query.where('kind', '=', filter.kind);
  if (filter.before) query = query.where('id', '<', filter.before);
  return query
    .orderBy('id', 'desc')
    .limit(Math.min(filter.limit ?? 100, 1000))
    .execute();
}

export function getJob(db: Db, id: string): Promise<JobRow | undefined> {
  return db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Jobs by state, for pages and metrics. */
export async function countJobs(db: Db): Promise<Partial<Record<JobState, number>>> {
  const rows = await db
    .selectFrom('jobs')
    .select((eb) => ['state', eb.fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.state, Number(row.count)]));
}

/** Forgets jobs that ended before `time`; dead ones stay until a person has seen them. */
export async function pruneJobs(db: Db, time: number): Promise<void> {
  await db
    .deleteFrom('jobs')
    .where('state', 'in', ['done', 'cancelled'])
    .where('ended_at', '<', time)
    .execute();
}
