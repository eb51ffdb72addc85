import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { permissions } from '../src/permissions.ts';
import { roles } from '../src/platform/auth/roles.ts';
import { startTestHouston, type TestHouston } from './houston.ts';

describe('routes', () => {
  let houston: TestHouston;
  beforeAll(async () => {
    houston = await startTestHouston();
  });
  afterAll(() => houston.end());

  it('stand in the permission table, all of them and no other', () => {
    const present = new Set(houston.app.routeKeys);
    const named = Object.keys(permissions);
    expect(present.size).toBeGreaterThan(80);
    expect([...present].filter((key) => !(key in permissions))).toEqual([]);
    expect(named.filter((key) => !present.has(key))).toEqual([]);
  });

  it('change state only with a permission that a role carries', () => {
    const known = new Set<string>(Object.values(roles).flat());
    for (const [route, permission] of Object.entries(permissions)) {
      if (permission !== 'public') expect([route, known.has(permission)]).toEqual([route, true]);
    }
    const open = Object.entries(permissions).filter(
      ([route, permission]) => permission === 'public' && !/^(GET|HEAD) /.test(route),
    );
    expect(open.map(([route]) => route)).toEqual(['POST /api/auth/session', 'DELETE /api/auth/session']);
  });

  it('are described for people: a summary and a domain each', async () => {
    const { paths } = await houston.client.get<{
      paths: Record<string, Record<string, { summary?: string; tags?: string[] }>>;
    }>('/openapi.json');
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { summary, tags }] of Object.entries(methods)) {
        expect([`${method} ${path}`, Boolean(summary), tags?.length]).toEqual([`${method} ${path}`, true, 1]);
      }
    }
  });

  it('have schemas that compile, all of them', () => {
    expect(() => houston.app.compileSchemas()).not.toThrow();
  });

  it('serve the API description without a CDN', async () => {
    const page = (await houston.client.download('/docs')).toString();
    expect(page).toContain('/docs/swagger-ui-bundle.js');
    expect(page).not.toMatch(/https?:\/\//);
    for (const file of ['scheme.js', 'start.js', 'docs.css'])
      expect((await houston.client.download(`/docs/${file}`)).length, file).toBeGreaterThan(100);
    expect((await houston.client.download('/docs/swagger-ui-bundle.js')).length).toBeGreaterThan(100_000);
  });
});
