import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logisticModel } from './models.ts';
import { type ServingServer, startServing } from './serving-server.ts';

let server: ServingServer;
beforeAll(async () => {
  server = await startServing();
  await server.registry.add(server.platform, 'm', logisticModel({ weights: [1, 2] }));
  await server.call('POST', '/api/serving/deployments/m/deploy', {});
});
afterAll(() => server.close());

const input = (data: unknown[]) =>
  JSON.stringify({ id: 'one', inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 2], data }] });

/** Any header of this kind sends a request the long way round. */
const longWay = 'cookie: a=b\r\n';

function request(body: string, headers = '', line = 'POST /v2/models/m/infer HTTP/1.1'): string {
  return `${line}\r\nhost: 127.0.0.1\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

type Answer = { status: number; headers: Record<string, string>; body: string };

/** A connection that reads answers one after the other. */
async function open() {
  const socket: Socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  let text = '';
  let isOver = false;
  let wake: () => void = () => {};
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    wake();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    isOver = true;
    wake();
  });
  const until = async (ready: () => boolean) => {
    while (!ready() && !isOver)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  };
  return {
    socket,
    send: (bytes: string) => void socket.write(bytes),
    async answer(): Promise<Answer | undefined> {
      await until(() => text.includes('\r\n\r\n'));
      const [head] = text.split('\r\n\r\n', 1);
      const [line, ...lines] = head.split('\r\n');
      const headers = Object.fromEntries(
        lines.map((one) => [one.slice(0, one.indexOf(':')).toLowerCase(), one.slice(one.indexOf(':') + 2)]),
      );
      const end = head.length + 4 + Number(headers['content-length']);
      await until(() => text.length >= end);
      if (text.length < end || head === '') return undefined;
      const body = Buffer.from(text.slice(head.length + 4, end), 'latin1').toString();
      text = text.slice(end);
      return { status: Number(line.split(' ')[1]), headers, body };
    },
    ended: () => until(() => false),
  };
}

async function ask(bytes: string): Promise<Answer | undefined> {
  const line = await open();
  line.send(bytes);
  const answer = await line.answer();
  line.socket.destroy();
  return answer;
}

/** What must not differ between the two ways; the revision's timing and the date may. */
const comparable = (answer: Answer | undefined) => {
  const { date: _date, ...headers } = answer?.headers ?? {};
  return { status: answer?.status, headers, body: answer?.body };
};

describe('the fast lane', () => {
  test('answers as the long way does, to the header', async () => {
    const short = await ask(request(input([1, 2])));
    expect(short?.status).toBe(200);
    expect(JSON.parse(short!.body)).toMatchObject({ model_name: 'm', id: 'one' });
    expect(comparable(short)).toEqual(comparable(await ask(request(input([1, 2]), longWay))));
    const version = 'POST /v2/models/m/versions/1/infer HTTP/1.1';
    expect(JSON.parse((await ask(request(input([1, 2]), '', version)))!.body)).toMatchObject({
      parameters: { arm: 'champion' },
    });
  });

  test.each([
    ['no model', request(input([1, 2]), '', 'POST /v2/models/nobody/infer HTTP/1.1'), 404],
    ['no version', request(input([1, 2]), '', 'POST /v2/models/m/versions/7/infer HTTP/1.1'), 404],
    ['an empty body', request(''), 400],
    ['no JSON', request('{"inputs":'), 400],
    ['too few elements', request(input([1])), 400],
    ['a wrong header length', request(input([1, 2]), 'inference-header-content-length: x\r\n'), 400],
    ['a header length beyond', request(input([1, 2]), 'inference-header-content-length: 99999\r\n'), 400],
    ['another host', request(input([1, 2])).replace('127.0.0.1', 'evil.example'), 403],
    ['another origin', request(input([1, 2]), 'origin: http://evil.example\r\n'), 403],
    ['an unknown encoding', request(input([1, 2]), 'content-encoding: br\r\n'), 415],
    ['a wrong token', request(input([1, 2]), 'authorization: Bearer houston_nothing\r\n'), 401],
  ])('refuses %s as the long way does', async (_what, bytes, status) => {
    const short = await ask(bytes);
    expect(short?.status).toBe(status);
    expect(typeof JSON.parse(short!.body).error).toBe('string');
    const long = await ask(bytes.replace('\r\n\r\n', `\r\n${longWay}\r\n`));
    expect({ status: long?.status, body: long?.body }).toEqual({ status: short?.status, body: short?.body });
  });

  test('any body gets the same status both ways', async () => {
    const line = await open();
    const slow = await open();
    const body = fc.oneof(
      fc.json().map((text) => `{"inputs":${text}}`),
      fc.array(fc.oneof(fc.double(), fc.constant(null), fc.string()), { maxLength: 4 }).map(input),
      fc.string({ unit: 'binary' }),
    );
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        line.send(request(text));
        slow.send(request(text, longWay));
        const [a, b] = [await line.answer(), await slow.answer()];
        expect(a?.status).toBe(b?.status);
        expect(a?.body === '' ? '' : JSON.parse(a!.body).error).toBe(JSON.parse(b!.body).error);
      }),
      { numRuns: 200, seed: 7 },
    );
    line.socket.destroy();
    slow.socket.destroy();
  });

  test('reads requests that arrive in pieces, wherever they are cut', async () => {
    const bytes = request(input([1, 2]));
    const line = await open();
    line.socket.setNoDelay(true);
    for (let cut = 1; cut < bytes.length; cut += 7) {
      line.send(bytes.slice(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      line.send(bytes.slice(cut));
      expect((await line.answer())?.status).toBe(200);
    }
    line.socket.destroy();
  });

  test('answers pipelined requests in their order, good ones and bad ones', async () => {
    const line = await open();
    const count = 3000;
    const bodies = Array.from({ length: count }, (_, i) =>
      i % 3 === 0 ? '{' : input([i, 2]).replace('"one"', `"id-${i}"`),
    );
    line.send(bodies.map((body) => request(body)).join(''));
    for (let i = 0; i < count; i++) {
      const answer = await line.answer();
      if (i % 3 === 0) expect(answer?.status).toBe(400);
      else expect(JSON.parse(answer!.body).id).toBe(`id-${i}`);
    }
    line.socket.destroy();
  });

  test('hands a connection over with every byte, in the middle of a pipeline too', async () => {
    const line = await open();
    const chunked = `POST /v2/models/m/infer HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n`;
    const body = input([3, 4]);
    line.send(
      request(input([1, 2])) +
        'GET /v2/health/live HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n' +
        `${chunked}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` +
        request(input([5, 6])),
    );
    const answers = [await line.answer(), await line.answer(), await line.answer(), await line.answer()];
    expect(answers.map((one) => one?.status)).toEqual([200, 200, 200, 200]);
    expect(JSON.parse(answers[1]!.body)).toEqual({ live: true });
    line.socket.destroy();
  });

  test.each([
    ['a length beside chunks', request('0\r\n\r\n', 'transfer-encoding: chunked\r\n')],
    ['two lengths', request(input([1, 2]), 'content-length: 3\r\n')],
    ['a folded header', request(input([1, 2]), 'x: a\r\n b: c\r\n')],
    ['no request at all', 'POST /v2/models/\0\r\n\r\n'],
    ['a bare line feed', request(input([1, 2]), 'x: a\ny: b\r\n')],
  ])('gives %s the answer of the HTTP server, and at most one', async (_what, bytes) => {
    const line = await open();
    line.send(bytes + request(input([1, 2])));
    const first = await line.answer();
    expect(first === undefined || first.status === 400 || first.status === 200).toBe(true);
    if (first?.status === 400) expect(await line.answer()).toBeUndefined();
    line.socket.destroy();
  });

  test('answers a caller that has closed its side, and then ends', async () => {
    const line = await open();
    line.socket.end(request(input([1, 2])) + request(input([3, 4])));
    expect((await line.answer())?.status).toBe(200);
    expect((await line.answer())?.status).toBe(200);
    await line.ended();
  });

  test('survives callers that leave in the middle', async () => {
    const bytes = request(input([1, 2]));
    for (const cut of [3, 40, bytes.length - 1, bytes.length]) {
      const line = await open();
      line.send(bytes.slice(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      line.socket.resetAndDestroy();
    }
    expect((await ask(bytes))?.status).toBe(200);
  });

  test('reads large bodies in pieces, between other requests, as the long way does', async () => {
    const body = input(new Array(40_000).fill(0.123456)).replace('[1,2]', '[20000,2]');
    const long = await ask(request(body, longWay));
    expect(JSON.parse(long!.body).outputs[0].shape).toEqual([20_000, 1]);
    const line = await open();
    for (const cut of [50, 200, 100_000, body.length]) {
      const bytes = request(input([1, 2])) + request(body) + request(input([3, 4]));
      line.send(bytes.slice(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      line.send(bytes.slice(cut));
      expect((await line.answer())?.status).toBe(200);
      expect(comparable(await line.answer())).toEqual(comparable(long));
      expect((await line.answer())?.status).toBe(200);
    }
    line.socket.destroy();
  });

  test('survives callers that leave in the middle of a large body, and leaves larger ones to the HTTP server', async () => {
    const bytes = request(' '.repeat(100_000));
    const line = await open();
    line.send(bytes.slice(0, 90_000));
    await new Promise((resolve) => setImmediate(resolve));
    line.socket.resetAndDestroy();
    expect((await ask(bytes))?.status).toBe(400);
    expect((await ask(request(' '.repeat(17 * 1024 * 1024))))?.status).toBe(400);
  });
});

describe('the fast lane of a server with login', () => {
  test('checks the token of every request', async () => {
    const own = await startServing({ auth: true });
    const { createUser, createToken, revokeTokens } = await import('../../src/platform/auth/auth.ts');
    const system = own.platform.systemScope('system:test');
    await createUser(system, 'ann', ['viewer']);
    await createUser(system, 'bob', ['admin']);
    const tokens = { ann: await createToken(system, 'ann', ''), bob: await createToken(system, 'bob', '') };
    const statusOf = async (token?: string, body = '{}') => {
      const response = await fetch(`${own.url}/v2/models/none/infer`, {
        method: 'POST',
        body,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      });
      return response.status;
    };
    expect(await statusOf()).toBe(401);
    expect(await statusOf('houston_wrong')).toBe(401);
    expect(await statusOf(tokens.bob)).toBe(400);
    const large = ' '.repeat(300_000);
    expect(await statusOf('houston_wrong', large)).toBe(401);
    expect(await statusOf(tokens.bob, large)).toBe(400);
    await revokeTokens(system, 'bob');
    expect(await statusOf(tokens.bob)).toBe(401);
    expect(await statusOf(tokens.ann)).toBe(403);
    expect(await statusOf(tokens.ann, large)).toBe(403);
    await own.close();
  });
});
