import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createPostgresDatabase } from '../databases.ts';
import { startTestHouston } from '../houston.ts';

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

describe('many tracking clients at once', () => {
  it('lose, double and lock nothing on SQLite', async () => {
    const houston = await startTestHouston();
    try {
      await crowd(houston.url);
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
    } finally {
      await houston.end();
      await database.drop();
    }
  }, 120_000);
});

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

async function serve(dataDir: string, port: number): Promise<ChildProcess> {
  const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');
  const child = spawn(process.execPath, [main, 'serve', '--port', String(port), '--data-dir', dataDir], {
    stdio: 'ignore',
  });
  for (;;) {
    const isUp = await fetch(`http://127.0.0.1:${port}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return child;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('a server that is killed under load', () => {
  it('keeps every point that it acknowledged', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'houston-killed-'));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const acknowledged = new Map<string, number[]>();
    let child = await serve(dataDir, port);
    try {
      for (let round = 0; round < 4; round++) {
        const runs = await Promise.all(Array.from({ length: 8 }, () => createRun(url)));
        let isOver = false;
        const clients = runs.map(async (run_id) => {
          const steps: number[] = [];
          acknowledged.set(run_id, steps);
          for (let step = 0; !isOver; step++) {
            const metrics = [{ key: 'm', value: step, timestamp: step, step }];
            try {
              await call(url, 'runs/log-batch', { run_id, metrics });
              steps.push(step);
            } catch {
              return;
            }
          }
        });
        await new Promise((resolve) => setTimeout(resolve, 200 + round * 150));
        child.kill('SIGKILL');
        isOver = true;
        await Promise.all(clients);
        child = await serve(dataDir, port);
      }
      for (const [run, steps] of acknowledged) {
        const kept = new Set((await history(url, run, 'm')).map(({ step }) => step));
        expect(steps.filter((step) => !kept.has(step))).toEqual([]);
      }
      const total = [...acknowledged.values()].reduce((sum, steps) => sum + steps.length, 0);
      expect(total).toBeGreaterThan(50);
    } finally {
      child.kill('SIGKILL');
      rmSync(dataDir, { recursive: true, force: true });
    }
  }, 120_000);
});
