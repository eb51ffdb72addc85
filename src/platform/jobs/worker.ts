import { randomBytes } from 'node:crypto';
import type { Db } from '../db/database.ts';
import { livenessOf, thisProcess } from '../engines/process-identity.ts';
import type { JsonObject } from '../json.ts';
import { errorText, type Logger } from '../log.ts';
import type { Scope } from '../scope.ts';
import { JobLost, JobReleased } from './interruption.ts';
import * as store from './jobs.store.ts';
import type { JobRow } from './jobs.tables.ts';
import type { JobContext, JobInterruption, JobKind } from './jobs.ts';

export type WorkerOptions = {
  db: Db;
  log: Logger;
  now?: () => number;
  /** The scope that work runs in. */
  systemScope(actor: string): Scope;
  /** Slots of this process by pool; a pool that is not named has as many as 'default' (4). */
  pools?: Readonly<Record<string, number>>;
  leaseMs?: number;
  renewMs?: number;
  pollMs?: number;
  /** Name of this worker in the `owner` column; only tests set it. */
  owner?: string;
};

export type Worker = {
  start(): Promise<void>;
  stop(options?: { graceMs?: number }): Promise<void>;
  wake(): void;
  interrupt(id: string, reason: JobInterruption): void;
  idle(): Promise<void>;
};

type Running = {
  row: JobRow;
  kind: JobKind;
  abort: AbortController;
  done: Promise<void>;
  /** The effect and the end of the job were committed together. */
  finished: boolean;
  progress: { fraction: number; note: string | null } | null;
  progressTimer: NodeJS.Timeout | undefined;
};

const keepEndedMs = 7 * 24 * 3_600_000;
const defaultSlots = 4;
const requeueTries = 3;

