import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createRandom } from '../../src/math/random.ts';
import { freePort, kill, serve } from '../separate-server.ts';
import { logisticModel } from './models.ts';

const day = 86_400_000;
const deaths = 3;
/** The deployment's entity: the first feature of the vector, a number of a customer. */
const entity = 'features[0]';
const random = createRandom(1979);

/** A server that dies at random moments and is started again on the same folder. */
async function mortal(dataDir: string) {
  const port = await freePort();
  let child: ChildProcess = await serve(dataDir, port, ['--grpc-port', 'off']);
  let restarting: Promise<unknown> = Promise.resolve();
  const url = `http://127.0.0.1:${port}`;
  /** Asks until there is an answer; a refusal is an error. */
  const insist = async <T>(
    method: string,
    path: string,
    body: unknown,
    type = 'application/json',
  ): Promise<T> => {
    for (;;) {
      await restarting;
      const reply = await fetch(`${url}${path}`, {
        method,
        ...(body !== undefined && {
          headers: { 'content-type': type },
          body:
            type === 'application/json' ? JSON.stringify(body) : (body as string | Uint8Array<ArrayBuffer>),
        }),
      }).then(
        async (answer) => ({ status: answer.status, body: (await answer.json()) as T }),
        () => null,
      );
      if (reply === null || reply.status === 503) {
        await wait(20);
        continue;
      }
      if (reply.status >= 300)
        throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
      return reply.body;
    }
  };
  return {
    insist,
    die() {
      restarting = kill(child).then(async () => {
        child = await serve(dataDir, port, ['--grpc-port', 'off']);
      });
      return restarting;
    },
    end: () => kill(child),
  };
}

/** Ways of telling an outcome. */
type Told = { id: string; customer: number; value: number; reward: number };
type Server = Awaited<ReturnType<typeof mortal>>;
const ways: ((server: Server, items: Told[]) => Promise<{ accepted: number }>)[] = [
  // By id.
  ({ insist }, items) =>
    insist('POST', '/api/serving/feedback', {
      items: items.map(({ id, value, reward }) => ({ id, value, reward })),
    }),
  // By entity and time, weeks after the prediction.
  ({ insist }, items) =>
    insist('POST', '/api/serving/feedback', {
      deployment: 'm',
      items: items.map(({ customer, value, reward }) => ({ entity: { [entity]: customer }, value, reward })),
    }),
  // As a file.
  ({ insist }, items) =>
    insist(
      'POST',
      '/api/serving/feedback/files',
      `id,value,reward\n${items.map(({ id, value, reward }) => `${id},${value},${reward}`).join('\n')}\n`,
      'text/csv',
    ),
];

test('killed again and again, the last acknowledged word on every prediction is there', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-feedback-'));
  const server = await mortal(dataDir);
  const { insist } = server;
  try {
    const model = logisticModel({ weights: [0, 1] });
    await insist('POST', '/api/registry/models/m/versions', model, 'application/octet-stream');
    await insist('PUT', '/api/serving/deployments/m', { model: 'm', entity: [entity] });
    await insist('POST', '/api/serving/deployments/m/deploy', { model: 'm:1' });

    const words = new Map<string, Told>();
    const told = [0, 0, 0];
    let corrections = 0;
    let isOver = false;
    const killer = (async () => {
      for (let i = 0; i < deaths; i++) {
        const before = told.reduce((sum, count) => sum + count, 0);
        await wait(random.next() * 600);
        // Each life has said something, however slow the machine is.
        while (told.reduce((sum, count) => sum + count, 0) < before + 6) await wait(10);
        await server.die();
      }
      isOver = true;
    })();
    for (let batch = 0; !isOver; batch++) {
      const fresh = Array.from({ length: 4 }, (_, i) => ({
        id: `p-${batch}-${i}`,
        customer: 4 * batch + i + 1,
      }));
      for (const { id, customer } of fresh) {
        await insist('POST', '/v2/models/m/infer', {
          id,
          parameters: { event_time: new Date(Date.now() - 20 * day).toISOString() },
          inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 2], data: [customer, 1] }],
        });
      }
      // Of earlier ones some are told again, otherwise.
      const again = random
        .shuffle([...words.values()])
        .slice(0, 2)
        .map(({ id, customer }) => ({ id, customer }));
      corrections += again.length;
      const items = [...fresh, ...again].map((one) => ({
        ...one,
        value: random.next() < 0.5 ? 1 : 0,
        reward: Math.round(random.next() * 1000),
      }));
      const way = batch % ways.length;
      const { accepted } = await ways[way](server, items);
      expect(accepted).toBe(items.length);
      for (const item of items) words.set(item.id, item);
      told[way]++;
    }
    await killer;
    await server.die();

    expect(Math.min(...told)).toBeGreaterThanOrEqual(deaths);
    expect(corrections).toBeGreaterThan(deaths);
    const { rows } = await insist<{ rows: [string, number, number][] }>(
      'POST',
      '/api/serving/deployments/m/query',
      {
        sql: 'SELECT request_id, label, reward FROM predictions',
        limit: 100_000,
      },
    );
    const found = new Map(rows.map(([id, label, reward]) => [id, [label, reward]]));
    const wanted = new Map([...words].map(([id, { value, reward }]) => [id, [value, reward]]));
    expect(new Map([...found].filter(([id]) => wanted.has(id)))).toEqual(wanted);
  } finally {
    await server.end();
    rmSync(dataDir, { recursive: true, force: true });
  }
}, 600_000);
