import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { permissions } from '../../src/permissions.ts';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { send } from '../mlflow/send.ts';

/** A server without login trusts whoever is at this machine; a page of another site in its browser is not. */
describe('pages of other sites', () => {
  let houston: TestHouston;
  let port: string;
  beforeAll(async () => {
    houston = await startTestHouston();
    port = new URL(houston.url).port;
  });
  afterAll(() => houston.end());

  const urlOf = (path: string) => path.replace(/:\w+/g, 'x1').replace('*', 'x');
  const routes = Object.keys(permissions).map((route) => route.split(' ') as [string, string]);
  const body = (method: string) => (method === 'GET' ? undefined : '{}');

  it('change nothing, whichever route they try', async () => {
    for (const [method, path] of routes) {
      if (method === 'GET') continue;
      const reply = await send(houston.url, method, urlOf(path), '{}', { origin: 'https://evil.example' });
      expect([method, path, reply.status]).toEqual([method, path, 403]);
    }
  });

  it('read nothing by a name that they let point here (DNS rebinding)', async () => {
    for (const [method, path] of routes) {
      const headers = { host: `rebound.example:${port}` };
      const reply = await send(houston.url, method, urlOf(path), body(method), headers);
      expect([method, path, reply.status]).toEqual([method, path, 403]);
    }
  });

  it.each([
    'null',
    'https://evil.example',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://127.0.0.1',
    'http://localhost:1',
    'https://127.0.0.1:PORT.evil.example',
    'http://evil.example:PORT',
    'http://127.0.0.1:PORT@evil.example',
    'not an address',
    'file://',
    '',
  ])('are told by their Origin: %s', async (origin) => {
    const headers = { origin: origin.replace('PORT', port) };
    const create = '/api/2.0/mlflow/experiments/create';
    expect((await send(houston.url, 'POST', create, '{"name":"x"}', headers)).status).toBe(403);
    const upload = '/api/2.0/mlflow-artifacts/artifacts/x';
    expect((await send(houston.url, 'PUT', upload, 'x', headers)).status).toBe(403);
    // What a form can send without asking first.
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      const reply = await send(houston.url, 'POST', create, '{"name":"x"}', {
        ...headers,
        'content-type': type,
      });
      expect(reply.status).toBe(403);
    }
  });

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '0.0.0.0',
    '169.254.169.254',
    '[::]',
    'localhost@evil.example',
    'evil.example:80',
  ])('are told by the Host that they use: %s', async (host) => {
    for (const path of [
      '/api/2.0/mlflow/experiments/search',
      '/get-artifact',
      '/api/ledger/events',
      '/health',
    ]) {
      expect([path, (await send(houston.url, 'GET', path, undefined, { host })).status]).toEqual([path, 403]);
    }
  });

  it('are never given leave to read or to ask first', async () => {
    const headers = {
      origin: 'https://evil.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    };
    for (const path of ['/api/2.0/mlflow/experiments/create', '/api/2.0/mlflow-artifacts/artifacts/x']) {
      for (const method of ['OPTIONS', 'GET', 'POST']) {
        const reply = await fetch(houston.url + path, { method, headers: { ...headers } });
        await reply.text();
        const allowed = [...reply.headers.keys()].filter((name) => name.startsWith('access-control-'));
        expect([path, method, allowed]).toEqual([path, method, []]);
      }
    }
  });

  it('of the server itself may do what they must', async () => {
    const create = '/api/2.0/mlflow/experiments/create';
    const reply = await send(houston.url, 'POST', create, '{"name":"own"}', { origin: houston.url });
    expect(reply.status).toBe(200);
  });
});