/** Claims, runs, renews and sweeps. One per process. */
export function createWorker(options: WorkerOptions, kinds: ReadonlyMap<string, JobKind>): Worker {
  const { db, log, now = Date.now, leaseMs = 15_000, renewMs = 5_000, pollMs = 1_000 } = options;
  const owner = options.owner ?? newOwner();
  const running = new Map<string, Running>();
  const slots = (pool: string) => {
    const wanted = [...kinds.values()].filter(
      (kind) => (kind.pool ?? 'default') === pool && kind.slots !== undefined,
    );
    return options.pools?.[pool] ?? (Math.max(0, ...wanted.map((kind) => kind.slots ?? 0)) || defaultSlots);
  };
  let state: 'idle' | 'working' | 'stopping' = 'idle';
  let claiming: Promise<void> | undefined;
  let claimAgain = false;
  let pollTimer: NodeJS.Timeout | undefined;
  let renewTimer: NodeJS.Timeout | undefined;
  let renewing: Promise<void> = Promise.resolve();
  let lastPrune = 0;

  function wake(): void {
    if (state !== 'working') return;
    claimAgain = true;
    claiming ??= claimLoop().finally(() => {
      claiming = undefined;
      if (claimAgain) wake();
    });
  }

  async function claimLoop(): Promise<void> {
    while (claimAgain && state === 'working') {
      claimAgain = false;
      try {
        await claimDue();
      } catch (error) {
        log.error('jobs: claiming failed', { error: errorText(error) });
        break;
      }
    }
    if (!claimAgain) await planNextPoll();
  }

  async function claimDue(): Promise<void> {
    for (const [pool, names] of kindsByPool(kinds, options.pools)) {
      const free = slots(pool) - [...running.values()].filter((job) => job.row.pool === pool).length;
      if (free <= 0) continue;
      const time = now();
      const claim = { pool, kinds: names, limit: free, owner, now: time, leaseUntil: time + leaseMs };
      const rows = await store.claimJobs(db, claim);
      for (const row of rows.sort((a, b) => b.priority - a.priority || (a.id < b.id ? -1 : 1))) begin(row);
    }
  }

  async function planNextPoll(): Promise<void> {
    const time = now();
    const due = await store.nextDue(db, [...kinds.keys()], time).catch(() => null);
    clearTimeout(pollTimer);
    if (state !== 'working') return;
    pollTimer = setTimeout(wake, Math.min(pollMs, due === null ? pollMs : Math.max(due - time, 1)));
  }

  function begin(row: JobRow): void {
    const kind = kinds.get(row.kind);
    if (!kind) return;
    const job: Running = {
      row,
      kind,
      abort: new AbortController(),
      done: Promise.resolve(),
      finished: false,
      progress: null,
      progressTimer: undefined,
    };
    running.set(row.id, job);
    if (row.cancel_requested) job.abort.abort('cancelled' satisfies JobInterruption);
    job.done = execute(job)
      .catch((error) =>
        log.error('jobs: could not record the end of a job', { job: row.id, error: errorText(error) }),
      )
      .finally(() => {
        clearTimeout(job.progressTimer);
        running.delete(row.id);
        wake();
      });
  }

  async function execute(job: Running): Promise<void> {
    const { row, kind } = job;
    const scope = { ...options.systemScope(`job:${row.kind}`), cause: row.cause };
    try {
      await kind.run(scope, JSON.parse(row.payload) as JsonObject, contextOf(job));
    } catch (error) {
      await onThrown(job, error);
      return;
    }
    if (job.finished) return;
    const ended = await store.updateHeld(db, row, ending('done', now()));
    if (!ended)
      log.warn('jobs: a job ended after another worker took it over', { job: row.id, kind: row.kind });
  }

  function contextOf(job: Running): JobContext {
    const { row } = job;
    return {
      id: row.id,
      attempt: row.attempt,
      fence: row.fence,
      signal: job.abort.signal,
      progress(fraction, note) {
        job.progress = { fraction, note: note ?? null };
        job.progressTimer ??= setTimeout(() => void flushProgress(job), 500);
        job.progressTimer.unref();
      },
      async guard(tx) {
        const held = await store.updateHeld(tx.db, row, { lease_until: now() + leaseMs });
        if (!held) throw new JobLost(row.id);
      },
      async finish(tx) {
        const held = await store.updateHeld(tx.db, row, ending('done', now()));
        if (!held) throw new JobLost(row.id);
        tx.afterCommit?.push(() => {
          job.finished = true;
        });
      },
    };
  }

  async function flushProgress(job: Running): Promise<void> {
    job.progressTimer = undefined;
    if (!job.progress || !running.has(job.row.id)) return;
    const { fraction, note } = job.progress;
    await store
      .updateHeld(db, job.row, { progress: fraction, note })
      .catch((error) =>
        log.debug('jobs: progress was not written', { job: job.row.id, error: errorText(error) }),
      );
  }

  /** A thrown error: released, lost, cancelled, to be tried again, or dead. */
  async function onThrown(job: Running, error: unknown): Promise<void> {
    const { row, kind } = job;
    const reason = job.abort.signal.aborted ? (job.abort.signal.reason as JobInterruption) : null;
    if (error instanceof JobLost || reason === 'lease-lost') {
      log.warn('jobs: lost to another worker', { job: row.id, kind: row.kind });
    } else if (error instanceof JobReleased || reason === 'shutdown') {
      const delayMs = error instanceof JobReleased ? error.delayMs : 0;
      await requeue(row, { not_before: now() + delayMs });
    } else if (reason === 'cancelled') {
      await store.updateHeld(db, row, ending('cancelled', now()));
    } else if (row.attempt >= (kind.attempts ?? 5)) {
      log.error('jobs: dead after its last attempt', {
        job: row.id,
        kind: row.kind,
        error: errorText(error),
      });
      await store.updateHeld(db, row, { ...ending('dead', now()), error: messageOf(error) });
    } else {
      log.warn('jobs: attempt failed', {
        job: row.id,
        kind: row.kind,
        attempt: row.attempt,
        error: errorText(error),
      });
      const wait = (kind.backoff ?? defaultBackoff)(row.attempt);
      await requeue(row, { not_before: now() + wait, attempt: row.attempt + 1, error: messageOf(error) });
    }
  }

  /** Queues a job again, unless a later one of its key is queued; one may be queued while this looks. */
  async function requeue(row: JobRow, values: Partial<JobRow>): Promise<void> {
    for (let tries = 1; !(await store.hasQueuedTwin(db, row)); tries++) {
      try {
        await store.updateHeld(db, row, { state: 'queued', owner: null, lease_until: null, ...values });
        return;
      } catch (error) {
        if (tries === requeueTries) throw error;
      }
    }
    await store.updateHeld(db, row, {
      ...ending('cancelled', now()),
      error: 'A later job of its key does its work.',
    });
  }

  /** Renews what runs here, then takes over what others left behind. */
  async function renewAndSweep(): Promise<void> {
    try {
      // Only what runs: a job whose end could not be recorded is taken over when its lease is over.
      const held = await store.renewLeases(db, owner, [...running.keys()], now() + leaseMs);
      const heldNow = new Map(held.map((row) => [row.id, row]));
      for (const job of [...running.values()]) {
        const row = heldNow.get(job.row.id);
        if (row?.fence !== job.row.fence) {
          if (!(await isEndedHere(job))) job.abort.abort('lease-lost' satisfies JobInterruption);
        } else if (row.cancel_requested) job.abort.abort('cancelled' satisfies JobInterruption);
      }
      await sweep();
      if (now() - lastPrune > 3_600_000) {
        lastPrune = now();
        await store.pruneJobs(db, lastPrune - keepEndedMs);
      }
    } catch (error) {
      log.error('jobs: renewing failed', { error: errorText(error) });
    }
    if (state === 'working' || running.size > 0)
      renewTimer = setTimeout(() => (renewing = renewAndSweep()), renewMs);
  }

  /** A job that committed its own end stays in `running` until its function returns; that is no loss. */
  async function isEndedHere(job: Running): Promise<boolean> {
    if (job.finished || !running.has(job.row.id)) return true;
    const row = await store.getJob(db, job.row.id);
    return row === undefined || (row.fence === job.row.fence && row.state !== 'queued');
  }

  async function sweep(): Promise<void> {
    const dead = (await store.runningOwners(db)).filter((other) => other !== owner && isDeadHere(other));
    const rows = await store.abandonedJobs(db, now(), dead);
    for (const row of rows) {
      if (running.has(row.id)) continue;
      const limit = kinds.get(row.kind)?.takeovers ?? 25;
      if (row.takeovers >= limit) {
        const error = `Its server died ${row.takeovers + 1} times while it ran.`;
        await store.updateHeld(db, row, { ...ending('dead', now()), error });
      } else {
        log.info('jobs: taken over from a dead worker', { job: row.id, kind: row.kind, owner: row.owner });
        await requeue(row, { takeovers: row.takeovers + 1 });
      }
    }
    if (rows.length > 0) wake();
  }

  return {
    wake,
    interrupt(id, reason) {
      running.get(id)?.abort.abort(reason);
    },
    async start() {
      if (state !== 'idle') return;
      state = 'working';
      await sweep();
      renewTimer = setTimeout(() => (renewing = renewAndSweep()), renewMs);
      wake();
    },
    async stop({ graceMs = 10_000 } = {}) {
      if (state === 'idle') return;
      state = 'stopping';
      clearTimeout(pollTimer);
      await claiming;
      for (const job of running.values()) if (job.kind.atStop === 'release') job.abort.abort('shutdown');
      const grace = setTimeout(() => {
        for (const job of running.values()) job.abort.abort('shutdown' satisfies JobInterruption);
      }, graceMs);
      // Work that ignores its signal is left to the lease: a later worker takes it over.
      const patience = new Promise<void>((resolve) => setTimeout(resolve, graceMs + 2_000).unref());
      await Promise.race([Promise.all([...running.values()].map((job) => job.done)), patience]);
      clearTimeout(grace);
      state = 'idle';
      await renewing;
      clearTimeout(renewTimer);
    },
    async idle() {
      for (;;) {
        wake();
        await claiming;
        if (running.size === 0 && !claiming) return;
        await Promise.all([...running.values()].map((job) => job.done));
      }
    },
  };
}

