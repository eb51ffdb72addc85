import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ValueType } from '../../src/platform/onnx/onnx-writer.ts';
import { echoModel, logisticModel } from './models.ts';
import { type ServingServer, startServing } from './serving-server.ts';

const types: Record<string, [ValueType, bytes: number]> = {
  BOOL: ['bool', 1],
  UINT8: ['uint8', 1],
  UINT16: ['uint16', 2],
  UINT32: ['uint32', 4],
  UINT64: ['uint64', 8],
  INT8: ['int8', 1],
  INT16: ['int16', 2],
  INT32: ['int32', 4],
  INT64: ['int64', 8],
  FP16: ['float16', 2],
  FP32: ['float', 4],
  FP64: ['double', 8],
  BYTES: ['string', 0],
};

let server: ServingServer;
beforeAll(async () => {
  server = await startServing();
  const deploy = async (name: string, bytes: Uint8Array) => {
    await server.registry.add(server.platform, name, bytes);
    const { status, body } = await server.call('POST', `/api/serving/deployments/${name}/deploy`, {});
    expect([name, status, body.error]).toEqual([name, 200, undefined]);
  };
  await deploy('m', logisticModel({ weights: [1, 2] }));
  await deploy(
    'chat',
    echoModel(
      { text_input: ['string', [1]], temperature: ['float', [1]] },
      { text_input: 'text_output', temperature: 'warmth' },
    ),
  );
  for (const [datatype, [type]] of Object.entries(types)) {
    await deploy(datatype, echoModel({ x: [type, ['N', 3]] }, { x: 'y' }));
  }
});
afterAll(() => server.close());

const infer = (model: string, body: unknown) => server.call('POST', `/v2/models/${model}/infer`, body);
const x = (datatype: string, data: unknown, shape = [1, 3]) => ({ name: 'x', datatype, shape, data });

