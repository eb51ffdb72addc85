import { newId } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import { afterCommit, type Scope, transact } from '../scope.ts';
import * as store from './jobs.store.ts';
import type { JobRow, JobState } from './jobs.tables.ts';
import { createWorker, type Worker, type WorkerOptions } from './worker.ts';

export { JobLost, JobReleased } from './interruption.ts';
export { jobsMigrations } from './jobs.migrations.ts';
export type { JobState } from './jobs.tables.ts';

/** Why a running job is asked to end: `signal.reason` of its context. */
export type JobInterruption = 'cancelled' | 'shutdown' | 'lease-lost';

/** What a running job knows of itself. */
export type JobContext = {
  readonly id: string;
  /** 1 for the first try; one more for each try that threw. A take-over from a dead server keeps the number. */
  readonly attempt: number;
  /** Grows at each claim, also at take-overs: two holders of one job never have the same. */
  readonly fence: number;
  /** Aborted with a JobInterruption as its reason. */
  readonly signal: AbortSignal;
  /** Shows how far the work is, from 0 to 1, with a short note. Written at most every half second. */
  progress(fraction: number, note?: string): void;
  /** Inside transact(): raises JobLost when another worker has taken the job over, so that nothing commits twice. */
  guard(tx: Scope): Promise<void>;
  /** Inside transact(): ends the job in the same transaction as its effect, which makes that effect exactly-once. */
  finish(tx: Scope): Promise<void>;
};

/** One kind of background work. */
export type JobKind<Payload extends JsonObject = JsonObject> = {
  kind: string;
  /** At-least-once: it runs again after a crash or when it threw, so its effects must be repeatable or guarded. */
  run(scope: Scope, payload: Payload, job: JobContext): Promise<void>;
  /** Tries in all before the job is dead (default 5). */
  attempts?: number;
  /** Take-overs from dead servers before the job is taken for the cause of their death (default 25). */
  takeovers?: number;
  /** Whose slots it uses (default 'default'). */
  pool?: string;
  /** How many jobs of its pool this process runs at a time, unless the configuration says (default 4). */
  slots?: number;
  /** Milliseconds to wait after a failed attempt (default: 1 s doubling up to 5 min). */
  backoff?(attempt: number): number;
  /** At stop: 'finish' waits for it within the grace time, 'release' interrupts it at once (default 'finish'). */
  atStop?: 'finish' | 'release';
};

export type NewJob = {
  kind: string;
  payload: JsonObject;
  /**
   * Work of the same key is enqueued once until it starts and never runs twice at a time: enqueuing while one is
   * queued returns that one; enqueuing while one runs queues one more, which starts after it.
   */
  key?: string;
  /** With `key`: never again, not even after it is done, while the finished job is kept (7 days). */
  once?: boolean;
  pool?: string;
  /** Milliseconds since 1970 before which it does not start. */
  notBefore?: number;
  /** Higher starts first (default 0). */
  priority?: number;
};

export type Job = {
  id: string;
  kind: string;
  payload: JsonObject;
  state: JobState;
  pool: string;
  priority: number;
  attempt: number;
  takeovers: number;
  key: string | null;
  cause: string | null;
  owner: string | null;
  progress: number | null;
  note: string | null;
  error: string | null;
  notBefore: number;
  createdAt: number;
  startedAt: number | null;
  endedAt: number | null;
};

