import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/eventually.ts';
import { startTestServer, type TestServer } from '../../../test/server.ts';
import { createPipelinesDomain } from './index.ts';

type Domains = { pipelines: ReturnType<typeof createPipelinesDomain> };

describe('the HTTP door of the pipelines', () => {
  let server: TestServer<Domains>;
  beforeAll(async () => {
    server = await startTestServer((platform) => ({ pipelines: createPipelinesDomain(platform) }));
  });
  afterAll(() => server.close());

  const call = async (method: string, path: string, body?: unknown) => {
    const reply = await fetch(`${server.url}${path}`, {
      method,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });
    const text = await reply.text();
    const json = reply.headers.get('content-type')?.includes('json') ? JSON.parse(text) : null;
    return { status: reply.status, json, text, headers: reply.headers };
  };

  const ended = (id: string) =>
    eventually(async () => {
      const { json } = await call('GET', `/api/pipelines/runs/${id}`);
      expect(json.endedAt).not.toBeNull();
      return json;
    });

  it('declares, lists and reads pipelines, as JSON and as YAML', async () => {
    const yaml =
      'params: { n: { type: integer, default: 1 } }\njobs:\n  a: { run: "echo n is ${{ params.n }}" }\n';
    const put = await call('PUT', '/api/pipelines/one', { yaml });
    expect(put).toMatchObject({ status: 200, json: { name: 'one', revision: 1 } });
    expect((await call('PUT', '/api/pipelines/one', put.json.definition)).json.revision).toBe(1);
    const changed = { ...put.json.definition, description: 'counts' };
    expect((await call('PUT', '/api/pipelines/one', changed)).json.revision).toBe(2);
    const one = await call('GET', '/api/pipelines/one?revision=1');
    expect(one.json).toMatchObject({
      revision: 1,
      createdBy: 'user:local',
      revisions: [{ revision: 2 }, { revision: 1 }],
    });
    expect((await call('GET', '/api/pipelines')).json.items).toMatchObject([
      { name: 'one', revision: 2, latest: null },
    ]);
    const kinds = (await call('GET', '/api/pipelines/steps')).json.items.map(
      (kind: { name: string }) => kind.name,
    );
    expect(kinds).toEqual(['pipelines/approval', 'pipelines/wait']);
  });

  it('runs them, shows their steps and logs, and cancels and resumes', async () => {
    const started = await call('POST', '/api/pipelines/one/runs', { params: { n: 5 } });
    expect(started).toMatchObject({
      status: 201,
      json: { pipeline: 'one', params: { n: 5 }, trigger: 'manual' },
    });
    const run = await ended(started.json.id);
    expect(run).toMatchObject({
      state: 'succeeded',
      steps: [{ key: 'a', uses: 'run', state: 'succeeded', needs: [], cache: { hit: false } }],
    });
    const log = await call('GET', `/api/pipelines/runs/${run.id}/steps/a/log`);
    expect(log).toMatchObject({ status: 200, text: 'n is 5\n' });
    const next = log.headers.get('x-next-offset');
    expect((await call('GET', `/api/pipelines/runs/${run.id}/steps/a/log?offset=${next}`)).text).toBe('');
    expect((await call('GET', '/api/pipelines/runs?pipeline=one&state=succeeded')).json.items).toHaveLength(
      1,
    );

    await call('PUT', '/api/pipelines/slow', {
      jobs: { a: { run: 'sleep 30' }, b: { needs: ['a'], run: 'true' } },
    });
    const { id } = (await call('POST', '/api/pipelines/slow/runs')).json;
    await eventually(async () =>
      expect((await call('GET', `/api/pipelines/runs/${id}`)).json.steps[0]?.state).toBe('running'),
    );
    await call('POST', `/api/pipelines/runs/${id}/cancel`);
    expect(await ended(id)).toMatchObject({
      state: 'cancelled',
      steps: [{ state: 'cancelled' }, { state: 'cancelled', needs: ['a'] }],
    });
    await call('PUT', '/api/pipelines/slow', {
      jobs: { a: { run: 'true' }, b: { needs: ['a'], run: 'true' } },
    });
    const resumed = await call('POST', `/api/pipelines/runs/${id}/resume`, { latest: true });
    expect(resumed).toMatchObject({ status: 200, json: { revision: 2 } });
    expect(await ended(id)).toMatchObject({ state: 'succeeded', steps: [{ attempt: 2 }, { attempt: 2 }] });
  });

  it.each<[string, string, unknown, number, string]>([
    ['GET', '/api/pipelines/none', undefined, 404, 'pipelines.pipeline.not_found'],
    ['PUT', '/api/pipelines/bad', { jobs: { a: { uses: 'no/step' } } }, 400, 'pipelines.definition.invalid'],
    ['PUT', '/api/pipelines/bad', { yaml: 'a: [' }, 400, 'pipelines.definition.invalid'],
    ['PUT', '/api/pipelines/runs', { jobs: { a: { run: 'true' } } }, 400, 'pipelines.definition.invalid'],
    ['PUT', '/api/pipelines/..%2Fx', { jobs: { a: { run: 'true' } } }, 400, 'platform.input.invalid'],
    ['POST', '/api/pipelines/none/runs', {}, 404, 'pipelines.pipeline.not_found'],
    ['POST', '/api/pipelines/one/runs', { params: { m: 1 } }, 400, 'pipelines.params.invalid'],
    ['POST', '/api/pipelines/one/runs', { params: { n: 'x' } }, 400, 'pipelines.params.invalid'],
    ['POST', '/api/pipelines/one/runs', { parms: {} }, 400, 'platform.input.invalid'],
    ['GET', '/api/pipelines/runs/run_nothing', undefined, 404, 'pipelines.run.not_found'],
    ['GET', '/api/pipelines/runs/run_nothing/steps/a/log', undefined, 404, 'pipelines.run.not_found'],
    ['GET', '/api/pipelines/runs/..%2F..%2Fx/steps/a/log', undefined, 400, 'platform.input.invalid'],
    ['GET', '/api/pipelines/runs?limit=0', undefined, 400, 'platform.input.invalid'],
    ['GET', '/api/pipelines/runs?state=happy', undefined, 400, 'platform.input.invalid'],
    ['POST', '/api/pipelines/runs/run_nothing/cancel', undefined, 404, 'pipelines.run.not_found'],
    ['POST', '/api/pipelines/runs/run_nothing/resume', undefined, 404, 'pipelines.run.not_found'],
  ])('answers %s %s with a clear error', async (method, path, body, status, code) => {
    const reply = await call(method, path, body);
    expect(reply.status).toBe(status);
    expect(reply.json.error).toMatchObject({ code, next: expect.any(String) });
    expect(reply.text).not.toMatch(/ at .*\.ts/);
  });

  it('lets only those with pipelines.code declare shell steps', async () => {
    const { platform, domains } = server;
    const developer = { ...platform.systemScope('user:dev'), permissions: new Set(['pipelines.write']) };
    await expect(
      domains.pipelines.putPipeline(developer, 'x', { jobs: { a: { run: 'true' } } }),
    ).rejects.toMatchObject({ status: 403 });
    const wait = { jobs: { a: { uses: 'pipelines/wait', with: { seconds: 0 } } } };
    expect(await domains.pipelines.putPipeline(developer, 'x', wait)).toMatchObject({ revision: 1 });
    await expect(domains.pipelines.startRun(developer, { pipeline: 'x' })).rejects.toMatchObject({
      status: 403,
    });
  });

  it('is declared in houston.yaml', async () => {
    const spec = { jobs: { a: { uses: 'pipelines/wait', with: { seconds: 0 } } } };
    const plan = await call('POST', '/api/declarations/plan', { version: 1, pipelines: { declared: spec } });
    expect(plan.json.changes).toMatchObject([{ kind: 'pipelines', name: 'declared', action: 'create' }]);
    expect(
      (await call('POST', '/api/declarations/apply', { version: 1, pipelines: { declared: spec } })).status,
    ).toBe(200);
    const again = await call('POST', '/api/declarations/plan', { version: 1, pipelines: { declared: spec } });
    expect(again.json.changes).toEqual([]);
  });
});
