import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type OwnServer, startOwnServer } from '../../examples/flights/own-server.ts';
import { createClient } from '../../src/client/client.ts';
import { startTestHouston } from '../houston.ts';
import { send } from '../mlflow/send.ts';

const api = '/api/2.0/mlflow';
const store = '/api/2.0/mlflow-artifacts/artifacts';

import { freePort } from '../separate-server.ts';

/** A deleted run with points and a file of its own. */
async function deletedRun(url: string, number: number): Promise<void> {
  const post = (path: string, body: object) => send(url, 'POST', `${api}/${path}`, JSON.stringify(body));
  const { json } = await post('runs/create', { experiment_id: '0' });
  const { run_id } = (json as { run: { info: { run_id: string } } }).run.info;
  const metrics = Array.from({ length: 500 }, (_, i) => ({ key: 'm', value: i, timestamp: 1, step: i }));
  await post('runs/log-batch', { run_id, metrics });
  await send(url, 'PUT', `${store}/0/${run_id}/artifacts/f`, `file ${number}`);
  await post('runs/delete', { run_id });
}

describe('permanent deletion while others write', () => {
  const folders: string[] = [];
  let server: OwnServer | undefined;
  afterEach(async () => {
    await server?.stop();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  it('never takes bytes that a writer has just filed, though the same bytes come and go', async () => {
    const houston = await startTestHouston({ gcGraceSeconds: 0.5 });
    try {
      const contents = Array.from({ length: 8 }, (_, i) => `content ${i}`);
      let over = false;
      let written = 0;
      const writer = async (number: number) => {
        for (let i = 0; !over; i++) {
          const text = contents[(number + i) % contents.length]!;
          const path = `${store}/w${number}/f`;
          expect((await send(houston.url, 'PUT', path, text)).status).toBe(200);
          expect((await send(houston.url, 'GET', path)).body).toBe(text);
          if (i % 3 === 0) expect((await send(houston.url, 'DELETE', path)).status).toBe(200);
          written++;
        }
      };
      const writers = Array.from({ length: 4 }, (_, i) => writer(i));
      for (let round = 0; round < 6 || written <= 50; round++) {
        await houston.client.post('/api/experiments/gc', { delete: true });
        await wait(400);
      }
      over = true;
      await Promise.all(writers);
      expect(written).toBeGreaterThan(50);
      for (let number = 0; number < 4; number++) {
        const reply = await send(houston.url, 'GET', `${store}/w${number}/f`);
        expect([number, reply.status === 404 || contents.includes(reply.body)]).toEqual([number, true]);
      }
    } finally {
      await houston.end();
    }
  });

  it('goes on after kill -9, and counts every run once', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'houston-gc-'));
    folders.push(dataDir);
    const port = await freePort();
    server = await startOwnServer({ port, dataDir, keep: true });
    const runs = 120;
    for (let i = 0; i < runs; i++) await deletedRun(server.url, i);
    const ask = async <T>(work: (client: ReturnType<typeof createClient>) => Promise<T>): Promise<T> => {
      const client = createClient({ url: server!.url });
      try {
        return await work(client);
      } finally {
        client.close();
      }
    };
    type State = { state: string; result: { runs: number; points: number } | null };
    const { job } = await ask((client) =>
      client.post<{ job: string }>('/api/experiments/gc', { delete: true }),
    );
    for (let i = 0; i < 3; i++) {
      await wait(15 * (i + 1));
      process.kill(server.pid, 'SIGKILL');
      await server.ended;
      server = await startOwnServer({ port, dataDir, keep: true });
    }
    let state: State = { state: 'queued', result: null };
    for (const until = Date.now() + 120_000; Date.now() < until && state.result === null; await wait(100)) {
      state = await ask((client) => client.get<State>(`/api/experiments/gc/${job}`));
    }
    expect(state.result).toMatchObject({ runs, points: runs * 500 });
    expect(await ask((client) => client.post('/api/ledger/verify'))).toMatchObject({ ok: true });
    const { plan } = await ask((client) =>
      client.post<{ plan: { runs: number; unreferenced: { blobs: number } } }>('/api/experiments/gc', {}),
    );
    expect(plan).toMatchObject({ runs: 0, unreferenced: { blobs: runs } });
  });
});
