import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../test/databases.ts';
import { eventually } from '../../../test/eventually.ts';
import type { Platform } from '../platform.ts';
import { transact } from '../scope.ts';
import { createJobs, JobLost, JobReleased, type Jobs, type JobsOptions } from './jobs.ts';

const hour = 3_600_000;

describeOnEachDatabase('jobs', (open, dialect) => {
  const started: Jobs[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((jobs) => jobs.stop({ graceMs: 100 })));
  });

  const workerOn = (platform: Platform, options: Partial<JobsOptions> = {}) => {
    const jobs = createJobs({ ...platform, systemScope: platform.systemScope, ...options });
    started.push(jobs);
    return jobs;
  };

  it('runs committed work at once and nothing of a transaction that failed', async () => {
    const platform = await open();
    const jobs = workerOn(platform);
    const seen: string[] = [];
    jobs.define<{ name: string }>({
      kind: 'test.note',
      run: async (scope, payload, job) => {
        seen.push(`${payload.name} ${scope.actor} ${scope.cause} ${job.attempt}`);
      },
    });
    await jobs.start();
    const scope = { ...platform.systemScope('user:local'), cause: 'evt_1' };
    await expect(
      transact(scope, async (tx) => {
        await jobs.enqueue(tx, { kind: 'test.note', payload: { name: 'lost' } });
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    const id = await jobs.enqueue(scope, { kind: 'test.note', payload: { name: 'kept' } });
    await eventually(async () => expect((await jobs.get(scope, id))?.state).toBe('done'));
    expect(seen).toEqual(['kept job:test.note evt_1 1']);
  });

  it('starts by priority, not before its time, and within the slots of its pool', async () => {
    let time = Date.now();
    const platform = await open([], { now: () => time });
    const jobs = workerOn(platform, { pools: { narrow: 1 } });
    const order: string[] = [];
    let now = 0;
    let most = 0;
    jobs.define<{ name: string }>({
      kind: 'test.order',
      pool: 'narrow',
      run: async (_scope, { name }) => {
        most = Math.max(most, ++now);
        await delay(5);
        order.push(name);
        now--;
      },
    });
    const scope = platform.systemScope('user:local');
    const add = (name: string, more: { priority?: number; notBefore?: number } = {}) =>
      jobs.enqueue(scope, { kind: 'test.order', payload: { name }, ...more });
    await add('later', { notBefore: time + hour, priority: 9 });
    await add('low', { priority: -1 });
    await add('middle');
    await add('high', { priority: 5 });
    await jobs.start();
    await jobs.idle();
    expect(order).toEqual(['high', 'middle', 'low']);
    time += hour;
    await jobs.idle();
    expect(order).toEqual(['high', 'middle', 'low', 'later']);
    expect(most).toBe(1);
  });

  it('gives way to a job of its key that is enqueued while it goes back into the queue', async () => {
    const platform = await open();
    const jobs = workerOn(platform);
    const release = Promise.withResolvers<void>();
    const commit = Promise.withResolvers<void>();
    const enqueued = Promise.withResolvers<void>();
    let runs = 0;
    jobs.define({
      kind: 'test.again',
      run: async () => {
        if (++runs > 1) return;
        await release.promise;
        throw new JobReleased('Another attempt follows.', 0);
      },
    });
    await jobs.start();
    const scope = platform.systemScope('user:local');
    const work = { kind: 'test.again', payload: {}, key: 'one' };
    const first = await jobs.enqueue(scope, work);
    await eventually(() => expect(runs).toBe(1));
    const twin = transact(scope, async (tx) => {
      const id = await jobs.enqueue(tx, work);
      enqueued.resolve();
      await commit.promise;
      return id;
    });
    await enqueued.promise;
    release.resolve();
    // Time for the first to look for a twin and find none, for this one is not committed yet.
    await delay(200);
    commit.resolve();
    const second = await twin;
    expect(second).not.toBe(first);
    await eventually(async () => expect((await jobs.get(scope, second))?.state).toBe('done'));
    expect((await jobs.get(scope, first))?.state).toBe('cancelled');
    expect(runs).toBe(2);
  });

  it('retries with backoff, and lists as dead what failed its last attempt', async () => {
    const platform = await open();
    const jobs = workerOn(platform);
    const attempts: number[] = [];
    jobs.define({
      kind: 'test.fail',
      attempts: 3,
      backoff: () => 10,
      run: async (_scope, _payload, job) => {
        attempts.push(job.attempt);
        throw new Error(`no ${job.attempt}`);
      },
    });
    await jobs.start();
    const scope = platform.systemScope('user:local');
    const id = await jobs.enqueue(scope, { kind: 'test.fail', payload: {} });
    await eventually(async () => expect((await jobs.get(scope, id))?.state).toBe('dead'));
    expect(attempts).toEqual([1, 2, 3]);
    expect(await jobs.list(scope, { state: 'dead' })).toMatchObject([{ id, error: 'no 3', attempt: 3 }]);
    expect(await jobs.revive(scope, id)).toBe(true);
    await eventually(() => expect(attempts).toHaveLength(6));
  });

  it('keeps one queued and one running job of a key, and lets none be lost', async () => {
    const platform = await open();
    const jobs = workerOn(platform);
    let runs = 0;
    let now = 0;
    let most = 0;
    const gate = Promise.withResolvers<void>();
    jobs.define({
      kind: 'test.key',
      run: async () => {
        runs++;
        most = Math.max(most, ++now);
        await gate.promise;
        now--;
      },
    });
    const scope = platform.systemScope('user:local');
    const add = () => jobs.enqueue(scope, { kind: 'test.key', payload: {}, key: 'same' });
    const first = await add();
    expect(await add()).toBe(first);
    await jobs.start();
    await eventually(() => expect(runs).toBe(1));
    const second = await add();
    expect(second).not.toBe(first);
    expect(await add()).toBe(second);
    gate.resolve();
    await eventually(() => expect(runs).toBe(2));
    expect(most).toBe(1);
    await jobs.idle();
    const once = { kind: 'test.key', payload: {}, key: 'once', once: true };
    const only = await jobs.enqueue(scope, once);
    await jobs.idle();
    expect(await jobs.enqueue(scope, once)).toBe(only);
    expect(runs).toBe(3);
  });

  it('takes over from a process that is gone at once, and from an unknown one after its lease', async () => {
    let time = Date.now();
    const platform = await open([], { now: () => time });
    const scope = platform.systemScope('user:local');
    const hang = { kind: 'test.hang', run: () => new Promise<void>(() => {}) };
    const { thisProcess } = await import('../engines/process-identity.ts');
    const { machine } = thisProcess();
    // No place for a second job: what is taken over goes to the heir.
    const pools = { a: 1, default: 1 };
    const dead = workerOn(platform, { owner: `${machine}|1|999999|x`, renewMs: 1e6, pools });
    const elsewhere = workerOn(platform, { owner: 'other|1|1|x', renewMs: 1e6, pools });
    dead.define({ ...hang, pool: 'a' });
    await dead.start();
    const one = await dead.enqueue(scope, { kind: 'test.hang', payload: {}, pool: 'a' });
    await eventually(async () => expect((await dead.get(scope, one))?.state).toBe('running'));
    elsewhere.define({ ...hang, kind: 'test.away' });
    await elsewhere.start();
    const two = await elsewhere.enqueue(scope, { kind: 'test.away', payload: {} });
    await eventually(async () => expect((await dead.get(scope, two))?.state).toBe('running'));

    const heir = workerOn(platform, { renewMs: 50 });
    const fences: number[] = [];
    const run = async (_scope: unknown, _payload: unknown, job: { fence: number }) => {
      fences.push(job.fence);
    };
    heir.define({ kind: 'test.hang', pool: 'a', run });
    heir.define({ kind: 'test.away', run });
    await heir.start();
    await eventually(async () => expect((await heir.get(scope, one))?.state).toBe('done'));
    expect((await heir.get(scope, two))?.state).toBe('running');
    time += hour;
    await eventually(async () => expect((await heir.get(scope, two))?.state).toBe('done'));
    expect(fences).toEqual([2, 2]);
    expect(await heir.get(scope, one)).toMatchObject({ takeovers: 1, attempt: 1 });
  });

  it('lets a worker that lost its job commit nothing', async () => {
    let time = Date.now();
    const platform = await open([], { now: () => time });
    const scope = platform.systemScope('user:local');
    const gate = Promise.withResolvers<void>();
    const outcome = Promise.withResolvers<unknown>();
    const zombie = workerOn(platform, { owner: 'other|1|1|x', renewMs: 1e6, pools: { default: 1 } });
    zombie.define({
      kind: 'test.zombie',
      run: async (inner, _payload, job) => {
        await gate.promise;
        await transact(inner, (tx) => job.finish(tx)).catch(outcome.resolve);
      },
    });
    await zombie.start();
    const id = await zombie.enqueue(scope, { kind: 'test.zombie', payload: {} });
    await eventually(async () => expect((await zombie.get(scope, id))?.state).toBe('running'));
    time += hour;
    const heir = workerOn(platform, { renewMs: 1e6 });
    const held = Promise.withResolvers<void>();
    heir.define({ kind: 'test.zombie', run: () => held.promise });
    await heir.start();
    await eventually(async () => expect((await heir.get(scope, id))?.takeovers).toBe(1));
    gate.resolve();
    expect(await outcome.promise).toBeInstanceOf(JobLost);
    expect((await heir.get(scope, id))?.state).toBe('running');
    held.resolve();
    await eventually(async () => expect((await heir.get(scope, id))?.state).toBe('done'));
  });

  it('cancels queued and running work', async () => {
    const platform = await open();
    const jobs = workerOn(platform);
    const reasons: unknown[] = [];
    jobs.define({
      kind: 'test.cancel',
      run: (_scope, _payload, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason);
            reject(new Error('ended'));
          });
        }),
    });
    await jobs.start();
    const scope = platform.systemScope('user:local');
    const running = await jobs.enqueue(scope, { kind: 'test.cancel', payload: {} });
    const queued = await jobs.enqueue(scope, {
      kind: 'test.cancel',
      payload: {},
      notBefore: Date.now() + 1e6,
    });
    await eventually(async () => expect((await jobs.get(scope, running))?.state).toBe('running'));
    expect(await jobs.cancel(scope, queued)).toBe('cancelled');
    expect(await jobs.cancel(scope, running)).toBe('running');
    await eventually(async () => expect((await jobs.get(scope, running))?.state).toBe('cancelled'));
    expect(reasons).toEqual(['cancelled']);
    expect(await jobs.cancel(scope, running)).toBeNull();
  });

  it('stops by finishing short work and releasing the rest for the next start', async () => {
    const platform = await open();
    const scope = platform.systemScope('user:local');
    const release = Promise.withResolvers<void>();
    const define = (jobs: Jobs, ended: string[]) => {
      jobs.define({
        kind: 'test.short',
        run: async () => {
          await release.promise;
          ended.push('short');
        },
      });
      jobs.define({
        kind: 'test.long',
        atStop: 'release',
        run: async (_scope, _payload, { signal }) => {
          if (ended.includes('second')) return void ended.push('long');
          await new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason)),
          );
        },
      });
    };
    const first: string[] = [];
    const jobs = workerOn(platform);
    define(jobs, first);
    await jobs.start();
    await jobs.enqueue(scope, { kind: 'test.short', payload: {} });
    const long = await jobs.enqueue(scope, { kind: 'test.long', payload: {} });
    await eventually(async () => expect((await jobs.count(scope)).running).toBe(2));
    let isStopped = false;
    const stopping = jobs.stop({ graceMs: hour }).then(() => {
      isStopped = true;
    });
    await eventually(async () =>
      expect(await jobs.get(scope, long)).toMatchObject({ state: 'queued', attempt: 1 }),
    );
    expect(isStopped).toBe(false);
    release.resolve();
    await stopping;
    expect(first).toEqual(['short']);
    const second = ['second'];
    const next = workerOn(platform);
    define(next, second);
    await next.start();
    await eventually(() => expect(second).toContain('long'));
  });

  it('never lets two workers hold one job', async () => {
    const platform = await open();
    const scope = platform.systemScope('user:local');
    const total = dialect === 'postgres' ? 200 : 100;
    const runs = new Map<string, number>();
    const holding = new Set<string>();
    let overlaps = 0;
    for (let i = 0; i < total; i++) {
      await platform.jobs.enqueue(scope, { kind: 'test.share', payload: { i } });
    }
    const workers = Array.from({ length: 3 }, () => {
      const jobs = workerOn(platform, { pools: { default: 8 }, renewMs: 20, pollMs: 10 });
      jobs.define({
        kind: 'test.share',
        run: async (_scope, _payload, job) => {
          if (holding.has(job.id)) overlaps++;
          holding.add(job.id);
          runs.set(job.id, (runs.get(job.id) ?? 0) + 1);
          await delay(Math.random() * 4);
          holding.delete(job.id);
        },
      });
      return jobs;
    });
    await Promise.all(workers.map((jobs) => jobs.start()));
    await eventually(async () => expect((await platform.jobs.count(scope)).done).toBe(total));
    expect(overlaps).toBe(0);
    expect([...runs.values()].every((count) => count === 1)).toBe(true);
  });
});
