import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { createGrpcClient } from './grpc-client.ts';
import { type HeldModel, startHeldModel } from './held-model.ts';
import { logisticModel } from './models.ts';
import { type ServingServer, startServing } from './serving-server.ts';

let server: ServingServer;
let held: HeldModel;
beforeAll(async () => {
  held = await startHeldModel();
  server = await startServing({ upstreams: [held.url] });
  await server.registry.add(server.platform, 'slow', logisticModel({ weights: [1] }));
  await put({ maxConcurrent: 1, maxQueue: 1 });
  expect((await server.call('POST', '/api/serving/deployments/slow/deploy', {})).status).toBe(200);
});
afterAll(async () => {
  await server.close();
  held.close();
});

const put = (limits: object) =>
  server.call('PUT', '/api/serving/deployments/slow', { model: 'slow', runtime: held.runtime, limits });
const post = async (path: string, body: object) => {
  const reply = await fetch(`${server.url}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  return { status: reply.status, again: reply.headers.get('retry-after'), body: await reply.json() };
};
const tensor = { name: 'features', datatype: 'FP32', shape: [1, 1], data: [1] };

/** Replies to so many requests at once, of which the first to come runs until `refused` have been refused. */
async function crowd<T>(
  callers: number,
  refused: number,
  one: () => Promise<T>,
  isRefused: (reply: T) => boolean,
): Promise<T[]> {
  held.hold();
  const come: T[] = [];
  const replies = Array.from({ length: callers }, async () => {
    const reply = await one();
    come.push(reply);
    return reply;
  });
  await eventually(() => expect(come.filter(isRefused)).toHaveLength(refused));
  held.release();
  return Promise.all(replies);
}

test.each([
  ['/v2/models/slow/infer', { inputs: [tensor] }, (body: unknown) => (body as { error: string }).error],
  ['/v1/models/slow:predict', { instances: [[1]] }, (body: unknown) => (body as { error: string }).error],
  [
    '/deployments/slow/invocations',
    { inputs: [[1]] },
    (body: unknown) => {
      const { error_code, message } = body as { error_code: string; message: string };
      expect(error_code).toBe('TEMPORARILY_UNAVAILABLE');
      return message;
    },
  ],
])('%s: one runs, one waits, the others hear 503 and when to come again', async (path, body, textOf) => {
  const isRefused = (reply: { status: number }) => reply.status === 503;
  const replies = await crowd(6, 4, () => post(path, body), isRefused);
  const refused = replies.filter(isRefused);
  expect(refused).toHaveLength(4);
  expect(replies.filter((reply) => reply.status === 200)).toHaveLength(2);
  for (const { again, body: said } of refused) {
    expect(again).toBe('1');
    expect(textOf(said)).toContain('More requests wait');
  }
});

test('gRPC: UNAVAILABLE when full, DEADLINE_EXCEEDED when the caller has no time left', async () => {
  const client = createGrpcClient(server.grpc);
  const fields = {
    model_name: 'slow',
    inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 1], contents: { fp32_contents: [1] } }],
  };
  try {
    const full = ({ code }: { code: number }) => code === status.UNAVAILABLE;
    const replies = await crowd(6, 4, () => client.call('ModelInfer', fields), full);
    expect(replies.filter(full)).toHaveLength(4);
    expect(replies.filter(({ code }) => code === status.OK)).toHaveLength(2);
    await put({ maxConcurrent: 1 });
    held.hold();
    const first = client.call('ModelInfer', fields);
    await eventually(() => expect(held.holds()).toBe(1));
    const late = await client.call('ModelInfer', { ...fields, parameters: { timeout: { int64_param: 1 } } });
    expect(late.code).toBe(status.DEADLINE_EXCEEDED);
    held.release();
    expect((await first).code).toBe(status.OK);
  } finally {
    client.close();
  }
});

test('a deadline refuses who would be late; nobody is refused when nothing waits', async () => {
  await put({ maxConcurrent: 1, deadlineMs: 1 });
  for (let i = 0; i < 3; i++)
    expect((await post('/v2/models/slow/infer', { inputs: [tensor] })).status).toBe(200);
  const infer = () => post('/v2/models/slow/infer', { inputs: [tensor] });
  const statuses = (await crowd(5, 4, infer, (reply) => reply.status === 503)).map(({ status }) => status);
  expect(statuses.sort()).toEqual([200, 503, 503, 503, 503]);
});

test('a caller over its rate hears 429; page and metrics tell what was refused', async () => {
  await put({ callerPerSecond: 0.1 });
  const first = await post('/v2/models/slow/infer', { inputs: [tensor] });
  const second = await post('/v2/models/slow/infer', { inputs: [tensor] });
  expect([first.status, second.status]).toEqual([200, 429]);
  expect(second.again).toBe('1');
  expect(second.body).toEqual({ error: expect.stringContaining('This caller sends more requests') });
  const { body } = await server.call('GET', '/api/serving/deployments/slow');
  expect(body.load).toMatchObject({ running: 0, queued: 0, rejected: { caller: 1 } });
  expect(body.load.rejected['queue-full']).toBe(16);
  expect(body.load.waited).toBe(4);
  expect(body.traffic.errors).toBe(0);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toContain('houston_inference_rejected_total{deployment="slow",reason="caller"} 1\n');
  expect(metrics).toContain('houston_inference_queue_length{deployment="slow"} 0\n');
  expect(metrics).toMatch(/houston_inference_queue_seconds_count\{deployment="slow"\} [1-9]/);
  expect(metrics).toMatch(/nv_inference_request_failure\{model="slow",version="1",reason="REJECTED"\} [1-9]/);
});
