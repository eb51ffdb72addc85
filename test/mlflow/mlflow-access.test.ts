import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { permissions } from '../../src/permissions.ts';
import { startTestHouston, type TestHouston } from '../houston.ts';

describe('the MLflow protocol with login on', () => {
  let houston: TestHouston;
  let viewer: string;
  const routes = Object.keys(permissions).filter((route) => /mlflow|get-artifact/.test(route));
  beforeAll(async () => {
    houston = await startTestHouston({ auth: true });
    const post = async (path: string, body: unknown) => {
      const reply = await houston.app.inject({
        method: 'POST',
        url: path,
        headers: { authorization: `Bearer ${houston.firstToken}` },
        payload: body as object,
      });
      return reply.json<{ token: string }>();
    };
    await post('/api/auth/users', { id: 'vera', roles: ['viewer'] });
    viewer = (await post('/api/auth/users/vera/tokens', {})).token;
  });
  afterAll(() => houston.end());

  const call = (route: string, headers: Record<string, string>) => {
    const [method, path] = route.split(' ') as ['GET' | 'POST', string];
    const url = path.replace(/:\w+/g, 'm-1').replace('*', 'x');
    const payload = method === 'GET' ? {} : { payload: '{}' };
    return houston.app.inject({
      method,
      url,
      headers: { 'content-type': 'application/json', ...headers },
      ...payload,
    });
  };

  it('asks for a token on every route but server-info', async () => {
    expect(routes.length).toBeGreaterThan(120);
    for (const route of routes) {
      const reply = await call(route, {});
      const wanted = route.endsWith('/server-info') ? 200 : 401;
      expect([route, reply.statusCode]).toEqual([route, wanted]);
      if (wanted === 401) expect(reply.json()).toMatchObject({ error_code: 'UNAUTHENTICATED' });
    }
    const basic = await call('GET /api/2.0/mlflow/experiments/search', {
      authorization: 'Basic YWRtaW46cGFzc3dvcmQxMjM0',
    });
    expect(basic.statusCode).toBe(401);
  });

  it('lets a viewer read and change nothing', async () => {
    for (const route of routes.filter((one) => permissions[one] !== 'public')) {
      const reply = await call(route, { authorization: `Bearer ${viewer}` });
      const mayRead = permissions[route] === 'read';
      expect([route, reply.statusCode === 403]).toEqual([route, !mayRead]);
      if (!mayRead) expect(reply.json()).toMatchObject({ error_code: 'PERMISSION_DENIED' });
    }
  });

  it('refuses other hosts and pages of other origins', async () => {
    const route = 'POST /api/2.0/mlflow/experiments/create';
    const authorization = `Bearer ${houston.firstToken}`;
    expect((await call(route, { authorization, host: 'evil.example' })).statusCode).toBe(403);
    expect((await call(route, { authorization, origin: 'https://evil.example' })).statusCode).toBe(403);
  });
});

describe('a large artifact', () => {
  it('goes up and down in constant memory', async () => {
    const houston = await startTestHouston();
    try {
      const megabytes = 400;
      const chunk = Buffer.alloc(1 << 20, 7);
      const url = `${houston.url}/api/2.0/mlflow-artifacts/artifacts/big/model.bin`;
      let highest = 0;
      const watch = setInterval(() => {
        highest = Math.max(highest, process.memoryUsage().rss);
      }, 20);
      const before = process.memoryUsage().rss;
      const body = Readable.from(
        (function* () {
          for (let i = 0; i < megabytes; i++) yield chunk;
        })(),
      );
      const init = { method: 'PUT', body: Readable.toWeb(body), duplex: 'half' };
      const up = await fetch(url, init as unknown as RequestInit);
      expect(up.status).toBe(200);
      const down = await fetch(url);
      expect(down.headers.get('content-length')).toBe(String(megabytes << 20));
      let size = 0;
      for await (const part of down.body!) size += part.length;
      clearInterval(watch);
      expect(size).toBe(megabytes << 20);
      // Client and server share this process; neither may hold a large part of the file.
      expect(highest - before).toBeLessThan(200 << 20);
    } finally {
      await houston.end();
    }
  }, 600_000);
});
