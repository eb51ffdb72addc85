import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestHouston, type TestHouston } from './houston.ts';
import { arbitraryOf, type JsonSchema, nasty } from './json-schema.ts';

type Operation = {
  parameters?: { name: string; in: string; schema: JsonSchema }[];
  requestBody?: { content: Record<string, { schema: JsonSchema }> };
};
type Call = { method: string; url: string; headers: Record<string, string>; payload?: string | Buffer };

/** Routes that never end by themselves. */
const endless = new Set(['get /api/events']);

describe('every route, with whatever a caller may send', () => {
  let houston: TestHouston;
  let operations: { key: string; path: string; method: string; operation: Operation }[];
  beforeAll(async () => {
    houston = await startTestHouston();
    const { paths } = await houston.client.get<{ paths: Record<string, Record<string, Operation>> }>(
      '/openapi.json',
    );
    operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        key: `${method} ${path}`,
        path,
        method,
        operation,
      })),
    );
    operations = operations.filter(({ key }) => !endless.has(key));
  });
  afterAll(() => houston.end());

  it('answers with a clear 4xx or does the work, and goes on', async () => {
    expect(operations.length).toBeGreaterThan(80);
    const runs = Number(process.env.HOUSTON_FUZZ_RUNS ?? 600);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: operations.length - 1 }).chain((i) => callOf(operations[i])),
        async (call) => {
          const reply = await houston.app.inject(call as InjectOptions);
          const about = `${call.method} ${call.url.slice(0, 200)} → ${reply.statusCode} ${reply.body.slice(0, 300)}`;
          // 503 is a clear answer too: a deployment that serves nothing yet.
          if (reply.statusCode !== 503) expect(reply.statusCode, about).toBeLessThan(500);
          if (reply.statusCode >= 400) {
            const body = JSON.parse(reply.body) as { error: string | { code: string; next: string } };
            if (typeof body.error === 'string') expect(body.error.length, about).toBeGreaterThan(3);
            else {
              expect(body.error.code, about).toMatch(/^[a-z_-]+\.[a-z_.-]+$/);
              expect(body.error.next.length, about).toBeGreaterThan(5);
            }
            expect(reply.body, about).not.toMatch(/\bat .+\.ts:\d+/);
          }
        },
      ),
      { numRuns: runs, seed: 1969, endOnFailure: true },
    );
    expect((await houston.app.inject('/health')).statusCode).toBe(200);
  }, 600_000);

  it('refuses wrong methods and unknown media types', async () => {
    const patterns = operations.map(({ path, method }) => ({
      method: method.toUpperCase(),
      pattern: new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`),
    }));
    for (const { path, operation, key } of operations) {
      const url = path.replace(/\{[^}]+\}/g, 'x');
      const taken = new Set(patterns.flatMap((one) => (one.pattern.test(url) ? [one.method] : [])));
      const method = (['PATCH', 'PUT', 'DELETE', 'POST'] as const).find((one) => !taken.has(one));
      if (!method) throw new Error(`${key} takes every method.`);
      const wrong = await houston.app.inject({ method, url });
      expect([key, wrong.statusCode]).toEqual([key, 405]);
      if (!operation.requestBody) continue;
      const media = await houston.app.inject({
        method: key.split(' ')[0].toUpperCase() as 'POST',
        url,
        headers: { 'content-type': 'text/xml' },
        payload: '<a/>',
      });
      expect(media.statusCode, key).toBeGreaterThanOrEqual(400);
      expect(media.statusCode, key).toBeLessThan(500);
    }
  });
});

function callOf({
  path,
  method,
  operation,
}: {
  path: string;
  method: string;
  operation: Operation;
}): fc.Arbitrary<Call> {
  const parameters = operation.parameters ?? [];
  const inPath = parameters.filter((one) => one.in === 'path');
  const inQuery = parameters.filter((one) => one.in === 'query');
  const content = Object.values(operation.requestBody?.content ?? {})[0];
  const text = fc.oneof(nasty, fc.constantFrom('alpha', 'latest', '1', 'run_x'), fc.string());
  const body = content
    ? fc.oneof(
        { weight: 8, arbitrary: arbitraryOf(content.schema).map((value) => JSON.stringify(value) ?? 'null') },
        { weight: 1, arbitrary: fc.constantFrom('', '{', '[1,', '"x', '{"a":NaN}', '['.repeat(2000)) },
      )
    : fc.oneof(fc.constant(undefined), fc.uint8Array({ maxLength: 300 }));
  return fc
    .record({
      path: fc.array(text, { minLength: inPath.length, maxLength: inPath.length }),
      query: fc.array(fc.option(fc.oneof(text, fc.integer().map(String))), {
        minLength: inQuery.length,
        maxLength: inQuery.length,
      }),
      body,
    })
    .map((drawn) => {
      let i = 0;
      const filled = path.replace(/\{[^}]+\}/g, () => encode(drawn.path[i++] ?? 'x') || 'x');
      const query = inQuery
        .map(({ name }, at) =>
          drawn.query[at] === null ? '' : `${name}=${encode(drawn.query[at] as string)}`,
        )
        .filter(Boolean)
        .join('&');
      const bytes = drawn.body instanceof Uint8Array ? Buffer.from(drawn.body) : drawn.body;
      const stream = bytes instanceof Buffer && method !== 'get' && method !== 'delete';
      return {
        method: method.toUpperCase(),
        url: `${filled}${query ? `?${query}` : ''}`,
        headers: {
          host: '127.0.0.1',
          ...(stream && { 'content-type': 'application/octet-stream' }),
          ...(typeof bytes === 'string' && { 'content-type': 'application/json' }),
        },
        ...((stream || typeof bytes === 'string') && { payload: bytes }),
      };
    });
}

function encode(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return '%ED%A0%80';
  }
}
