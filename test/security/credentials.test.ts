import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { clientVersion, runProgram } from '../mlflow/python-client.ts';

const search = '/api/2.0/mlflow/experiments/search';
const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

describe('credentials', () => {
  let houston: TestHouston;
  beforeAll(async () => {
    houston = await startTestHouston({ auth: true });
  });
  afterAll(() => houston.end());

  const admin = <T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, payload?: object) =>
    houston.app
      .inject({ method, url, headers: { authorization: `Bearer ${houston.firstToken}` }, payload })
      .then((reply) => (reply.body ? reply.json<T>() : (undefined as T)));
  const addUser = async (id: string, role: string, days?: number) => {
    await admin('POST', '/api/auth/users', { id, roles: [role] });
    return (await admin<{ token: string }>('POST', `/api/auth/users/${id}/tokens`, days ? { days } : {}))
      .token;
  };
  const ask = (authorization: string | undefined, url = search, headers: Record<string, string> = {}) =>
    houston.app.inject({
      url,
      headers: { ...(authorization !== undefined && { authorization }), ...headers },
    });

  it('that other servers come with open nothing, in whatever form', async () => {
    const pairs = [
      ['admin', 'password1234'],
      ['admin', 'password'],
      ['admin', 'admin'],
      ['admin', ''],
      ['', ''],
      ['root', 'root'],
      ['mlflow', 'mlflow'],
      ['houston', 'houston'],
      ['local', ''],
    ] as const;
    for (const [user, password] of pairs) {
      for (const authorization of [basic(user, password), `Bearer ${password}`, `Bearer ${user}`]) {
        const reply = await ask(authorization);
        expect([user, password, reply.statusCode]).toEqual([user, password, 401]);
        expect(reply.headers['www-authenticate']).toBe('Basic realm="mlflow"');
        expect(reply.json()).toMatchObject({ error_code: 'UNAUTHENTICATED' });
      }
    }
    for (const url of ['/signup', '/api/2.0/mlflow/users/create', '/api/2.0/mlflow/users/create-ui']) {
      const payload = { username: 'eve', password: 'eve' };
      expect((await houston.app.inject({ method: 'POST', url, payload })).statusCode).toBeGreaterThanOrEqual(
        400,
      );
    }
    const { items } = await admin<{ items: { id: string }[] }>('GET', '/api/auth/users');
    expect(items.map(({ id }) => id)).toEqual(['admin']);
  });

  it.each([
    'Basic',
    'Basic ',
    'Basic !!!',
    'Basic Og==',
    `Basic ${Buffer.from('admin\u0000:x').toString('base64')}`,
    'Digest username="admin"',
    'Bearer',
    'Bearer  ',
    'Negotiate abc',
  ])('that are malformed are refused without a fault: %s', async (authorization) => {
    expect((await ask(authorization)).statusCode).toBe(401);
    expect((await ask(`${authorization}${'A'.repeat(5000)}`)).statusCode).toBe(401);
  });

  it('of HTTP Basic are a name and a token of that very user', async () => {
    const token = await addUser('vera', 'viewer');
    expect((await ask(basic('vera', token))).statusCode).toBe(200);
    for (const name of ['admin', 'Vera', 'ver', 'vera2', '']) {
      expect([name, (await ask(basic(name, token))).statusCode]).toEqual([name, 401]);
    }
    for (const wrong of [token.slice(0, -1), `${token}x`, token.toUpperCase(), ` ${token}`]) {
      expect((await ask(basic('vera', wrong))).statusCode).toBe(401);
    }
    const write = await houston.app.inject({
      method: 'POST',
      url: '/api/2.0/mlflow/experiments/create',
      headers: { authorization: basic('vera', token) },
      payload: { name: 'x' },
    });
    expect(write.statusCode).toBe(403);
    // A bad name is not made good by a cookie beside it.
    const cookie = `houston_session=${token}`;
    expect((await ask(basic('admin', token), search, { cookie })).statusCode).toBe(401);
  });

  it('lose their force at once when they are taken away, and their rights when roles change', async () => {
    const token = await addUser('dora', 'developer');
    const create = (name: string) =>
      houston.app.inject({
        method: 'POST',
        url: '/api/2.0/mlflow/experiments/create',
        headers: { authorization: basic('dora', token) },
        payload: { name },
      });
    for (let i = 0; i < 3; i++) expect((await create(`before ${i}`)).statusCode).toBe(200);
    await admin('PUT', '/api/auth/users/dora/roles', { roles: ['viewer'] });
    expect((await create('after')).statusCode).toBe(403);
    expect((await ask(basic('dora', token))).statusCode).toBe(200);
    await admin('DELETE', '/api/auth/users/dora/tokens');
    expect((await ask(basic('dora', token))).statusCode).toBe(401);
    expect((await ask(`Bearer ${token}`)).statusCode).toBe(401);
  });

  it('cost next to nothing on every request', async () => {
    const token = await addUser('otto', 'viewer');
    for (const authorization of [basic('otto', token), basic('otto', 'wrong'), basic('nobody', 'x')]) {
      const before = process.cpuUsage();
      for (let i = 0; i < 200; i++) await ask(authorization);
      const { user, system } = process.cpuUsage(before);
      // A password hash fit for passwords takes 50 ms and more.
      expect((user + system) / 1000 / 200).toBeLessThan(20);
    }
  });

  it.skipIf(clientVersion === null)(
    'reach the server through the unmodified client',
    async () => {
      const token = await addUser('carl', 'developer');
      const env = { MLFLOW_TRACKING_USERNAME: 'carl', MLFLOW_TRACKING_PASSWORD: token };
      expect(await runProgram('tracking.py', houston.url, env)).toContain('tracking: done');
      const wrong = { ...env, MLFLOW_TRACKING_PASSWORD: 'password1234' };
      await expect(runProgram('tracking.py', houston.url, wrong)).rejects.toThrow();
      const parts = {
        ...env,
        MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD: 'true',
        MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE: String(5 << 20),
        MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE: String(5 << 20),
      };
      expect(await runProgram('uploads_in_parts.py', houston.url, parts)).toContain('uploads_in_parts: done');
    },
    200_000,
  );
});