function kindsByPool(
  kinds: ReadonlyMap<string, JobKind>,
  named: WorkerOptions['pools'] = {},
): Map<string, string[]> {
  // A job may be enqueued into another pool than its kind's own, so every pool may hold every kind.
  const names = [...kinds.keys()];
  const pools = new Set([
    'default',
    ...Object.keys(named),
    ...[...kinds.values()].map((kind) => kind.pool ?? 'default'),
  ]);
  return new Map(names.length === 0 ? [] : [...pools].map((pool) => [pool, names]));
}

function ending(state: 'done' | 'dead' | 'cancelled', time: number) {
  return { state, ended_at: time, owner: null, lease_until: null, ...(state === 'done' && { progress: 1 }) };
}

/** 1 s, 2 s, 4 s … up to 5 min. */
function defaultBackoff(attempt: number): number {
  return Math.min(1000 * 2 ** (attempt - 1), 300_000);
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 2000);
}

/** machine|pid|start time|instance: enough for another process of this machine to see that this one is gone. */
function newOwner(): string {
  const { machine, pid, startTime } = thisProcess();
  return [machine, pid, startTime, randomBytes(4).toString('hex')].join('|');
}

function isDeadHere(owner: string): boolean {
  const [machine, pid, startTime] = owner.split('|');
  if (!machine || !pid || !startTime) return false;
  return livenessOf({ machine, pid: Number(pid), startTime }) === 'gone';
}
