import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { permissions } from '../../src/permissions.ts';
import { createToken, createUser } from '../../src/platform/auth/auth.ts';
import { type ConfigOptions, readConfig } from '../../src/platform/config.ts';
import type { ValueType } from '../../src/platform/onnx/onnx-writer.ts';
import { startGrpcServer } from '../../src/protocols/open-inference-grpc/index.ts';
import { createGrpcClient, encodeMessage } from './grpc-client.ts';
import { echoModel, failingModel, logisticModel } from './models.ts';
import { type ServingServer, startServing } from './serving-server.ts';

const typed: Record<string, [ValueType, field: string, values: unknown[], tooMuch: unknown]> = {
  BOOL: ['bool', 'bool_contents', [true, false, true], undefined],
  UINT8: ['uint8', 'uint_contents', [0, 1, 255], 256],
  UINT16: ['uint16', 'uint_contents', [0, 1, 65535], 65536],
  UINT32: ['uint32', 'uint_contents', [0, 1, 4294967295], undefined],
  UINT64: ['uint64', 'uint64_contents', ['0', '1', '18446744073709551615'], undefined],
  INT8: ['int8', 'int_contents', [-128, 0, 127], 128],
  INT16: ['int16', 'int_contents', [-32768, 0, 32767], -32769],
  INT32: ['int32', 'int_contents', [-2147483648, 0, 2147483647], undefined],
  INT64: ['int64', 'int64_contents', ['-9223372036854775808', '0', '9223372036854775807'], undefined],
  FP32: ['float', 'fp32_contents', [-1.5, 0, 3.25], undefined],
  FP64: ['double', 'fp64_contents', [-1.5, 0.1, 1e300], undefined],
  BYTES: [
    'string',
    'bytes_contents',
    [Buffer.from(''), Buffer.from('ß'), Buffer.from('abc')],
    Buffer.from([255]),
  ],
};

let server: ServingServer;
let client: ReturnType<typeof createGrpcClient>;
beforeAll(async () => {
  server = await startServing();
  client = createGrpcClient(server.grpc);
  const deploy = async (name: string, bytes: Uint8Array) => {
    await server.registry.add(server.platform, name, bytes);
    const { status: http, body } = await server.call('POST', `/api/serving/deployments/${name}/deploy`, {});
    expect([name, http, body.error]).toEqual([name, 200, undefined]);
  };
  await deploy('m', logisticModel({ weights: [1, 2] }));
  await deploy('failing', failingModel(2));
  await deploy('slow', logisticModel({ weights: [1, 2], burn: 40 }));
  for (const [datatype, [type]] of Object.entries(typed)) {
    await deploy(datatype, echoModel({ x: [type, ['N', 3]] }, { x: 'y' }));
  }
});
afterAll(async () => {
  client.close();
  await server.close();
});

const floats = (...values: number[]) => Buffer.from(new Float32Array(values).buffer);
const features = (more: object = {}) => ({ name: 'features', datatype: 'FP32', shape: [1, 2], ...more });
const ask = (fields: object = {}) => ({
  model_name: 'm',
  inputs: [features()],
  raw_input_contents: [floats(1, 2)],
  ...fields,
});
const score = 1 / (1 + Math.exp(-5));

