import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createPostgresDatabase } from '../databases.ts';
import { startTestHouston } from '../houston.ts';
import { freePort, kill, serve } from '../separate-server.ts';

type Point = { key: string; value: number; timestamp: number; step: number };

async function call<T>(url: string, path: string, body?: unknown): Promise<T> {
  const reply = await fetch(`${url}/api/2.0/mlflow/${path}`, {
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  const text = await reply.text();
  if (reply.status !== 200) throw new Error(`${path}: ${reply.status} ${text}`);
  return JSON.parse(text) as T;
}

const createRun = async (url: string) =>
  (await call<{ run: { info: { run_id: string } } }>(url, 'runs/create', { experiment_id: '0' })).run.info
    .run_id;
const history = async (url: string, run: string, key: string) =>
  (await call<{ metrics: Point[] }>(url, `metrics/get-history?run_id=${run}&metric_key=${key}`)).metrics;

const CLIENTS = 64;

/** Every client writes into the same runs, sends each batch twice, and shares keys, params and tags with the others. */
async function crowd(url: string): Promise<void> {
  const runs = await Promise.all(Array.from({ length: 4 }, () => createRun(url)));
  const names = Array.from({ length: 8 }, (_, i) => `crowd ${i}`);
  const made = await Promise.allSettled(
    Array.from({ length: CLIENTS }, (_, i) => call(url, 'experiments/create', { name: names[i % 8] })),
  );
  expect(made.filter(({ status }) => status === 'fulfilled').length).toBe(8);
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, client) => {
      for (let batch = 0; batch < 4; batch++) {
        const metrics = Array.from({ length: 50 }, (_, i) => ({
          key: i % 2 ? 'shared' : `own-${client}`,
          value: client + i,
          timestamp: 1000 + client,
          step: batch * 50 + i,
        }));
        if (client % 2) metrics.reverse();
        const body = {
          run_id: runs[(client + batch) % 4],
          metrics,
          params: [{ key: 'same', value: 'for all' }],
          tags: [{ key: `tag-${client % 5}`, value: `${client}` }],
        };
        await Promise.all([call(url, 'runs/log-batch', body), call(url, 'runs/log-batch', body)]);
      }
    }),
  );
  let shared = 0;
  for (const run of runs) {
    const points = await history(url, run, 'shared');
    expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(points.length);
    shared += points.length;
    const { run: whole } = await call<{ run: { data: { metrics: Point[] } } }>(url, `runs/get?run_id=${run}`);
    const latest = whole.data.metrics.find(({ key }) => key === 'shared')!;
    const greatest = points.reduce((a, b) =>
      b.step > a.step ||
      (b.step === a.step && (b.timestamp > a.timestamp || (b.timestamp === a.timestamp && b.value > a.value)))
        ? b
        : a,
    );
    expect(latest).toEqual(greatest);
  }
  expect(shared).toBe(CLIENTS * 4 * 25);
}

/** Params that clients disagree about: one value wins, whole batches with another are refused, and nobody else is. */
async function quarrel(url: string): Promise<void> {
  const run_id = await createRun(url);
  const gone = await createRun(url);
  await call(url, 'runs/delete', { run_id: gone });
  const answers = await Promise.allSettled(
    Array.from({ length: CLIENTS }, (_, client) =>
      call(url, 'runs/log-batch', {
        run_id: client % 8 === 7 ? gone : run_id,
        metrics: [{ key: `of-${client}`, value: client, timestamp: 1, step: 0 }],
        params: [
          { key: 'depth', value: `${client % 4}` },
          { key: `own-${client}`, value: 'x' },
        ],
      }),
    ),
  );
  const { run } = await call<{
    run: { data: Record<'params' | 'metrics', { key: string; value: unknown }[]> };
  }>(url, `runs/get?run_id=${run_id}`);
  const depth = run.data.params.find(({ key }) => key === 'depth')!.value;
  const kept = Array.from({ length: CLIENTS }, (_, client) => client).filter(
    (client) => client % 8 !== 7 && `${client % 4}` === depth,
  );
  expect(answers.flatMap(({ status }, client) => (status === 'fulfilled' ? [client] : []))).toEqual(kept);
  const keys = (pairs: { key: string }[], prefix: string) =>
    pairs.flatMap(({ key }) => (key.startsWith(prefix) ? [Number(key.slice(prefix.length))] : []));
  expect(keys(run.data.params, 'own-').sort((a, b) => a - b)).toEqual(kept);
  expect(keys(run.data.metrics, 'of-').sort((a, b) => a - b)).toEqual(kept);
}

