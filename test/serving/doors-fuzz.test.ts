import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeInferRequest } from '../../src/protocols/open-inference-grpc/infer-decode.ts';
import { createGrpcClient, encodeMessage } from './grpc-client.ts';
import { echoModel, logisticModel } from './models.ts';
import { type ServingServer, startServing } from './serving-server.ts';

let server: ServingServer;
let client: ReturnType<typeof createGrpcClient>;
beforeAll(async () => {
  server = await startServing();
  client = createGrpcClient(server.grpc);
  const deploy = async (name: string, bytes: Uint8Array) => {
    await server.registry.add(server.platform, name, bytes);
    expect((await server.call('POST', `/api/serving/deployments/${name}/deploy`, {})).status).toBe(200);
  };
  await deploy('m', logisticModel({ weights: [1, 2] }));
  await deploy(
    'two',
    echoModel({ x: ['int64', ['N']], text: ['string', ['N']] }, { x: 'x_out', text: 'text_out' }),
  );
});
afterAll(async () => {
  client.close();
  await server.close();
});

const runs = Number(process.env.HOUSTON_FUZZ_RUNS ?? 400);
const name = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('features', 'probability', 'x', 'text', 'event_time', '__proto__', ''),
  },
  fc.string(),
);
const datatype = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('FP32', 'INT64', 'BYTES', 'BOOL', 'FP16', 'BF16', 'UINT8', 'FP64'),
  },
  fc.string(),
);
const size = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 4 }) }, fc.maxSafeInteger());
const json = fc.jsonValue({ maxDepth: 5 });
const cell = fc.oneof(fc.double(), fc.integer(), fc.string(), fc.boolean(), fc.constant(null), json);

/** Sends a body; the reply comes, is 200 or a clear refusal, and has an error text in the form of its protocol. */
async function refusesOrAnswers(
  path: string,
  body: Uint8Array | string,
  headers: Record<string, string> = {},
) {
  const reply = await server.app.inject({
    method: 'POST',
    url: path,
    headers: { host: '127.0.0.1', 'content-type': 'application/json', ...headers },
    payload: typeof body === 'string' ? body : Buffer.from(body),
  });
  const about = `${path} → ${reply.statusCode} ${reply.body.slice(0, 300)}`;
  expect([200, 400, 404, 415, 422, 501], about).toContain(reply.statusCode);
  if (reply.statusCode === 200) return;
  if (reply.statusCode !== 415) {
    const { error, message } = reply.json() as { error?: string; message?: string };
    expect((error ?? message ?? '').length, about).toBeGreaterThan(5);
  }
  expect(reply.body, about).not.toMatch(/\.ts:\d|node_modules/);
}