describe('inference', () => {
  test.each(Object.entries(typed))(
    'typed contents of %s come back typed',
    async (datatype, [, field, values, tooMuch]) => {
      const input = (data: unknown[]) => [
        { name: 'x', datatype, shape: [1, 3], contents: { [field]: data } },
      ];
      const { code, details, reply } = await client.call('ModelInfer', {
        model_name: datatype,
        inputs: input(values),
      });
      expect([code, details]).toEqual([0, '']);
      expect(reply.outputs[0].contents[field]).toEqual(values);
      expect(reply.raw_output_contents).toEqual([]);
      const few = await client.call('ModelInfer', { model_name: datatype, inputs: input(values.slice(1)) });
      expect(few.code).toBe(status.INVALID_ARGUMENT);
      if (tooMuch === undefined) return;
      const over = await client.call('ModelInfer', {
        model_name: datatype,
        inputs: input([...values.slice(1), tooMuch]),
      });
      expect(over.code).toBe(status.INVALID_ARGUMENT);
    },
  );

  test('raw contents come back raw, by version, id and requested output, and are recorded', async () => {
    const { code, reply } = await client.call(
      'ModelInfer',
      ask({
        id: 'mine',
        model_version: '1',
        outputs: [{ name: 'probability' }],
        parameters: { event_time: { int64_param: 5000 } },
      }),
    );
    expect(code).toBe(0);
    expect(reply).toMatchObject({ model_name: 'm', model_version: '1', id: 'mine' });
    expect(reply.parameters.arm.string_param).toBe('champion');
    expect(reply.outputs[0]).toMatchObject({ name: 'probability', datatype: 'FP32', shape: ['1', '1'] });
    expect(reply.raw_output_contents[0].readFloatLE()).toBeCloseTo(score, 5);
    const logged = await server.call('GET', '/api/serving/predictions/mine');
    expect(logged.body).toMatchObject({ deployment: 'm', eventTime: '1970-01-01T00:00:05.000Z' });
    const rest = await server.infer('m', [[1, 2]]);
    expect(rest.body.outputs[0].data[0]).toBeCloseTo(reply.raw_output_contents[0].readFloatLE(), 6);
  });

  test.each([
    ['no model', ask({ model_name: '' }), status.NOT_FOUND],
    ['an unknown model', ask({ model_name: 'nobody' }), status.NOT_FOUND],
    ['an unknown version', ask({ model_version: '9' }), status.NOT_FOUND],
    ['no inputs', { model_name: 'm' }, status.INVALID_ARGUMENT],
    ['an input without a name', ask({ inputs: [features({ name: '' })] }), status.INVALID_ARGUMENT],
    ['an unknown input', ask({ inputs: [features({ name: 'x' })] }), status.INVALID_ARGUMENT],
    [
      'an input twice',
      ask({ inputs: [features(), features()], raw_input_contents: [floats(1, 2), floats(1, 2)] }),
      status.INVALID_ARGUMENT,
    ],
    ['another type', ask({ inputs: [features({ datatype: 'INT32' })] }), status.INVALID_ARGUMENT],
    ['an unknown type', ask({ inputs: [features({ datatype: 'FP33' })] }), status.INVALID_ARGUMENT],
    ['a negative dimension', ask({ inputs: [features({ shape: [-1, 2] })] }), status.INVALID_ARGUMENT],
    [
      'overflowing dimensions',
      ask({ inputs: [features({ shape: [2 ** 40, 2 ** 40] })] }),
      status.INVALID_ARGUMENT,
    ],
    [
      'too many dimensions',
      ask({ inputs: [features({ shape: new Array(100).fill(1) })] }),
      status.INVALID_ARGUMENT,
    ],
    [
      'zero rows',
      ask({ inputs: [features({ shape: [0, 2] })], raw_input_contents: [Buffer.alloc(0)] }),
      status.INVALID_ARGUMENT,
    ],
    ['too few bytes', ask({ raw_input_contents: [floats(1)] }), status.INVALID_ARGUMENT],
    ['too many bytes', ask({ raw_input_contents: [floats(1, 2, 3)] }), status.INVALID_ARGUMENT],
    [
      'a raw content too many',
      ask({ raw_input_contents: [floats(1, 2), floats(1)] }),
      status.INVALID_ARGUMENT,
    ],
    [
      'raw and typed together',
      ask({ inputs: [features({ contents: { fp32_contents: [1, 2] } })] }),
      status.INVALID_ARGUMENT,
    ],
    [
      'contents of another type',
      { model_name: 'm', inputs: [features({ contents: { fp64_contents: [1, 2] } })] },
      status.INVALID_ARGUMENT,
    ],
    [
      'typed FP16',
      { model_name: 'm', inputs: [features({ datatype: 'FP16', contents: { fp32_contents: [1, 2] } })] },
      status.INVALID_ARGUMENT,
    ],
    ['no contents', { model_name: 'm', inputs: [features()] }, status.INVALID_ARGUMENT],
    ['an unknown output', ask({ outputs: [{ name: 'x' }] }), status.INVALID_ARGUMENT],
    [
      'an output twice',
      ask({ outputs: [{ name: 'probability' }, { name: 'probability' }] }),
      status.INVALID_ARGUMENT,
    ],
    [
      'a bad class count',
      ask({ outputs: [{ name: 'probability', parameters: { classification: { int64_param: -1 } } }] }),
      status.INVALID_ARGUMENT,
    ],
    ['a long id', ask({ id: 'x'.repeat(201) }), status.INVALID_ARGUMENT],
    [
      'a bad event time',
      ask({ parameters: { event_time: { string_param: 'noon' } } }),
      status.INVALID_ARGUMENT,
    ],
    [
      'a model that fails',
      ask({ model_name: 'failing', raw_input_contents: [floats(7, 0)] }),
      status.INTERNAL,
    ],
  ])('%s is a clear status', async (_name, fields, code) => {
    const answer = await client.call('ModelInfer', fields);
    expect([answer.code, answer.details]).toEqual([code, expect.stringMatching(/\.$/)]);
    expect(answer.details).not.toMatch(/\.ts:|node_modules/);
  });

  test('a message that is none, or too large, or late', async () => {
    const bytes = encodeMessage('ModelInferRequest', ask());
    for (const bad of [
      bytes.subarray(0, -1),
      Buffer.alloc(40, 0xff),
      Buffer.from([0x2a, 0x7f]),
      Buffer.from([0x0b]),
    ]) {
      expect((await client.send('ModelInfer', bad)).code).toBe(status.INVALID_ARGUMENT);
    }
    expect((await client.send('ModelMetadata', Buffer.from([0x0a, 0x7f]))).code).toBe(
      status.INVALID_ARGUMENT,
    );
    const unknown = Buffer.concat([bytes, Buffer.from([0xa2, 0x06, 0x02, 0x01, 0x02])]);
    expect((await client.send('ModelInfer', unknown)).code).toBe(0);
    const large = await client.send('ModelInfer', Buffer.alloc(65 * 1024 * 1024));
    expect(large.code).toBe(status.RESOURCE_EXHAUSTED);
    const rows = 256;
    const slow = ask({
      model_name: 'slow',
      inputs: [features({ shape: [rows, 2] })],
      raw_input_contents: [Buffer.alloc(rows * 8)],
    });
    expect((await client.call('ModelInfer', slow, { deadlineMs: 1 })).code).toBe(status.DEADLINE_EXCEEDED);
    expect((await client.call('ModelInfer', ask())).code).toBe(0);
    expect((await client.send('SystemSharedMemoryStatus', Buffer.alloc(0))).code).toBe(status.UNIMPLEMENTED);
  });

  test('a stream answers in order, tells errors and goes on; a reader that goes away hurts nobody', async () => {
    const stream = client.openStream();
    const replies: string[] = [];
    const ended = new Promise<void>((resolve) => stream.on('end', resolve));
    stream.on('data', (bytes: Buffer) =>
      replies.push(bytes[0] === 10 ? bytes.subarray(2).toString() : 'fine'),
    );
    for (let i = 0; i < 300; i++) {
      const fields = i % 100 === 50 ? ask({ model_name: 'nobody' }) : ask({ id: `s${i}` });
      stream.write(i === 7 ? Buffer.from([0xff]) : encodeMessage('ModelInferRequest', fields));
    }
    stream.end();
    await ended;
    expect(replies).toHaveLength(300);
    expect(replies.flatMap((reply, i) => (reply === 'fine' ? [] : [i]))).toEqual([7, 50, 150, 250]);
    expect(replies[50]).toContain('no deployment');
    const gone = client.openStream();
    gone.on('error', () => {});
    for (let i = 0; i < 200; i++) gone.write(encodeMessage('ModelInferRequest', ask()));
    gone.cancel();
    expect((await client.call('ModelInfer', ask())).code).toBe(0);
  });
});