async function binary(model: string, header: unknown, blobs: Buffer, length?: number) {
  const text = Buffer.from(header === undefined ? '' : JSON.stringify(header));
  const response = await fetch(`${server.url}/v2/models/${model}/infer`, {
    method: 'POST',
    headers: { 'inference-header-content-length': String(length ?? text.length) },
    body: new Uint8Array(Buffer.concat([text, blobs])),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const json = Number(response.headers.get('inference-header-content-length') ?? bytes.length);
  return {
    status: response.status,
    body: JSON.parse(bytes.subarray(0, json).toString()),
    blobs: bytes.subarray(json),
  };
}

describe('datatypes', () => {
  test.each(Object.entries(types).filter(([datatype]) => datatype !== 'BYTES'))(
    '%s goes through as bytes, with a header and raw',
    async (datatype, [, bytes]) => {
      const blob = Buffer.alloc(3 * bytes, datatype === 'BOOL' ? 1 : 0x3c);
      const input = { ...x(datatype, undefined), parameters: { binary_data_size: blob.length } };
      const request = { inputs: [input], parameters: { binary_data_output: true } };
      const reply = await binary(datatype, request, blob);
      expect([reply.status, reply.body.outputs?.[0].datatype]).toEqual([200, datatype]);
      expect(reply.blobs).toEqual(blob);
      expect((await binary(datatype, undefined, blob, 0)).blobs).toEqual(blob);
      const short = { inputs: [{ ...input, parameters: { binary_data_size: blob.length - 1 } }] };
      expect((await binary(datatype, short, blob.subarray(1))).status).toBe(400);
    },
  );

  test('integers keep every digit in JSON, and stay in their range', async () => {
    const most = ['9223372036854775807', '-9223372036854775808', '0'];
    const body = JSON.stringify({ inputs: [x('INT64', '#')] }).replace('"#"', `[${most}]`);
    const reply = await fetch(`${server.url}/v2/models/INT64/infer`, { method: 'POST', body });
    expect(await reply.text()).toContain(`"data":[${most}]`);
    for (const [datatype, value] of [
      ['INT64', '9223372036854775808'],
      ['UINT64', '-1'],
      ['UINT64', '18446744073709551616'],
      ['INT8', '128'],
      ['UINT8', '-1'],
      ['INT32', '0.5'],
      ['BOOL', '2'],
    ]) {
      const wrong = JSON.stringify({ inputs: [x(datatype, '#')] }).replace('"#"', `[0,0,${value}]`);
      const { status } = await fetch(`${server.url}/v2/models/${datatype}/infer`, {
        method: 'POST',
        body: wrong,
      });
      expect([datatype, value, status]).toEqual([datatype, value, 400]);
    }
  });

  test('FP16 has no JSON form and comes back in binary; BF16 widens to FP32', async () => {
    expect((await infer('FP16', { inputs: [x('FP16', [1, 2, 3])] })).status).toBe(400);
    const input = { ...x('FP16', undefined), parameters: { binary_data_size: 6 } };
    const asked = { inputs: [input], outputs: [{ name: 'y', parameters: { binary_data: false } }] };
    expect((await binary('FP16', asked, Buffer.alloc(6))).blobs).toHaveLength(6);
    const wide = { inputs: [{ ...input, datatype: 'BF16' }] };
    const reply = await binary('FP32', wide, Buffer.from([0xc0, 0x3f, 0, 0xc0, 0x80, 0x7f]));
    expect(reply.body.outputs[0].data).toEqual([1.5, -2, null]);
  });

  test('BYTES are texts of UTF-8; a BOOL is 0 or 1', async () => {
    const element = (bytes: Buffer) => Buffer.concat([Buffer.from([bytes.length, 0, 0, 0]), bytes]);
    const blob = Buffer.concat(['', 'ß', 'abc'].map((text) => element(Buffer.from(text))));
    const of = (datatype: string, size: number) => ({
      inputs: [{ ...x(datatype, undefined), parameters: { binary_data_size: size } }],
    });
    expect((await binary('BYTES', of('BYTES', blob.length), blob)).body.outputs[0].data).toEqual([
      '',
      'ß',
      'abc',
    ]);
    const bad = Buffer.concat([blob.subarray(0, 4), element(Buffer.from([0xff])), element(Buffer.from('a'))]);
    expect((await binary('BYTES', of('BYTES', bad.length), bad)).status).toBe(400);
    const more = Buffer.concat([blob, element(Buffer.from('more'))]);
    expect((await binary('BYTES', of('BYTES', more.length), more)).status).toBe(400);
    expect((await binary('BYTES', of('BYTES', blob.length - 1), blob.subarray(0, -1))).status).toBe(400);
    expect((await binary('BOOL', of('BOOL', 3), Buffer.from([0, 1, 2]))).status).toBe(400);
  });
});

describe('extensions', () => {
  test('classification ranks each row', async () => {
    const outputs = [{ name: 'y', parameters: { classification: 2 } }];
    const data = [1, 3, 2, -1, null, -2];
    const { body } = await infer('FP32', { inputs: [x('FP32', data, [2, 3])], outputs });
    expect(body.outputs[0]).toMatchObject({
      datatype: 'BYTES',
      shape: [2, 2],
      data: ['3.000000:1', '2.000000:2', '-1.000000:0', '-2.000000:2'],
    });
    for (const [model, classification] of [
      ['FP32', -1],
      ['FP32', 'two'],
      ['BYTES', 2],
    ] as const) {
      const asked = {
        inputs: [x(model, model === 'BYTES' ? ['a', 'b', 'c'] : [1, 2, 3])],
        outputs: [{ name: 'y', parameters: { classification } }],
      };
      expect((await infer(model, asked)).status).toBe(400);
    }
  });

  test('generate: text in, text out, whole and as events', async () => {
    const ask = { text_input: 'hi', parameters: { temperature: 0.5, event_time: 5000 }, id: 'mine' };
    const want = { id: 'mine', model_name: 'chat', model_version: '1', text_output: 'hi', warmth: 0.5 };
    expect((await server.call('POST', '/v2/models/chat/generate', ask)).body).toEqual(want);
    const { body } = await server.call('POST', '/v2/models/chat/versions/1/generate', {
      ...ask,
      temperature: 2,
    });
    expect(body.warmth).toBe(2);
    const stream = await fetch(`${server.url}/v2/models/chat/generate_stream`, {
      method: 'POST',
      body: JSON.stringify(ask),
    });
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    expect(await stream.text()).toBe(`data: ${JSON.stringify(want)}\n\n`);
    for (const [model, wrong, status] of [
      ['m', ask, 400],
      ['nobody', ask, 404],
      ['chat', {}, 422],
      ['chat', { text_input: 'hi' }, 422],
      ['chat', { ...ask, text_input: 7 }, 422],
      ['chat', { ...ask, text_input: ['a', 'b'] }, 422],
      ['chat', { ...ask, temperature: 'warm' }, 422],
      ['chat', { ...ask, parameters: [] }, 422],
    ] as const) {
      for (const verb of ['generate', 'generate_stream']) {
        const reply = await server.call('POST', `/v2/models/${model}/${verb}`, wrong);
        expect([model, reply.status, typeof reply.body.error]).toEqual([model, status, 'string']);
      }
    }
  });

  test('unload takes a deployment off the air, load and deploy bring it back, and the ledger has both', async () => {
    const { call } = server;
    const steps = ['INT8', 'INT16'].map((name) => [
      name,
      name === 'INT8' ? `/v2/repository/models/${name}/load` : `/api/serving/deployments/${name}/deploy`,
    ]);
    for (const [name, back] of steps) {
      expect((await call('POST', `/v2/repository/models/${name}/unload`)).status).toBe(200);
      expect((await call('POST', `/v2/repository/models/${name}/unload`)).status).toBe(200);
      expect((await call('GET', `/v2/models/${name}/ready`)).status).toBe(503);
      expect((await infer(name, { inputs: [x(name, [1, 2, 3])] })).body.error).toContain('unloaded');
      const index = await call('POST', '/v2/repository/index');
      const entry = index.body.find((one: { name: string }) => one.name === name);
      expect(entry).toEqual({ name, state: 'UNAVAILABLE', reason: 'It was unloaded.' });
      expect((await call('POST', '/v2/repository/index', { ready: true })).body).not.toContainEqual(entry);
      expect((await call('POST', back, {})).status).toBe(200);
      expect((await infer(name, { inputs: [x(name, [1, 2, 3])] })).body.outputs[0].data).toEqual([1, 2, 3]);
      const events = await call('GET', `/api/ledger/events?subject=deployment:${name}`);
      const verbs = events.body.items.map((one: { type: string }) => one.type.split('.').at(-1));
      expect(verbs.filter((verb: string) => verb.endsWith('loaded')).sort()).toEqual(['loaded', 'unloaded']);
    }
    for (const [path, body, status] of [
      ['nobody/load', {}, 404],
      ['nobody/unload', {}, 404],
      ['m/load', { parameters: { config: '{}' } }, 501],
      ['m/load', [], 400],
    ] as const) {
      const reply = await call('POST', `/v2/repository/models/${path}`, body);
      expect([path, reply.status, typeof reply.body.error]).toEqual([path, status, 'string']);
    }
  });

  test('settings are told, and changes refused', async () => {
    const { call } = server;
    expect((await call('GET', '/v2/logging')).body).toMatchObject({ log_error: true, log_info: true });
    expect((await call('POST', '/v2/logging', { log_error: true })).status).toBe(200);
    expect((await call('POST', '/v2/logging', { log_info: false })).status).toBe(501);
    expect((await call('POST', '/v2/logging', { log: 1 })).status).toBe(400);
    for (const path of ['/v2/trace/setting', '/v2/models/m/trace/setting']) {
      expect((await call('GET', path)).body.trace_level).toEqual(['OFF']);
      expect((await call('POST', path, { trace_rate: null, trace_level: ['OFF'] })).status).toBe(200);
      expect((await call('POST', path, { trace_level: ['TIMESTAMPS'] })).status).toBe(501);
    }
    expect((await call('GET', '/v2/models/nobody/trace/setting')).status).toBe(404);
  });

  test('configuration and statistics have what load generators read', async () => {
    const { body: config } = await server.call('GET', '/v2/models/FP32/config');
    expect(config).toMatchObject({ name: 'FP32', input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [3] }] });
    expect(config.max_batch_size).toBeGreaterThan(1);
    const { body: fixed } = await server.call('GET', '/v2/models/chat/config');
    expect([fixed.max_batch_size, fixed.input[0].dims]).toEqual([0, [1]]);
    await infer('FP32', { inputs: [x('FP32', [1, 2, 3, 4, 5, 6], [2, 3])] });
    const before = (await server.call('GET', '/v2/models/FP32/versions/1/stats')).body.model_stats[0];
    await infer('FP32', { inputs: [x('FP32', [1, 2, 3, 4, 5, 6], [2, 3])] });
    const after = (await server.call('GET', '/v2/models/FP32/stats')).body.model_stats[0];
    expect(after.inference_count - before.inference_count).toBe(2);
    expect(after.inference_stats.success.count - before.inference_stats.success.count).toBe(1);
    const { success, queue, compute_input, compute_infer, compute_output } = after.inference_stats;
    expect(queue.ns + compute_input.ns + compute_infer.ns + compute_output.ns).toBeLessThanOrEqual(
      success.ns + 1,
    );
  });
});

