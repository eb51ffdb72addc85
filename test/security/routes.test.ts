import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { permissions } from '../../src/permissions.ts';
import { createApp } from '../../src/platform/http/app.ts';
import { openTestPlatform } from '../databases.ts';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { send } from '../mlflow/send.ts';

/** What a stranger may ask: health, versions, the pages and their scripts, signing in and out, and what is not there. */
const open = [
  'GET /health',
  'GET /ping',
  'GET /version',
  'GET /openapi.json',
  'GET /docs',
  'GET /docs/*',
  'GET /*',
  'POST /api/auth/session',
  'DELETE /api/auth/session',
  'GET /v2/health/live',
  'GET /v2/health/ready',
  'GET /api/3.0/mlflow/server-info',
  'GET /ajax-api/3.0/mlflow/server-info',
  'GET /api/2.0/*',
  'GET /api/3.0/*',
  'GET /api/4.0/*',
  'GET /ajax-api/*',
  // Links that a notebook of another origin shows; no data.
  'GET /static-files/lib/notebook-trace-renderer/index.html',
];

describe('routes and their permissions', () => {
  let houston: TestHouston;
  let service: string;
  beforeAll(async () => {
    houston = await startTestHouston({ auth: true });
    const authorization = `Bearer ${houston.firstToken}`;
    const post = (url: string, payload: object) =>
      houston.app.inject({ method: 'POST', url, headers: { authorization }, payload });
    await post('/api/auth/users', { id: 'robot', roles: ['service'] });
    service = (await post('/api/auth/users/robot/tokens', {})).json<{ token: string }>().token;
  });
  afterAll(() => houston.end());

  const urlOf = (path: string) => path.replace(/:\w+/g, 'x1').replace('*', 'x');
  const guarded = () => Object.entries(permissions).filter(([, permission]) => permission !== 'public');

  it('are open to strangers only where this list says so', () => {
    const found = Object.entries(permissions).filter(([, permission]) => permission === 'public');
    expect(found.map(([route]) => route).sort()).toEqual([...open].sort());
  });

  it('ask everybody else for a login, and a caller without the permission gets nothing', async () => {
    for (const [route, permission] of guarded()) {
      const [method, path] = route.split(' ') as ['GET', string];
      const payload = ['GET', 'HEAD'].includes(method) ? {} : { payload: '{}' };
      const headers = { 'content-type': 'application/json' };
      const stranger = await houston.app.inject({ method, url: urlOf(path), headers, ...payload });
      expect([route, stranger.statusCode]).toEqual([route, 401]);
      if (['serving.infer', 'serving.feedback', 'features.push'].includes(permission)) continue;
      const robot = await houston.app.inject({
        method,
        url: urlOf(path),
        headers: { ...headers, authorization: `Bearer ${service}` },
        ...payload,
      });
      expect([route, robot.statusCode]).toEqual([route, 403]);
    }
  });

  it('are not reached by another spelling of their address', async () => {
    const spellings = [
      '//api/2.0/mlflow/experiments/search',
      '/api//2.0/mlflow/experiments/search',
      '/api/2.0/mlflow/experiments/search/',
      '/API/2.0/mlflow/experiments/search',
      '/api/2.0/mlflow/experiments/search;x=1',
      '/api/2.0/mlflow/%65xperiments/search',
      '/api/2.0/mlflow/experiments%2fsearch',
      '/api/2.0/mlflow/./experiments/search',
      '/api/2.0/mlflow/x/../experiments/search',
      '/health/../api/2.0/mlflow/experiments/search',
      '/docs/..%2fapi/2.0/mlflow/experiments/search',
      '/api/2.0/mlflow/experiments/search%00',
      '/api/2.0/mlflow/experiments/search?x=/health',
      '/api/2.0/mlflow/experiments/search#/health',
      '/api/auth/users?x=/api/3.0/mlflow/server-info',
      '/api/auth%2fusers',
    ];
    for (const path of spellings) {
      const { status, body } = await send(houston.url, 'GET', path);
      expect([path, status !== 200 || body.startsWith('<!doctype html>')]).toEqual([path, true]);
      expect(body).not.toContain('experiment_id');
    }
  });

  it('are not reached by another method, or a header that names one', async () => {
    const path = '/api/2.0/mlflow/experiments/create';
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'TRACE']) {
      const status = await new Promise<number>((resolve, reject) => {
        const { hostname, port } = new URL(houston.url);
        const sent = request({ hostname, port, method, path }, (reply) => {
          reply.resume();
          resolve(reply.statusCode!);
        });
        sent.on('error', reject);
        sent.end();
      });
      expect([method, status >= 400 && status < 500]).toEqual([method, true]);
    }
    const disguised = await send(houston.url, 'GET', '/version', undefined, {
      'x-http-method-override': 'DELETE',
      'x-original-url': '/api/auth/users',
      'x-rewrite-url': '/api/auth/users',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-user': 'admin',
      'x-remote-user': 'admin',
    });
    expect(disguised.status).toBe(200);
    expect(disguised.body).not.toContain('admin');
    const proxied = await send(houston.url, 'GET', '/api/auth/users', undefined, {
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-user': 'admin',
      'x-remote-user': 'admin',
    });
    expect(proxied.status).toBe(401);
  });

  it('without a permission stop the start', async () => {
    const { platform, cleanup } = await openTestPlatform();
    try {
      const app = await createApp(platform, { permissions: { 'GET /known': 'read' }, version: 'test' });
      app.get('/known', async () => 'known');
      expect(() => app.post('/known', async () => 'new')).toThrow('No permission is named');
      expect(() => app.get('/new', async () => 'new')).toThrow('No permission is named');
    } finally {
      await cleanup();
    }
  });
});
