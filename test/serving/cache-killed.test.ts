import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { freePort, kill, serve } from '../separate-server.ts';
import { logisticModel } from './models.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'houston-cache-killed-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

test('killed in the middle of hits: each that was acknowledged is in the log, and the cache starts empty', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const call = async (method: string, path: string, body?: object | Uint8Array<ArrayBuffer>) => {
    const isBytes = body instanceof Uint8Array;
    const type = isBytes ? 'application/octet-stream' : 'application/json';
    const response = await fetch(url + path, {
      method,
      ...(body && { body: isBytes ? body : JSON.stringify(body), headers: { 'content-type': type } }),
    });
    return { status: response.status, body: await response.json() };
  };
  const infer = async (x: number) => {
    const inputs = [{ name: 'features', datatype: 'FP32', shape: [1, 1], data: [x] }];
    return (await call('POST', '/v2/models/m/infer', { inputs })).body as {
      id: string;
      outputs: { data: number[] }[];
    };
  };
  const options = ['--grpc-port', 'off'];
  let server = await serve(dataDir, port, options);
  const acknowledged: { id: string; score: number }[] = [];
  try {
    await call('POST', '/api/registry/models/m/versions', new Uint8Array(logisticModel({ weights: [1] })));
    await call('PUT', '/api/serving/deployments/m', { model: 'm', cache: true });
    expect((await call('POST', '/api/serving/deployments/m/deploy', {})).status).toBe(200);
    for (let x = 0; x < 4; x++) await infer(x);
    let isOver = false;
    const callers = Array.from({ length: 8 }, async (_, caller) => {
      for (let i = caller; !isOver && acknowledged.length < 700; i++) {
        const reply = await infer(i % 4).catch(() => null);
        if (reply === null) return;
        acknowledged.push({ id: reply.id, score: reply.outputs[0].data[0] });
      }
    });
    while (acknowledged.length < 200) await wait(2);
    await kill(server);
    isOver = true;
    await Promise.all(callers);
    server = await serve(dataDir, port, options);
    const { items } = (await call('GET', '/api/serving/deployments/m/predictions?limit=1000')).body as {
      items: { id: string; cached: boolean; score: number }[];
    };
    const found = new Map(items.map((item) => [item.id, item]));
    for (const { id, score } of acknowledged) {
      expect(found.get(id)).toMatchObject({ cached: true, score: expect.closeTo(score, 6) });
    }
    expect(items.filter(({ cached }) => !cached).length).toBe(4);
    const view = (await call('GET', '/api/serving/deployments/m')).body as { cache: object };
    expect(view.cache).toMatchObject({ entries: 0, hits: 0 });
  } finally {
    await kill(server);
  }
});