/** A call by bare HTTP/2, for what a client library would not send. */
async function bare(bytes: Buffer, more: Record<string, string> = {}, path = 'ModelInfer') {
  const session = connectHttp2(`http://${server.grpc}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': `/inference.GRPCInferenceService/${path}`,
    'content-type': 'application/grpc',
    ...more,
  });
  const seen: Record<string, unknown> = {};
  stream
    .on('response', (headers) => Object.assign(seen, headers))
    .on('trailers', (of) => Object.assign(seen, of));
  stream.resume();
  stream.end(bytes);
  await once(stream, 'close');
  session.close();
  return { http: seen[':status'], code: Number(seen['grpc-status']), message: seen['grpc-message'] };
}

function framed(message: Buffer, flag = 0): Buffer {
  const prefix = Buffer.alloc(5, flag);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

describe('calls', () => {
  const message = framed(encodeMessage('ModelInferRequest', ask()));

  test('what is no single, whole message is refused', async () => {
    expect((await bare(message)).code).toBe(status.OK);
    expect((await bare(Buffer.concat([message, message]))).code).toBe(status.INVALID_ARGUMENT);
    expect((await bare(Buffer.alloc(0))).code).toBe(status.INVALID_ARGUMENT);
    expect((await bare(message.subarray(0, -1))).code).toBe(status.INVALID_ARGUMENT);
    expect((await bare(message, { 'content-type': 'application/json' })).http).toBe(415);
    expect((await bare(message, {}, 'Nothing')).code).toBe(status.UNIMPLEMENTED);
  });

  test('messages come packed in a known way, or are refused', async () => {
    const plain = message.subarray(5);
    const zipped = framed(gzipSync(plain), 1);
    expect((await bare(zipped, { 'grpc-encoding': 'gzip' })).code).toBe(status.OK);
    expect((await bare(framed(deflateSync(plain), 1), { 'grpc-encoding': 'deflate' })).code).toBe(status.OK);
    expect((await bare(zipped, { 'grpc-encoding': 'snappy' })).code).toBe(status.UNIMPLEMENTED);
    expect((await bare(framed(plain, 1), { 'grpc-encoding': 'gzip' })).code).toBe(status.INVALID_ARGUMENT);
    const bomb = framed(gzipSync(Buffer.alloc(65 * 1024 * 1024)), 1);
    expect((await bare(bomb, { 'grpc-encoding': 'gzip' })).code).toBe(status.INVALID_ARGUMENT);
  });

  test('a sentence travels with any letters; a deadline in any unit', async () => {
    const lost = await bare(framed(encodeMessage('ModelInferRequest', ask({ outputs: [{ name: 'ß%\n' }] }))));
    expect([lost.code, decodeURIComponent(String(lost.message))]).toEqual([
      status.INVALID_ARGUMENT,
      expect.stringContaining('"ß%\n"'),
    ]);
    for (const timeout of ['1H', '90M', '20S', '20000m', '20000000u', 'soon'])
      expect([timeout, (await bare(message, { 'grpc-timeout': timeout })).code]).toEqual([
        timeout,
        status.OK,
      ]);
    expect((await bare(message, { 'grpc-timeout': '1n' })).code).toBe(status.DEADLINE_EXCEEDED);
  });

  test('a client that resets its call hurts nobody', async () => {
    const session = connectHttp2(`http://${server.grpc}`);
    for (let i = 0; i < 50; i++) {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/inference.GRPCInferenceService/ModelInfer',
        'content-type': 'application/grpc',
      });
      stream.on('error', () => {});
      if (i % 2) stream.end(message);
      else stream.write(message.subarray(0, 20));
      setImmediate(() => stream.close(8));
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    session.destroy();
    expect((await bare(message)).code).toBe(status.OK);
  });
});