describe('many tracking clients at once', () => {
  it('lose, double and lock nothing on SQLite', async () => {
    const houston = await startTestHouston();
    try {
      await crowd(houston.url);
      await quarrel(houston.url);
    } finally {
      await houston.end();
    }
  }, 120_000);

  it('lose, double and lock nothing on PostgreSQL', async (context) => {
    const database = await createPostgresDatabase().catch(() => null);
    if (!database) {
      if (process.env.CI === 'true') throw new Error('CI needs a PostgreSQL.');
      return context.skip('no PostgreSQL answers');
    }
    const houston = await startTestHouston({ database: database.url });
    try {
      await crowd(houston.url);
      await quarrel(houston.url);
    } finally {
      await houston.end();
      await database.drop();
    }
  }, 120_000);
});

/** Clients write until the server dies, several times; then every acknowledged point, param and tag is there. */
async function killUnderLoad(options: readonly string[]): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-killed-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const acknowledged = new Map<string, number[]>();
  let child = await serve(dataDir, port, options);
  try {
    for (let round = 0; round < 4; round++) {
      const runs = await Promise.all(Array.from({ length: 8 }, () => createRun(url)));
      let isOver = false;
      let most = 0;
      const clients = runs.map(async (run_id) => {
        const steps: number[] = [];
        acknowledged.set(run_id, steps);
        for (let step = 0; !isOver; step++) {
          const metrics = [{ key: 'm', value: step, timestamp: step, step }];
          const params = [{ key: `p${step % 100}`, value: `${step % 100}` }];
          const tags = [{ key: 'last', value: `${step}` }];
          try {
            await call(url, 'runs/log-batch', { run_id, metrics, params, tags });
            steps.push(step);
            most = Math.max(most, step);
          } catch {
            return;
          }
        }
      });
      while (most < 10 + round * 10) await new Promise((resolve) => setTimeout(resolve, 10));
      await kill(child);
      isOver = true;
      await Promise.all(clients);
      child = await serve(dataDir, port, options);
    }
    for (const [run, steps] of acknowledged) {
      const kept = (await history(url, run, 'm')).map(({ step }) => step);
      expect(new Set(kept).size).toBe(kept.length);
      expect(steps.filter((step) => !kept.includes(step))).toEqual([]);
      const { run: whole } = await call<{
        run: { data: Record<'params' | 'tags', { key: string; value: string }[]> };
      }>(url, `runs/get?run_id=${run}`);
      const { params, tags } = whole.data;
      expect(params.length).toBe(Math.min(kept.length, 100));
      // A batch is there whole or not at all, also the last, which nobody may have heard of.
      expect(tags.find(({ key }) => key === 'last')?.value).toBe(
        kept.length ? `${Math.max(...kept)}` : undefined,
      );
    }
    expect([...acknowledged.values()].reduce((sum, steps) => sum + steps.length, 0)).toBeGreaterThan(50);
  } finally {
    await kill(child);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

describe('a server that is killed under load', () => {
  it('keeps what it acknowledged on SQLite', () => killUnderLoad([]), 240_000);

  it('keeps what it acknowledged on PostgreSQL', async (context) => {
    const database = await createPostgresDatabase().catch(() => null);
    if (!database) {
      if (process.env.CI === 'true') throw new Error('CI needs a PostgreSQL.');
      return context.skip('no PostgreSQL answers');
    }
    try {
      await killUnderLoad(['--database', database.url]);
    } finally {
      await database.drop();
    }
  }, 240_000);
});