test('large replies are packed for those who accept it, and others not', async () => {
  const rows = 2000;
  const body = JSON.stringify({ inputs: [x('FP32', new Array(rows * 3).fill(0.5), [rows, 3])] });
  const ask = async (accepted: string, length = body.length) => {
    const response = await fetch(`${server.url}/v2/models/FP32/infer`, {
      method: 'POST',
      headers: { 'accept-encoding': accepted, 'content-type': 'application/json' },
      body: length === body.length ? body : JSON.stringify({ inputs: [x('FP32', [1, 2, 3])] }),
    });
    return {
      encoding: response.headers.get('content-encoding'),
      json: (await response.json()) as { outputs: { data: number[] }[] },
    };
  };
  for (const [accepted, encoding] of [
    ['gzip', 'gzip'],
    ['deflate, br', 'deflate'],
    ['gzip;q=0', null],
    ['identity', null],
  ] as const) {
    const reply = await ask(accepted);
    expect([accepted, reply.encoding]).toEqual([accepted, encoding]);
    expect(reply.json.outputs[0].data).toHaveLength(rows * 3);
  }
  expect((await ask('gzip', 0)).encoding).toBe(null);
});

test('bodies too large, before or after unpacking, are refused', async () => {
  const large = 65 * 1024 * 1024;
  for (const [path, field] of [
    ['/v2/models/m/infer', 'error'],
    ['/v1/models/m:predict', 'error'],
    ['/deployments/m/invocations', 'message'],
  ] as const) {
    const ask = async (payload: Buffer, headers: Record<string, string> = {}) => {
      const all = { host: '127.0.0.1', 'content-type': 'application/json', ...headers };
      const reply = await server.app.inject({ method: 'POST', url: path, headers: all, payload });
      expect(typeof reply.json()[field]).toBe('string');
      return reply.statusCode;
    };
    expect(await ask(Buffer.alloc(large, 32))).toBe(413);
    expect(await ask(gzipSync(Buffer.alloc(large, 32)), { 'content-encoding': 'gzip' })).toBe(400);
    expect(await ask(Buffer.from('{}'), { 'content-encoding': 'br' })).toBe(415);
  }
});
