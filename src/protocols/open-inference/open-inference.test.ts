import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logisticModel } from '../../../test/serving/models.ts';
import { type ServingServer, startServing } from '../../../test/serving/serving-server.ts';
import { parseTolerant } from './infer-request.ts';
import { float32Text } from './tensors-json.ts';

let server: ServingServer;
beforeAll(async () => {
  server = await startServing();
  await server.registry.add(server.platform, 'm', logisticModel({ weights: [1, 2] }));
  await server.call('POST', '/api/serving/deployments/m/deploy', {});
});
afterAll(() => server.close());

const features = (data: unknown, shape = [1, 2]) => ({ name: 'features', datatype: 'FP32', shape, data });

async function post(
  body: string | Buffer,
  headers: Record<string, string> = {},
  path = '/v2/models/m/infer',
) {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : new Uint8Array(body),
    headers: { 'content-type': 'application/octet-stream', ...headers },
  });
  return {
    status: response.status,
    headers: response.headers,
    bytes: Buffer.from(await response.arrayBuffer()),
  };
}

describe('the protocol', () => {
  test('health, metadata, readiness, versions, index, statistics', async () => {
    const { call } = server;
    expect((await call('GET', '/v2/health/live')).body).toEqual({ live: true });
    expect((await call('GET', '/v2/health/ready')).body).toEqual({ ready: true });
    expect((await call('GET', '/v2')).body.extensions).toContain('binary_tensor_data');
    expect((await call('GET', '/v2/models/m')).body).toMatchObject({
      name: 'm',
      versions: ['1'],
      inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 2] }],
      outputs: [{ name: 'probability', datatype: 'FP32', shape: [-1, 1] }],
    });
    expect((await call('GET', '/v2/models/m/versions/1/ready')).body).toEqual({ name: 'm', ready: true });
    for (const path of ['/v2/models/nobody', '/v2/models/m/versions/9', '/v2/models/m/versions/9/ready']) {
      const missing = await call('GET', path);
      expect(missing.status).toBe(404);
      expect(typeof missing.body.error).toBe('string');
    }
    expect((await call('GET', '/v2/models')).body).toEqual({ models: ['m'] });
    expect((await call('POST', '/v2/repository/index')).body).toEqual([
      { name: 'm', version: '1', state: 'READY', reason: '' },
    ]);
    await server.infer('m', [[1, 2]]);
    const stats = await call('GET', '/v2/models/m/stats');
    expect(stats.body.model_stats[0].inference_count).toBeGreaterThan(0);
  });

  test('JSON in all its forms gives the same answer', async () => {
    const flat = await server.call('POST', '/v2/models/m/infer', {
      id: 'mine',
      inputs: [features([1, 2, 3, 4], [2, 2])],
    });
    const nested = await server.call('POST', '/v2/models/m/versions/1/infer', {
      inputs: [
        features(
          [
            [1, 2],
            [3, 4],
          ],
          [2, 2],
        ),
      ],
      outputs: [{ name: 'probability' }],
    });
    expect(flat.body.id).toBe('mine');
    expect(nested.body.outputs).toEqual(flat.body.outputs);
    const nan = await post(
      '{"inputs":[{"name":"features","shape":[3,2],"datatype":"FP32","data":[NaN,1,-Infinity,0,"NaN",1]}]}',
    );
    expect(nan.status).toBe(400);
    const bare = await post(
      '{"inputs":[{"name":"features","shape":[3,2],"datatype":"FP32","data":[NaN,1,-Infinity,0,null,1]}]}',
    );
    expect(JSON.parse(bare.bytes.toString()).outputs[0].data).toEqual([null, 0, null]);
    const zipped = await post(gzipSync(JSON.stringify({ inputs: [features([1, 2])] })), {
      'content-encoding': 'gzip',
    });
    expect(zipped.status).toBe(200);
  });

  test('binary tensors in and out, askew and raw', async () => {
    const data = Buffer.from(new Float32Array([1, 2, 3, 4]).buffer);
    for (const pad of ['', ' ', '  ', '   ']) {
      const header = `${JSON.stringify({
        inputs: [{ name: 'features', datatype: 'FP32', shape: [2, 2], parameters: { binary_data_size: 16 } }],
        outputs: [{ name: 'probability', parameters: { binary_data: true } }],
      })}${pad}`;
      const reply = await post(Buffer.concat([Buffer.from(header), data]), {
        'inference-header-content-length': String(header.length),
      });
      expect(reply.status).toBe(200);
      const length = Number(reply.headers.get('inference-header-content-length'));
      const json = JSON.parse(reply.bytes.subarray(0, length).toString());
      expect(json.outputs[0].parameters.binary_data_size).toBe(8);
      expect(reply.bytes.readFloatLE(length)).toBeCloseTo(1 / (1 + Math.exp(-5)), 5);
    }
    const raw = await post(data, { 'inference-header-content-length': '0' });
    expect(Number(raw.headers.get('inference-header-content-length'))).toBe(raw.bytes.length - 8);
  });

  test.each([
    ['no body', ''],
    ['no JSON', '{'],
    ['no object', '[1]'],
    ['no inputs', '{}'],
    ['empty inputs', { inputs: [] }],
    ['an input that is none', { inputs: [null] }],
    ['twice the same input', { inputs: [features([1, 2]), features([1, 2])] }],
    ['too few elements', { inputs: [features([1])] }],
    ['too many elements', { inputs: [features([1, 2, 3])] }],
    ['another type', { inputs: [{ ...features([1, 2]), datatype: 'INT32' }] }],
    ['an unknown type', { inputs: [{ ...features([1, 2]), datatype: 'FP33' }] }],
    ['a type of the prototype', { inputs: [{ ...features([1, 2]), datatype: 'constructor' }] }],
    ['a negative dimension', { inputs: [features([1, 2], [-1, 2])] }],
    ['overflowing dimensions', { inputs: [features([1, 2], [2 ** 40, 2 ** 40])] }],
    ['zero rows', { inputs: [features([], [0, 2])] }],
    ['a wrong width', { inputs: [features([1, 2, 3], [1, 3])] }],
    ['texts for numbers', { inputs: [features(['a', 'b'])] }],
    ['BYTES with too many elements', { inputs: [{ ...features(['a', 'b', 'c']), datatype: 'BYTES' }] }],
    ['an unknown input', { inputs: [{ ...features([1, 2]), name: 'x' }] }],
    [
      'deep data',
      `{"inputs":[{"name":"features","shape":[1,2],"datatype":"FP32","data":${'['.repeat(5000)}1${']'.repeat(5000)}}]}`,
    ],
    ['deep JSON', '['.repeat(100_000)],
    [
      'twice the same output',
      { inputs: [features([1, 2])], outputs: [{ name: 'probability' }, { name: 'probability' }] },
    ],
    ['an unknown output', { inputs: [features([1, 2])], outputs: [{ name: 'x' }] }],
    ['an id that is no text', { id: 7, inputs: [features([1, 2])] }],
    ['a bad event time', { inputs: [features([1, 2])], parameters: { event_time: 'yesterday' } }],
    ['a blob without bytes', { inputs: [{ ...features([1, 2]), parameters: { binary_data_size: 8 } }] }],
  ])('%s is a clear 400', async (_name, body) => {
    const reply = await post(typeof body === 'string' ? body : JSON.stringify(body));
    const { error } = JSON.parse(reply.bytes.toString());
    expect(reply.status).toBe(400);
    expect(error).toMatch(/\.$/);
    expect(error).not.toMatch(/at .*\.ts|node_modules/);
  });

  test('bad header lengths and encodings', async () => {
    for (const length of ['-1', 'x', '99999', '1e3', '']) {
      const reply = await post('{"inputs":[]}', { 'inference-header-content-length': length });
      expect(reply.status).toBe(400);
    }
    expect((await post('x', { 'content-encoding': 'br' })).status).toBe(415);
    expect((await post('x', { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await post('{}', {}, '/v2/models/nobody/infer')).status).toBe(400);
    expect(
      (await post(JSON.stringify({ inputs: [features([1, 2])] }), {}, '/v2/models/nobody/infer')).status,
    ).toBe(404);
    expect(
      (await post(JSON.stringify({ inputs: [features([1, 2])] }), {}, '/v2/models/m/versions/2/infer'))
        .status,
    ).toBe(404);
  });

  test('no body stalls or breaks it', async () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    const input = fc.record(
      {
        name: fc.oneof(fc.constant('features'), fc.string()),
        datatype: fc.oneof(fc.constantFrom('FP32', 'INT64', 'BOOL', 'BYTES', 'FP16', 'UINT8'), fc.string()),
        shape: fc.oneof(fc.array(fc.integer({ min: -2, max: 5 }), { maxLength: 4 }), value),
        data: fc.oneof(fc.array(fc.double()), value),
        parameters: fc.oneof(fc.record({ binary_data_size: fc.integer({ min: -5, max: 40 }) }), value),
      },
      { requiredKeys: [] },
    );
    const body = fc.record(
      {
        id: value,
        inputs: fc.oneof(fc.array(input, { maxLength: 3 }), value),
        outputs: value,
        parameters: value,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(
        body,
        fc.uint8Array({ maxLength: 40 }),
        fc.boolean(),
        async (json, tail, withHeader) => {
          const text = Buffer.from(JSON.stringify(json));
          const header: Record<string, string> = withHeader
            ? { 'inference-header-content-length': String(text.length) }
            : {};
          const reply = await post(Buffer.concat([text, tail]), header);
          expect([200, 400, 404, 501]).toContain(reply.status);
          if (reply.status !== 200) expect(typeof JSON.parse(reply.bytes.toString()).error).toBe('string');
        },
      ),
      { numRuns: 400 },
    );
    expect((await server.infer('m', [[1, 2]])).status).toBe(200);
  });
});

describe('numbers', () => {
  test('float32 text is the shortest that reads back', () => {
    expect(float32Text(Math.fround(0.1))).toBe('0.1');
    expect(float32Text(Number.NaN)).toBe('null');
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Math.fround(Number(float32Text(value)))).toBe(value === 0 ? 0 : value);
      }),
      { numRuns: 5000 },
    );
  });

  test('bare NaN and infinities are read outside of strings only', () => {
    expect(parseTolerant('{"a":[NaN,-Infinity,Infinity],"b":"NaN \\" Infinity"}')).toEqual({
      a: [null, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
      b: 'NaN " Infinity',
    });
    expect(() => parseTolerant('{"a":NaNs}')).toThrow('valid JSON');
  });
});