describe('access', () => {
  test('the REST permissions hold, by a bearer token in the metadata', async () => {
    const locked = await startServing({ auth: true });
    const guest = createGrpcClient(locked.grpc);
    try {
      const tokenOf = async (id: string, role: string) => {
        await createUser(locked.scope, id, [role]);
        return createToken(locked.scope, id, 'test');
      };
      const [service, viewer] = [await tokenOf('robot', 'service'), await tokenOf('reader', 'viewer')];
      expect((await guest.call('ServerLive')).reply).toEqual({ live: true });
      expect((await guest.call('ServerReady')).reply).toEqual({ ready: true });
      for (const method of [
        'ModelInfer',
        'ModelMetadata',
        'ServerMetadata',
        'RepositoryIndex',
        'LogSettings',
      ]) {
        const codes = [undefined, 'wrong', viewer].map(
          async (token) => (await guest.call(method, {}, { token })).code,
        );
        expect([method, ...(await Promise.all(codes))]).toEqual([
          method,
          status.UNAUTHENTICATED,
          status.UNAUTHENTICATED,
          status.PERMISSION_DENIED,
        ]);
      }
      const lost = { model_name: 'nobody', inputs: [features({ contents: { fp32_contents: [1, 2] } })] };
      expect((await guest.call('ModelInfer', lost, { token: service })).code).toBe(status.NOT_FOUND);
      const load = await guest.call('RepositoryModelLoad', { model_name: 'm' }, { token: service });
      expect(load.code).toBe(status.PERMISSION_DENIED);
      const stream = guest.openStream();
      const refused = new Promise<{ code: number }>((resolve) => stream.on('error', resolve as () => void));
      stream.on('data', () => {});
      expect((await refused).code).toBe(status.UNAUTHENTICATED);
    } finally {
      guest.close();
      await locked.close();
    }
  });

  test('a taken port is told with the way out', async () => {
    const port = Number(server.grpc.split(':')[1]);
    const options = { permissions, version: 'test', host: '127.0.0.1', port };
    const start = startGrpcServer(server.platform, server.domains.serving, options);
    await expect(start).rejects.toMatchObject({
      code: 'platform.port.in_use',
      next: expect.stringContaining('--grpc-port'),
    });
  });

  test('which port: the default, a chosen one, any free one, or none', () => {
    const of = (options: ConfigOptions, env = {}) => readConfig(options, env).grpc;
    expect(of({})).toEqual({ port: 8001, isChosen: false });
    expect(of({ port: 0 })).toEqual({ port: 0, isChosen: false });
    expect(of({ grpcPort: 9001 }, { HOUSTON_GRPC_PORT: '7' })).toEqual({ port: 9001, isChosen: true });
    expect(of({}, { HOUSTON_GRPC_PORT: '7' })).toEqual({ port: 7, isChosen: true });
    expect(of({}, { HOUSTON_GRPC_PORT: 'off' })).toBe(null);
    expect(of({ grpcPort: null })).toBe(null);
    for (const wrong of ['x', '-1', '65536', '1.5']) {
      expect(() => of({}, { HOUSTON_GRPC_PORT: wrong })).toThrow('not a number from 0 to 65535');
    }
  });

  test('what is no HTTP/2 is cut off', async () => {
    for (const text of [
      'GET / HTTP/1.1\r\nhost: x\r\n\r\n',
      '\0'.repeat(100),
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff',
    ]) {
      const socket = connect(Number(server.grpc.split(':')[1]), '127.0.0.1');
      socket.on('error', () => {});
      const closed = new Promise((resolve) => socket.on('close', resolve));
      socket.end(text, 'latin1');
      socket.resume();
      await closed;
    }
    expect((await client.call('ModelInfer', ask())).code).toBe(0);
  });
});
