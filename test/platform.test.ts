import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Static } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { permissions } from '../src/permissions.ts';
import { readConfig } from '../src/platform/config.ts';
import { lockDataFolder } from '../src/platform/data-lock.ts';
import { processStartTime, thisProcess } from '../src/platform/engines/process-identity.ts';
import { record } from '../src/platform/ledger/index.ts';
import type { DomainModule } from '../src/platform/module.ts';
import type { DeadLettersReply } from '../src/platform/reactors/reactors.contract.ts';
import { createReactors } from '../src/platform/reactors/reactors.ts';
import { type Scope, transact } from '../src/platform/scope.ts';
import { startTestServer, type TestServer } from './server.ts';

/** A domain for this test: one reactor that answers every question, and fails on some. */
function echoDomain(): DomainModule & { seen: string[]; failures: { left: number } } {
  const seen: string[] = [];
  const failures = { left: 0 };
  return {
    name: 'echo',
    seen,
    failures,
    reactors: [
      {
        name: 'echo.answer',
        types: ['test.question.asked'],
        async handle(scope, event) {
          if (failures.left > 0) {
            failures.left--;
            throw new Error('not now');
          }
          seen.push(event.id);
          await transact(scope, (tx) =>
            record(tx, { type: 'test.question.answered', subject: event.subject }),
          );
        },
      },
    ],
  };
}

const ask = (scope: Scope, subject: string) =>
  transact(scope, (tx) => record(tx, { type: 'test.question.asked', subject }));

/** A raw request, for headers that no well-behaved client would send. */
function raw(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
) {
  return new Promise<{ status: number; body: string; headers: Record<string, unknown> }>(
    (resolve, reject) => {
      const sent = request(url, { method: options.method ?? 'GET', headers: options.headers }, (reply) => {
        let body = '';
        reply.on('data', (chunk) => {
          body += chunk;
        });
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body, headers: reply.headers }));
      });
      sent.on('error', reject);
      sent.end(options.body);
    },
  );
}

describe('platform', () => {
  let server: TestServer<{ echo: ReturnType<typeof echoDomain> }>;
  beforeAll(async () => {
    server = await startTestServer(() => ({ echo: echoDomain() }));
  });
  afterAll(() => server.close());

  it('lets reactors act on events and records the cause', async () => {
    const scope = server.platform.systemScope('user:test');
    const question = await ask(scope, 'question:1');
    await server.reactors.settled();
    const { items } = await server.client.get<{ items: { type: string; cause: string; actor: string }[] }>(
      '/api/ledger/events',
      { type: 'test.question.answered' },
    );
    expect(items).toMatchObject([{ cause: question.id, actor: 'reactor:echo.answer' }]);
  });

  it('tries again when a reactor fails, in order', async () => {
    server.domains.echo.failures.left = 2;
    const event = await ask(server.platform.systemScope('user:test'), 'question:2');
    await server.reactors.settled();
    expect(server.domains.echo.seen.at(-1)).toBe(event.id);
    expect((await server.client.get<{ items: unknown[] }>('/api/ledger/dead-letters')).items).toEqual([]);
  });

  it('lets a new reactor begin after what was there before it', async () => {
    await ask(server.platform.systemScope('user:test'), 'question:3');
    const seen: Record<string, string[]> = { first: [], last: [] };
    const reactorOf = (begins: 'first' | 'last') => ({
      name: `late.${begins}`,
      types: ['test.question.asked'],
      begins,
      handle: async (_scope: Scope, event: { subject: string }) => void seen[begins].push(event.subject),
    });
    const late = createReactors(server.platform, [reactorOf('first'), reactorOf('last')]);
    await late.start();
    await late.settled();
    await ask(server.platform.systemScope('user:test'), 'question:4');
    await late.settled();
    await late.stop();
    expect(seen.last).toEqual(['question:4']);
    expect(seen.first.slice(-2)).toEqual(['question:3', 'question:4']);
  });

  it('hands a dead letter to its reactor once more, by the id that the list names', async () => {
    const event = await ask(server.platform.systemScope('user:test'), 'question:buried');
    await server.reactors.settled();
    await server.platform.db
      .insertInto('reactor_dead_letters')
      .values({
        reactor: 'echo.answer',
        event_id: event.id,
        seq: event.seq,
        attempts: 5,
        error: 'no',
        time: 0,
      })
      .execute();
    type Letters = Static<typeof DeadLettersReply>;
    const { items } = await server.client.get<Letters>('/api/ledger/dead-letters');
    expect(items).toMatchObject([{ reactor: 'echo.answer', time: '1970-01-01T00:00:00.000Z' }]);
    await server.client.post(`/api/ledger/dead-letters/${items[0].reactor}/${items[0].eventId}/replay`);
    expect(server.domains.echo.seen.filter((id) => id === event.id)).toHaveLength(2);
    expect((await server.client.get<Letters>('/api/ledger/dead-letters')).items).toEqual([]);
  });

  it('streams events live', async () => {
    const chunks: string[] = [];
    const stream = request(`${server.url}/api/events`);
    stream.end();
    stream.on('error', () => {});
    const [reply] = (await once(stream, 'response')) as [IncomingMessage];
    reply.on('data', (data) => chunks.push(String(data)));
    await ask(server.platform.systemScope('user:test'), 'question:live');
    await expect.poll(() => chunks.join('')).toContain('question:live');
    stream.destroy();
  });

  it('answers in one error form', async () => {
    const cases: [path: string, options: Parameters<typeof raw>[1], status: number, code: string][] = [
      ['/api/nothing', {}, 404, 'platform.route.not_found'],
      ['/%', {}, 400, 'platform.input.invalid'],
      ['/health', { method: 'POST' }, 405, 'platform.method.not_allowed'],
      ['/api/ledger/events?limit=0', {}, 400, 'platform.input.invalid'],
      ['/api/ledger/events/evt_none', {}, 404, 'platform.event.not_found'],
      [
        '/api/auth/users',
        { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"id":' },
        400,
        'platform.input.invalid',
      ],
      [
        '/api/auth/users',
        { method: 'POST', headers: { 'content-type': 'text/xml' }, body: '<a/>' },
        415,
        'platform.media_type.unsupported',
      ],
      [
        '/api/auth/users',
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"id":"../x","roles":["viewer"]}',
        },
        400,
        'platform.input.invalid',
      ],
      [
        '/api/auth/users',
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: `"${'x'.repeat(17_000_000)}"`,
        },
        413,
        'platform.body.too_large',
      ],
      ['/health', { headers: { host: 'evil.example' } }, 403, 'platform.host.refused'],
      [
        '/api/ledger/verify',
        { method: 'POST', headers: { origin: 'http://evil.example' } },
        403,
        'platform.origin.refused',
      ],
    ];
    for (const [path, options, status, code] of cases) {
      const reply = await raw(server.url + path, options).catch((error: Error) => error);
      if (reply instanceof Error && status === 413) continue; // the server hangs up on a body that it will not read
      if (reply instanceof Error) throw reply;
      expect([path, reply.status, JSON.parse(reply.body).error?.code]).toEqual([path, status, code]);
      expect(JSON.parse(reply.body).error.next.length).toBeGreaterThan(5);
      expect(reply.body).not.toContain('at Object.');
    }
    expect((await raw(`${server.url}/health`)).status).toBe(200);
  });
});

