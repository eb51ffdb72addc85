import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../test/server.ts';
import { listEvents } from '../../platform/ledger/index.ts';
import { createTables, parquetSource } from '../../platform/tables/index.ts';
import { processSteps } from './features.process-steps.ts';
import { flights } from './flights.fixture.ts';
import { createFeaturesDomain, type FeaturesDoor } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'houston-features-'));
const part = join(folder, 'part.parquet');
const digest = `sha256:${'a'.repeat(64)}`;

/** A dataset version of one small Parquet file. */
const data = {
  versionParts: async () => ({
    dataset: 'flights',
    version: 3,
    digest,
    rows: 400,
    columns: [],
    eventTime: 'date',
    digests: [digest],
    paths: [part],
  }),
};

describe('features over HTTP', () => {
  let server: TestServer<{ features: FeaturesDoor }>;
  const start = Date.UTC(2001, 0, 1);

  async function call(method: string, path: string, body?: object) {
    const reply = await fetch(`${server.url}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await reply.text();
    return { status: reply.status, body: text ? JSON.parse(text) : null };
  }
  const events = (count: number) => ({
    date: Array.from({ length: count }, (_, i) => new Date(start + i * 60_000).toISOString()),
    delay: Array.from({ length: count }, (_, i) => i % 32),
    distance: Array.from({ length: count }, () => 320),
    origin: Array.from({ length: count }, (_, i) => `A${i % 3}`),
    destination: Array.from({ length: count }, (_, i) => `A${i % 4}`),
  });

  beforeAll(async () => {
    const tables = await createTables();
    await tables.run(
      `COPY (SELECT TIMESTAMP '2001-01-01' + to_minutes(i) AS date, (i % 32)::BIGINT AS delay, 320::BIGINT AS distance, 'A' || (i % 3) AS origin, 'A' || (i % 4) AS destination FROM range(400) t(i)) TO '${part}'`,
    );
    tables.close();
    server = await startTestServer((platform) => ({ features: createFeaturesDomain(platform, { data }) }));
    const scope = server.platform.systemScope('user:test');
    await server.domains.features.defineService(scope, 'flights-delay', flights);
  });
  afterAll(() => server.close());

  it('lists and describes a service', async () => {
    const { status, body } = await call('GET', '/api/features/services/flights-delay');
    expect(status).toBe(200);
    expect(body).toMatchObject({ name: 'flights-delay', version: 1, source: 'flights', eventTime: 'date' });
    expect(body.features.map(({ name }: { name: string }) => name)).toEqual(Object.keys(flights.features));
    expect(body.features[6]).toMatchObject({
      key: ['destination'],
      lookup: ['origin'],
      over: '3h',
      grain: '1m',
    });
    expect((await call('GET', '/api/features/services')).body.items).toHaveLength(1);
  });

  it('records a definition once, and a changed one as a new version', async () => {
    const scope = server.platform.systemScope('user:test');
    const { features } = server.domains;
    const first = await features.defineService(scope, 'flights-delay', flights);
    const changed = { ...flights, features: { ...flights.features, month: { expression: 'month(date)' } } };
    const second = await features.defineService(scope, 'two', flights);
    const third = await features.defineService(scope, 'two', changed);
    expect(third.digest).not.toBe(second.digest);
    expect((await features.getService(scope, 'two')).digest).toBe(third.digest);
    expect((await features.getService(scope, 'two', second.digest.slice(7, 19))).digest).toBe(first.digest);
    const defined = await listEvents(scope, { types: ['features.service.defined'] });
    expect(defined.map(({ subject }) => subject.split('@')[0]).toSorted()).toEqual([
      'feature-service:flights-delay',
      'feature-service:two',
      'feature-service:two',
    ]);
    expect(defined[0].uses).toEqual(['dataset:flights']);
  });

  it('takes events and answers with vectors that hold what was known', async () => {
    const path = '/api/features/sources/flights-delay/events';
    const pushed = await call('POST', path, { batch: 'one', columns: events(400) });
    expect(pushed).toEqual({ status: 200, body: { accepted: 400, duplicate: false, ignored: 0 } });
    expect((await call('POST', path, { batch: 'one', columns: events(400) })).body.duplicate).toBe(true);
    const asked = await call('POST', '/api/features/services/flights-delay/vectors', {
      inputs: { origin: ['A1', 'nowhere'], destination: ['A2', 'A2'], distance: [320, 320] },
      times: ['2001-01-01T06:30:00Z', start + 6.5 * 3_600_000],
    });
    expect(asked.status).toBe(200);
    const at = (name: string) => asked.body.features.indexOf(name);
    expect(asked.body.vectors[0][at('hour')]).toBe(6);
    expect(asked.body.vectors[0][at('network_landed_1h')]).toBeGreaterThan(40);
    expect(asked.body.vectors[1][at('origin_landed_3h')]).toBe(0);
    expect(asked.body.vectors[1][at('origin_late_share_3h')]).toBeNull();
    expect(asked.body.statuses[1][at('origin_late_share_3h')]).toBe('NOT_FOUND');
    const online = await call('GET', '/api/features/services/flights-delay/online');
    expect(online.body).toMatchObject({ rows: 400, newest: expect.stringContaining('2001-01-01T') });
  });

  it.each([
    ['GET', '/api/features/services/none', undefined, 404, 'features.service.not_found'],
    ['POST', '/api/features/sources/none/events', { columns: { a: [1] } }, 404, 'features.service.not_found'],
    [
      'POST',
      '/api/features/sources/flights-delay/events',
      { columns: { date: [1] } },
      400,
      'features.events.invalid',
    ],
    ['POST', '/api/features/sources/flights-delay/events', {}, 400, 'features.events.invalid'],
    ['POST', '/api/features/services/flights-delay/vectors', { inputs: {} }, 400, 'features.inputs.invalid'],
    [
      'POST',
      '/api/features/services/flights-delay/vectors',
      { inputs: { origin: ['A'], destination: ['B'], distance: [1] }, times: ['never'] },
      400,
      'features.inputs.invalid',
    ],
  ])('%s %s answers a clear refusal', async (method, path, body, status, code) => {
    const reply = await call(method, path, body);
    expect(reply.status).toBe(status);
    expect(reply.body.error.code).toBe(code);
    expect(reply.body.error.next.length).toBeGreaterThan(20);
  });

  it.each([
    [{ source: 'x', event_time: 'when' }, 'must be a timestamp of the request'],
    [{ features: { f: { expression: 'delay + 1' } } }, 'is not part of the request'],
    [{ features: { f: { key: ['origin'], mean: 'late', over: '3h' } } }, 'known_at must say when'],
    [{ features: { f: { key: ['origin'], count: true, over: '90s' } } }, 'not a multiple of the grain'],
    [{ features: { f: { key: ['origin'], count: true, mean: 'late', over: '1h' } } }, 'exactly one of'],
    [{ features: { f: { key: ['carrier'], count: true, over: '1h' } } }, 'no column "carrier"'],
    [{ features: { f: { expression: 'origin' } } }, 'a number or a boolean, not a string'],
    [{ features: { f: { expression: 'hour(' } } }, 'features.f'],
  ])('refuses a bad definition %#', async (change, reason) => {
    const scope = server.platform.systemScope('user:test');
    const bad = { ...flights, slices: [], ...change } as typeof flights;
    await expect(server.domains.features.defineService(scope, 'bad', bad)).rejects.toThrow(reason);
  });

  it('makes a training set as a process step', async () => {
    const [step] = server.domains.features.steps;
    const scope = server.platform.systemScope('job:test');
    const run = {} as Parameters<NonNullable<typeof step.prepare>>[2];
    const input = await step.prepare!(
      scope,
      { service: 'flights-delay', from: '2001-01-01T01:00:00Z', until: '' },
      run,
    );
    const result = await processSteps['features/training-set']({
      input,
      outputDir: folder,
      log: () => {},
      progress: () => {},
      signal: new AbortController().signal,
    });
    expect(result.outputs).toMatchObject({
      rows: 340,
      service: 'flights-delay',
      featureService: expect.stringMatching(/^flights-delay@[0-9a-f]{12}$/),
      columns: Object.keys(flights.features),
      label: 'late',
      timeFrom: '2001-01-01T01:00:00.000Z',
      datasetVersion: 3,
    });
    const file = result.files?.table as string;
    expect(existsSync(file)).toBe(true);
    const tables = await createTables();
    const columns = await tables.query(`DESCRIBE SELECT * FROM ${parquetSource([file])}`);
    tables.close();
    expect(
      columns.map(({ column_name, column_type }) => `${column_name} ${column_type}`).slice(0, 6),
    ).toEqual([
      '__row BIGINT',
      '__time TIMESTAMP',
      '__label INTEGER',
      '__slice_origin VARCHAR',
      '__slice_hour DOUBLE',
      'hour FLOAT',
    ]);
  });
});
