import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listEvents } from '../../src/platform/ledger/index.ts';
import { logisticModel } from './models.ts';
import { type ServingServer, startServing } from './serving-server.ts';

const bytes = logisticModel({ weights: [1, 2] });

async function startModelServer(): Promise<ServingServer> {
  const server = await startServing();
  await server.registry.add(server.platform, 'there', bytes);
  await server.call('POST', '/api/serving/deployments/there/deploy', {});
  return server;
}

/** A server of a test's own making, for what well-behaved ones do not do. */
async function startOddServer(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => void server.close().closeAllConnections(),
  };
}

const metadata = {
  name: 'there',
  inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 2] }],
  outputs: [{ name: 'probability', datatype: 'FP32', shape: [-1, 1] }],
};
const goodAnswer = {
  outputs: [{ name: 'probability', datatype: 'FP32', shape: [1, 1], data: [0.5] }],
};

/** Answers metadata as it should, and inference as `infer` likes. */
const odd = (infer: RequestListener): RequestListener => {
  return (request, response) => {
    if (request.method === 'GET') response.end(JSON.stringify(metadata));
    else infer(request, response);
  };
};

describe('a model on another server', () => {
  let there: ServingServer;
  let here: ServingServer;
  beforeAll(async () => {
    there = await startModelServer();
    here = await startServing({ upstreams: [there.url] });
    await here.registry.add(here.platform, 'm', bytes);
  });
  afterAll(async () => {
    await here.close();
    await there.close();
  });

  test('answers like here, is recorded and metered like here', async () => {
    const upstream = { url: there.url, protocol: 'open-inference', model: 'there' };
    const deployed = await here.call('POST', '/api/serving/deployments/m/deploy', { upstream });
    expect(deployed.body.state).toBe('promoted');
    const local = await there.infer('there', [
      [1, 2],
      [3, -4],
    ]);
    const remote = await here.infer('m', [
      [1, 2],
      [3, -4],
    ]);
    expect(remote.status).toBe(200);
    expect(remote.body.outputs).toEqual(local.body.outputs);
    const [first] = (await here.call('GET', '/api/serving/deployments/m/predictions')).body.items;
    expect(first).toMatchObject({ model: 'm', version: 1, arm: 'champion' });
    expect(first.score).toBeCloseTo(local.body.outputs[0].data[0], 6);
    const view = (await here.call('GET', '/api/serving/deployments/m')).body;
    expect(view.route[0].placement).toBe('upstream');
    expect(view.champion.settings.upstream).toEqual(upstream);
  });

  test.each([
    ['an origin that nobody allows', 'http://127.0.0.1:1', 403],
    ['another scheme', 'file:///etc/passwd', 403],
    ['no address', 'there', 403],
  ])('refuses %s', async (_what, url, status) => {
    const upstream = { url, protocol: 'open-inference', model: 'there' };
    const reply = await here.call('POST', '/api/serving/deployments/other/deploy', { model: 'm', upstream });
    expect([reply.status, reply.body.error.code]).toEqual([status, 'serving.upstream.not_allowed']);
  });

  test('refuses a model that is not there', async () => {
    const upstream = { url: there.url, protocol: 'open-inference', model: 'nobody' };
    const reply = await here.call('POST', '/api/serving/deployments/none/deploy', { model: 'm', upstream });
    expect([reply.status, reply.body.error.code]).toEqual([422, 'serving.model.refused']);
  });
});

describe('an upstream that fails', () => {
  const clock = { now: Date.now() };
  const deployTo = async (url: string, more: Record<string, unknown> = {}) => {
    const here = await startServing({ upstreams: [new URL(url).origin], now: () => clock.now });
    await here.registry.add(here.platform, 'm', bytes);
    const upstream = { url, protocol: 'open-inference', model: 'there' };
    const spec = { model: 'm', runtime: { upstream, timeoutMs: 2000 }, ...more };
    expect((await here.call('PUT', '/api/serving/deployments/m', spec)).status).toBe(200);
    const deployed = await here.call('POST', '/api/serving/deployments/m/deploy', {});
    expect(deployed.body.state).toBe('promoted');
    return here;
  };

  test('is left alone after five failures, seen in the ledger, and taken back when it answers', async () => {
    let isUp = false;
    let asked = 0;
    const remote = await startOddServer(
      odd((_request, response) => {
        asked++;
        response.statusCode = isUp ? 200 : 500;
        response.end(JSON.stringify(isUp ? goodAnswer : { error: 'secret of the inside' }));
      }),
    );
    const here = await deployTo(remote.url);
    for (let i = 0; i < 5; i++) {
      const reply = await here.infer('m', [[1, 2]]);
      expect(reply.status).toBe(502);
      expect(reply.body.error).not.toContain('secret');
    }
    const resting = await here.infer('m', [[1, 2]]);
    expect([resting.status, asked]).toEqual([503, 5]);
    isUp = true;
    clock.now += 1000;
    await expect.poll(async () => (await here.infer('m', [[1, 2]])).status).toBe(200);
    await expect
      .poll(async () =>
        (await listEvents(here.scope, { types: ['serving.upstream.*'], limit: 10 })).map(({ type }) => type),
      )
      .toEqual(['serving.upstream.recovered', 'serving.upstream.failed']);
    await here.close();
    remote.close();
  });

  test.each([
    ['hangs', () => {}],
    ['answers with no JSON', ((_, response) => response.end('<html>')) as RequestListener],
    ['answers with no outputs', ((_, response) => response.end('{}')) as RequestListener],
    [
      'answers with too few elements',
      ((_, response) =>
        response.end(
          JSON.stringify({ outputs: [{ name: 'p', datatype: 'FP32', shape: [9], data: [1] }] }),
        )) as RequestListener,
    ],
    ['breaks off', ((request, _response) => request.socket.destroy()) as RequestListener],
    [
      'sends its callers elsewhere',
      ((_, response) =>
        response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()) as RequestListener,
    ],
  ])('%s: a constant answers for it', async (_what, infer) => {
    const remote = await startOddServer(odd(infer));
    const here = await deployTo(remote.url, { fallback: { constant: { probability: 0.25 } } });
    const reply = await here.infer('m', [
      [1, 2],
      [3, 4],
    ]);
    expect(reply.status).toBe(200);
    expect(reply.body.parameters.arm).toBe('fallback');
    expect(reply.body.outputs[0]).toMatchObject({ name: 'probability', shape: [2, 1], data: [0.25, 0.25] });
    await here.close();
    remote.close();
  });

  test('a model here answers for it', async () => {
    const remote = await startOddServer(odd((_, response) => response.writeHead(500).end()));
    const here = await deployTo(remote.url, { fallback: 'm:1' });
    const reply = await here.infer('m', [[0, 0]]);
    expect(reply.body).toMatchObject({ parameters: { arm: 'fallback' }, outputs: [{ data: [0.5] }] });
    await here.close();
    remote.close();
  });

  test('a constant for an output that is not there is refused', async () => {
    const remote = await startOddServer(odd((_, response) => response.end(JSON.stringify(goodAnswer))));
    const here = await startServing({ upstreams: [remote.url] });
    await here.registry.add(here.platform, 'm', bytes);
    const spec = { model: 'm', fallback: { constant: { nothing: 1 } } };
    await here.call('PUT', '/api/serving/deployments/m', spec);
    const reply = await here.call('POST', '/api/serving/deployments/m/deploy', {});
    expect([reply.status, reply.body.error.code]).toEqual([422, 'serving.model.refused']);
    await here.close();
    remote.close();
  });
});
