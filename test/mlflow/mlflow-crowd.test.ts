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
/** Servers start four times in a test; a machine may be busy. */
const minutes = 600_000;

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

type Crowd = { acknowledged: number; isOver: boolean; server: ReturnType<typeof serve> };

/**
 * One client's batches into a run that others write too: each is sent until it is acknowledged, also over the death of
 * the server, so that some arrive twice. Says how many were acknowledged, once `isOver`.
 */
async function persistent(
  url: string,
  { run_id, client }: { run_id: string; client: number },
  crowd: Crowd,
): Promise<number> {
  for (let step = 0; ; step++) {
    const batch = {
      run_id,
      metrics: [
        { key: `of-${client}`, value: step, timestamp: step, step },
        { key: 'shared', value: client, timestamp: step, step },
      ],
      params: [{ key: `p${client}-${step % 3}`, value: `${step % 3}` }],
      tags: [{ key: `last-${client}`, value: `${step}` }],
    };
    while (!(await call(url, 'runs/log-batch', batch).then(() => true, isRefused))) {
      await pause();
      await crowd.server;
    }
    crowd.acknowledged++;
    if (crowd.isOver) return step + 1;
  }
}

/** A server that is dead or dying does not answer; whatever it does answer must be a success. */
function isRefused(error: unknown): false {
  if (error instanceof TypeError) return false;
  throw error;
}

/**
 * All clients write into the same runs while the server is killed several times, and send again what was not
 * acknowledged; then every batch is there, whole and once.
 */
async function killUnderLoad(options: readonly string[]): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-killed-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const crowd: Crowd = { acknowledged: 0, isOver: false, server: serve(dataDir, port, options) };
  try {
    await crowd.server;
    const runs = await Promise.all(Array.from({ length: 8 }, () => createRun(url)));
    const clients = Array.from({ length: CLIENTS }, (_, client) => ({ run_id: runs[client % 8]!, client }));
    const written = Promise.all(clients.map((client) => persistent(url, client, crowd)));
    written.catch(() => {});
    for (let round = 1; round <= 3; round++) {
      const enough = crowd.acknowledged + 5 * CLIENTS;
      while (crowd.acknowledged < enough) await Promise.race([pause(), written]);
      await kill(await crowd.server);
      crowd.server = serve(dataDir, port, options);
    }
    crowd.isOver = true;
    const steps = await written;
    expect(Math.min(...steps)).toBeGreaterThan(1);
    for (const { run_id, client } of clients) {
      const own = (await history(url, run_id, `of-${client}`)).map(({ step }) => step);
      expect(own).toEqual(Array.from({ length: steps[client]! }, (_, step) => step));
    }
    for (const [i, run_id] of runs.entries()) await expectWhole(url, run_id, steps, i);
  } finally {
    await kill(await crowd.server);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 10));

/** What the clients of one run share: no point lost or doubled, and the params and tags of each of them. */
async function expectWhole(url: string, run_id: string, steps: readonly number[], i: number): Promise<void> {
  const own = steps.flatMap((count, client) => (client % 8 === i ? [{ client, count }] : []));
  const shared = await history(url, run_id, 'shared');
  expect(shared.length).toBe(own.reduce((sum, { count }) => sum + count, 0));
  const { run } = await call<{ run: { data: Record<'params' | 'tags', { key: string; value: string }[]> } }>(
    url,
    `runs/get?run_id=${run_id}`,
  );
  const tags = Object.fromEntries(run.data.tags.map(({ key, value }) => [key, value]));
  for (const { client, count } of own) expect(tags[`last-${client}`]).toBe(`${count - 1}`);
  expect(run.data.params.length).toBe(own.reduce((sum, { count }) => sum + Math.min(count, 3), 0));
}

describe('a server that is killed under load', () => {
  it('keeps each batch whole and once on SQLite', () => killUnderLoad([]), minutes);

  it(
    'keeps each batch whole and once on PostgreSQL',
    async (context) => {
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
    },
    minutes,
  );
});