export type Jobs = {
  /** Makes a kind of work known to this process. Before start(). */
  define<Payload extends JsonObject>(kind: JobKind<Payload>): void;
  /** Adds work in the caller's transaction; it starts right after the commit. Returns the job's id. */
  enqueue(tx: Scope, job: NewJob): Promise<string>;
  /**
   * Asks a job to end: a queued one never starts (unless `onlyRunning`), a running one is interrupted. Returns its
   * state after that; null when there was nothing to do.
   */
  cancel(tx: Scope, id: string, options?: { onlyRunning?: boolean }): Promise<JobState | null>;
  /** Queues a dead or cancelled job again with all its attempts. */
  revive(tx: Scope, id: string): Promise<boolean>;
  /** Takes over the work of dead servers of this machine, then starts working. */
  start(): Promise<void>;
  /** Takes no more work, waits for what runs (interrupting it after `graceMs`, default 10 s), releases the rest. */
  stop(options?: { graceMs?: number }): Promise<void>;
  /** Looks for due work now. */
  wake(): void;
  list(scope: Scope, filter?: store.JobFilter): Promise<Job[]>;
  get(scope: Scope, id: string): Promise<Job | null>;
  count(scope: Scope): Promise<Partial<Record<JobState, number>>>;
  /** Resolves when this process runs nothing and nothing is due. For tests and orderly ends. */
  idle(): Promise<void>;
};

export type JobsOptions = WorkerOptions;

/**
 * Durable background work on one table. A job is leased for 15 s and renewed every 5 s; every write carries its
 * fence; a sweeper takes over what dead workers left, at once when they ran on this machine.
 */
export function createJobs(options: JobsOptions): Jobs {
  const kinds = new Map<string, JobKind>();
  const worker: Worker = createWorker(options, kinds);

  return {
    define(kind) {
      if (kinds.has(kind.kind)) throw new Error(`The job kind ${kind.kind} is defined twice.`);
      kinds.set(kind.kind, kind as unknown as JobKind);
    },
    enqueue: (tx, job) => transact(tx, (inner) => enqueue(inner, job, kinds.get(job.kind), worker)),
    cancel: (scope, id, { onlyRunning = false } = {}) =>
      transact(scope, async (tx) => {
        const state = await store.requestCancel(tx.db, id, tx.now(), onlyRunning);
        if (state === 'running') afterCommit(tx, () => worker.interrupt(id, 'cancelled'));
        return state;
      }),
    revive: (scope, id) =>
      transact(scope, async (tx) => {
        afterCommit(tx, worker.wake);
        return store.reviveJob(tx.db, id, tx.now());
      }),
    start: worker.start,
    stop: worker.stop,
    wake: worker.wake,
    list: async (scope, filter = {}) => (await store.listJobs(scope.db, filter)).map(toJob),
    get: async (scope, id) => {
      const row = await store.getJob(scope.db, id);
      return row ? toJob(row) : null;
    },
    count: (scope) => store.countJobs(scope.db),
    idle: worker.idle,
  };
}

async function enqueue(tx: Scope, job: NewJob, kind: JobKind | undefined, worker: Worker): Promise<string> {
  const now = tx.now();
  const id = newId('job', now);
  const inserted = await store.insertJob(tx.db, {
    id,
    kind: job.kind,
    payload: JSON.stringify(job.payload),
    state: 'queued',
    pool: job.pool ?? kind?.pool ?? 'default',
    priority: job.priority ?? 0,
    not_before: job.notBefore ?? now,
    active_key: job.key ?? null,
    once_key: job.once ? (job.key ?? null) : null,
    cause: tx.cause,
    attempt: 1,
    takeovers: 0,
    fence: 0,
    cancel_requested: 0,
    created_at: now,
  });
  afterCommit(tx, worker.wake);
  if (inserted) return id;
  const key = job.key ?? '';
  const twin = (job.once && (await store.findJobByKey(tx.db, { once: key }))) || undefined;
  return twin ?? (await store.findJobByKey(tx.db, { active: key })) ?? id;
}

function toJob(row: JobRow): Job {
  return {
    id: row.id,
    kind: row.kind,
    payload: JSON.parse(row.payload) as JsonObject,
    state: row.state,
    pool: row.pool,
    priority: row.priority,
    attempt: row.attempt,
    takeovers: row.takeovers,
    key: row.active_key,
    cause: row.cause,
    owner: row.owner,
    progress: row.progress,
    note: row.note,
    error: row.error,
    notBefore: row.not_before,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}