describe('whatever is sent, each door answers or refuses', () => {
  const input = fc.record(
    {
      name,
      datatype,
      shape: fc.oneof(fc.array(size, { maxLength: 4 }), json),
      data: fc.oneof(fc.array(cell, { maxLength: 8 }), json),
      parameters: fc.oneof(fc.record({ binary_data_size: size }), json),
    },
    { requiredKeys: [] },
  );
  const output = fc.record(
    {
      name,
      parameters: fc.oneof(
        fc.record({ binary_data: fc.boolean(), classification: size }, { requiredKeys: [] }),
        json,
      ),
    },
    { requiredKeys: [] },
  );

  test('Open Inference, JSON and binary', async () => {
    const body = fc.record(
      {
        id: fc.oneof(fc.string(), json),
        inputs: fc.oneof(fc.array(input, { maxLength: 3 }), json),
        outputs: fc.oneof(fc.array(output, { maxLength: 2 }), json),
        parameters: fc.oneof(fc.record({ binary_data_output: fc.boolean(), event_time: cell }), json),
      },
      { requiredKeys: [] },
    );
    const tail = fc.uint8Array({ maxLength: 64 });
    const shift = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: -20, max: 20 }));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('m', 'two'), body, tail, shift, async (model, drawn, blob, by) => {
        const text = Buffer.from(JSON.stringify(drawn));
        const length =
          blob.length > 0 ? { 'inference-header-content-length': String(text.length + by) } : undefined;
        await refusesOrAnswers(`/v2/models/${model}/infer`, Buffer.concat([text, blob]), length);
      }),
      { numRuns: runs },
    );
  });

  test('generate, repository, settings', async () => {
    const path = fc.constantFrom(
      '/v2/models/two/generate',
      '/v2/models/m/generate_stream',
      '/v2/repository/index',
      '/v2/repository/models/nobody/load',
      '/v2/logging',
      '/v2/trace/setting',
    );
    await fc.assert(
      fc.asyncProperty(path, json, (url, body) => refusesOrAnswers(url, JSON.stringify(body))),
      { numRuns: runs },
    );
  });

  test('MLflow scoring and KServe version 1, JSON and CSV', async () => {
    const row = fc.oneof(fc.dictionary(name, cell, { maxKeys: 4 }), fc.array(cell, { maxLength: 4 }), json);
    const rows = fc.oneof(fc.array(row, { maxLength: 4 }), json);
    const split = fc.record({ columns: fc.oneof(fc.array(name), json), data: rows }, { requiredKeys: [] });
    const body = fc.record(
      {
        instances: rows,
        inputs: fc.oneof(fc.dictionary(name, fc.oneof(fc.array(cell), json)), rows),
        dataframe_split: fc.oneof(split, json),
        dataframe_records: rows,
        examples: rows,
        params: json,
      },
      { requiredKeys: [] },
    );
    const path = fc.constantFrom(
      '/deployments/m/invocations',
      '/deployments/two/invocations',
      '/v1/models/m:predict',
      '/v1/models/two:predict',
      '/v1/models/two:classify',
    );
    const csv = fc.array(fc.constantFrom('x', 'text', ',', '"', '\n', '\r\n', '1', 'NaN', 'ß', ''), {
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(path, body, csv, fc.boolean(), (url, drawn, cells, isCsv) =>
        isCsv && url.startsWith('/deployments')
          ? refusesOrAnswers(url, cells.join(''), { 'content-type': 'text/csv' })
          : refusesOrAnswers(url, JSON.stringify(drawn)),
      ),
      { numRuns: runs },
    );
  });

  const tensor = fc.record(
    {
      name,
      datatype,
      shape: fc.array(fc.oneof(size, fc.integer()), { maxLength: 4 }),
      contents: fc.record(
        {
          fp32_contents: fc.array(fc.float(), { maxLength: 4 }),
          int64_contents: fc.array(fc.integer(), { maxLength: 4 }),
          bytes_contents: fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 4 }),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  );
  const message = fc
    .record(
      {
        model_name: fc.constantFrom('m', 'two', 'nobody', ''),
        model_version: fc.constantFrom('', '1', '2'),
        id: fc.string(),
        parameters: fc.dictionary(name, fc.record({ string_param: fc.string() })),
        inputs: fc.array(tensor, { maxLength: 3 }),
        outputs: fc.array(fc.record({ name }), { maxLength: 2 }),
        raw_input_contents: fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 3 }),
      },
      { requiredKeys: ['model_name'] },
    )
    .map((fields) => encodeMessage('ModelInferRequest', fields));
  /** Messages with bytes flipped, cut off or added. */
  const damaged = fc
    .tuple(
      message,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
      fc.nat(40),
      fc.uint8Array({ maxLength: 8 }),
    )
    .map(([bytes, flips, cut, tail]) => {
      const copy = Buffer.from(bytes);
      for (const [at, value] of flips) if (copy.length > 0) copy[at % copy.length] = value;
      return Buffer.concat([cut > 30 ? copy.subarray(0, copy.length - (cut - 30)) : copy, tail]);
    });

  test('gRPC messages, whole and damaged', async () => {
    await fc.assert(
      fc.property(damaged, (bytes) => {
        try {
          decodeInferRequest(bytes);
        } catch (error) {
          expect((error as Error).name).toBe('OipError');
        }
      }),
      { numRuns: runs * 10 },
    );
    const ok = [0, 3, 5, 12];
    await fc.assert(
      fc.asyncProperty(damaged, async (bytes) => {
        const { code, details } = await client.send('ModelInfer', bytes);
        expect(ok, `${code} ${details}`).toContain(code);
      }),
      { numRuns: runs },
    );
    const others = fc.constantFrom(
      'ModelMetadata',
      'ModelStatistics',
      'RepositoryIndex',
      'LogSettings',
      'TraceSetting',
    );
    await fc.assert(
      fc.asyncProperty(others, fc.uint8Array({ maxLength: 30 }), async (method, bytes) => {
        const { code, details } = await client.send(method, Buffer.from(bytes));
        expect(ok, `${method} ${code} ${details}`).toContain(code);
      }),
      { numRuns: runs },
    );
  });

  test('memory stays where it was', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const bad = Buffer.from(
      JSON.stringify({ inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 2], data: [1] }] }),
    );
    const badMessage = encodeMessage('ModelInferRequest', {
      model_name: 'm',
      inputs: [{ name: 'x', shape: [9] }],
    });
    const round = async () => {
      for (let i = 0; i < 500; i++) {
        await Promise.all([
          refusesOrAnswers('/v2/models/m/infer', bad),
          refusesOrAnswers('/deployments/m/invocations', bad),
          refusesOrAnswers('/v1/models/m:predict', bad),
          client.send('ModelInfer', badMessage),
          client.send('ModelInfer', Buffer.alloc(100, i)),
        ]);
      }
      collect();
      return process.memoryUsage().heapUsed;
    };
    await round();
    const before = await round();
    const after = await round();
    expect(after - before).toBeLessThan(3 * 1024 * 1024);
  });

  test('and the models answer as before', async () => {
    expect((await server.infer('m', [[1, 2]])).status).toBe(200);
    const two = { inputs: { x: [1], text: ['a'] } };
    expect((await server.call('POST', '/v1/models/two:predict', two)).body.outputs).toEqual({
      x_out: [1],
      text_out: ['a'],
    });
  });
});