describe('login', () => {
  let server: TestServer<Record<string, never>>;
  let admin: string;
  beforeAll(async () => {
    server = await startTestServer(() => ({}), { auth: true });
    const { bootstrapAdministrator } = await import('../src/platform/auth/auth.ts');
    admin = (await bootstrapAdministrator(server.platform.systemScope('system:start'))) ?? '';
  });
  afterAll(() => server.close());

  it('asks every route but the public ones for a token', async () => {
    expect((await raw(`${server.url}/health`)).status).toBe(200);
    expect((await raw(`${server.url}/api/ledger/events`)).status).toBe(401);
    const wrong = await raw(`${server.url}/api/ledger/events`, {
      headers: { authorization: 'Bearer nonsense' },
    });
    expect(wrong.status).toBe(401);
  });

  it('gives each role what it may do and no more', async () => {
    const client = server.client.as(admin);
    await client.post('/api/auth/users', { id: 'vera', roles: ['viewer'] });
    const { token } = await client.post<{ token: string }>('/api/auth/users/vera/tokens', {});
    const vera = server.client.as(token);
    expect(await vera.get('/api/auth/me')).toMatchObject({ id: 'vera', roles: ['viewer'] });
    await expect(vera.get('/api/auth/users')).rejects.toMatchObject({
      status: 403,
      code: 'platform.auth.forbidden',
    });
    await expect(vera.post('/api/auth/users', { id: 'eve', roles: ['admin'] })).rejects.toMatchObject({
      status: 403,
    });
    const stored = await server.platform.db.selectFrom('auth_tokens').select('hash').execute();
    expect(stored.some((row) => row.hash.includes(token))).toBe(false);
    await client.delete('/api/auth/users/vera/tokens');
    await expect(vera.get('/api/auth/me')).rejects.toMatchObject({ status: 401 });
    client.close();
    vera.close();
  });

  it('signs a browser in with a cookie that scripts cannot read', async () => {
    const reply = await raw(`${server.url}/api/auth/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: admin }),
    });
    expect(reply.status).toBe(204);
    const cookie = String((reply.headers['set-cookie'] as string[])[0]);
    expect(cookie).toMatch(/HttpOnly.*SameSite=Strict/);
    const me = await raw(`${server.url}/api/auth/me`, { headers: { cookie: cookie.split(';')[0] } });
    expect(JSON.parse(me.body).id).toBe('admin');
  });
});

describe('configuration', () => {
  it('refuses to listen beyond loopback without login', () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.4', 'example.com']) {
      expect(() => readConfig({ host }, {})).toThrow(/without authentication/);
      expect(readConfig({ host, auth: true }, {}).host).toBe(host);
    }
    expect(readConfig({ host: 'localhost' }, {}).auth).toBe(false);
    expect(() => readConfig({ port: 99_999 }, {})).toThrow(/port/);
  });

  it('gives a data folder to one living process at a time', () => {
    const config = readConfig({ dataDir: mkdtempSync(join(tmpdir(), 'houston-lock-')) }, {});
    const lock = join(config.dataDir, 'server.lock');
    const unlock = lockDataFolder(config);
    writeFileSync(
      lock,
      JSON.stringify({ ...thisProcess(), pid: process.ppid, startTime: processStartTime(process.ppid) }),
    );
    expect(() => lockDataFolder(config)).toThrow(/Another server/);
    writeFileSync(lock, JSON.stringify({ ...thisProcess(), pid: process.ppid, startTime: '1' }));
    lockDataFolder(config);
    writeFileSync(lock, 'torn');
    lockDataFolder(config);
    unlock();
    rmSync(config.dataDir, { recursive: true });
  });

  it('names a permission for every route, once', () => {
    for (const [route, permission] of Object.entries(permissions)) {
      expect(route).toMatch(/^(GET|POST|PUT|DELETE|PATCH|HEAD) \//);
      expect(permission.length).toBeGreaterThan(0);
    }
  });
});
