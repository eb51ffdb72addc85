import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGrpcClient } from './grpc-client.ts';
import { echoModel, logisticModel } from './models.ts';
import { type ServingServer, startServing } from './serving-server.ts';

/** 160 kB a row: read into shared memory, where workers find it. */
const width = 40_000;
let server: ServingServer;
let client: ReturnType<typeof createGrpcClient>;

beforeAll(async () => {
  server = await startServing();
  client = createGrpcClient(server.grpc);
  for (const placement of ['inline', 'worker']) {
    await server.registry.add(
      server.platform,
      placement,
      echoModel({ x: ['float', ['N', width]] }, { x: 'y' }),
    );
    await server.call('PUT', `/api/serving/deployments/${placement}`, {
      model: placement,
      runtime: { placement },
    });
    await server.call('POST', `/api/serving/deployments/${placement}/deploy`, {});
  }
});
afterAll(async () => {
  client.close();
  await server.close();
});

const rowOf = (seed: number) => Float32Array.from({ length: width }, (_, i) => Math.sin(seed * 31 + i));

/** A binary request; `id` makes its JSON header longer, so that the tensor begins at any byte. */
async function infer(model: string, input: string, row: Float32Array, id: string, isLongWay = false) {
  const head = JSON.stringify({
    id,
    parameters: { binary_data_output: true },
    inputs: [
      {
        name: input,
        shape: [1, row.length],
        datatype: 'FP32',
        parameters: { binary_data_size: row.byteLength },
      },
    ],
  });
  const response = await fetch(`${server.url}/v2/models/${model}/infer`, {
    method: 'POST',
    headers: {
      'inference-header-content-length': String(head.length),
      // Such a header sends a request past the fast lane.
      ...(isLongWay && { cookie: 'a=b' }),
    },
    body: Buffer.concat([Buffer.from(head), new Uint8Array(row.buffer)]),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  expect(response.status, bytes.toString('utf8', 0, 300)).toBe(200);
  const length = Number(response.headers.get('inference-header-content-length'));
  return new Float32Array(Uint8Array.from(bytes.subarray(length)).buffer);
}

test.each(['inline', 'worker'])('%s: many large tensors at once, each gets its own back', async (model) => {
  for (let round = 0; round < 3; round++) {
    const rows = Array.from({ length: 10 }, (_, i) => rowOf(round * 100 + i));
    const answers = await Promise.all(
      rows.map((row, i) => infer(model, 'x', row, `${model}-${round}-${'i'.repeat(i + 1)}`, i % 3 === 0)),
    );
    for (let i = 0; i < rows.length; i++)
      expect(answers[i].every((value, at) => value === rows[i][at])).toBe(true);
  }
});

test.each(['inline', 'worker'])('%s: the same over gRPC, in messages of many pieces', async (model) => {
  const rows = Array.from({ length: 10 }, (_, i) => rowOf(i));
  const answers = await Promise.all(
    rows.map((row) =>
      client.call('ModelInfer', {
        model_name: model,
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1, width] }],
        raw_input_contents: [Buffer.from(row.buffer)],
      }),
    ),
  );
  answers.forEach(({ code, details, reply }, i) => {
    expect([code, details]).toEqual([0, '']);
    expect(Buffer.compare(reply.raw_output_contents[0], Buffer.from(rows[i].buffer))).toBe(0);
  });
});

test('a body that is longer or shorter than it says, or too large, is refused, and the server goes on', async () => {
  const send = (body: Uint8Array | ReadableStream, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/v2/models/worker/infer`, {
      method: 'POST',
      headers,
      body,
      duplex: 'half',
    } as RequestInit);
  const large = await send(new Uint8Array(65 * 1024 * 1024)).catch(() => undefined);
  expect(large === undefined || large.status === 413).toBe(true);
  const chunks = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 10; i++) controller.enqueue(new Uint8Array(50_000));
      controller.close();
    },
  });
  const streamed = await send(chunks);
  expect([streamed.status, await streamed.json()]).toEqual([400, { error: expect.stringMatching(/\.$/) }]);
  const row = rowOf(5);
  expect((await infer('worker', 'x', row, 'after'))[7]).toBe(row[7]);
});

test('the other arm of a rollout scores the same large tensors afterwards', {
  timeout: 600_000,
}, async () => {
  const weights = (scale: number) => Array.from({ length: width }, (_, i) => (scale * Math.cos(i)) / 200);
  await server.registry.add(server.platform, 'wide', logisticModel({ weights: weights(1) }));
  await server.call('POST', '/api/serving/deployments/wide/deploy', {});
  await server.registry.add(server.platform, 'wide', logisticModel({ weights: weights(-1) }));
  const started = await server.call('POST', '/api/serving/deployments/wide/deploy', { model: 'wide:2' });
  expect(started.body).toMatchObject({ state: 'shadow' });
  for (let i = 0; i < 5; i++) {
    const [score] = await infer('wide', 'features', rowOf(i), `wide-${i}`);
    await expect
      .poll(async () => (await server.call('GET', `/api/serving/predictions/wide-${i}`)).body.pairScore)
      .toBeCloseTo(1 - score, 4);
  }
});
