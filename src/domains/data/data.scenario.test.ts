import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../test/server.ts';
import { dataFolder } from '../../platform/config.ts';
import { parquetSource, sqlLiteral } from '../../platform/tables/index.ts';
import { createDataDomain, type DataDoor } from './index.ts';

const flights = parquetSource([
  new URL('../../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url).pathname,
]);
const between = (from: string, to: string) =>
  `SELECT * FROM ${flights} WHERE date >= TIMESTAMP '${from}' AND date < TIMESTAMP '${to}'`;
const knownAirports = '^[A-Z]{3}$';

const expectations = [
  { type: 'expect_column_values_to_not_be_null', kwargs: { column: 'date' } },
  { type: 'expect_column_values_to_not_be_null', kwargs: { column: 'delay', mostly: 0.98 } },
  {
    type: 'expect_column_values_to_be_between',
    kwargs: { column: 'delay', min_value: -1440, max_value: 2880 },
  },
  {
    type: 'expect_column_values_to_be_between',
    kwargs: { column: 'distance', min_value: 1, max_value: 6000 },
  },
  { type: 'expect_column_values_to_match_regex', kwargs: { column: 'origin', regex: knownAirports } },
  {
    type: 'expect_column_mean_to_be_between',
    kwargs: { column: 'delay', max_value: 120 },
    severity: 'warning',
  },
];

// biome-ignore lint/suspicious/noExplicitAny: replies of many shapes
type Reply = { status: number; body: any };

describe('datasets over HTTP', () => {
  let server: TestServer<{ data: DataDoor }>;
  let scratch: string;

  const call = async (
    method: string,
    path: string,
    body?: unknown,
    type = 'application/json',
  ): Promise<Reply> => {
    const content =
      body === undefined
        ? undefined
        : body instanceof Uint8Array || typeof body === 'string'
          ? body
          : JSON.stringify(body);
    const reply = await fetch(`${server.url}/api/data${path}`, {
      method,
      ...(content !== undefined && { body: content as string, headers: { 'content-type': type } }),
    });
    const text = await reply.text();
    return { status: reply.status, body: text.startsWith('{') ? JSON.parse(text) : text };
  };
  const parquet = async (select: string): Promise<Uint8Array> => {
    const path = join(scratch, `batch-${Math.random()}.parquet`);
    await server.platform.tables.run(`COPY (${select}) TO ${sqlLiteral(path)} (FORMAT parquet)`);
    return readFileSync(path);
  };
  const upload = (
    name: string,
    body: Uint8Array | string,
    query = '',
    type = 'application/vnd.apache.parquet',
  ) => call('POST', `/datasets/${name}/versions${query}`, body, type);
  const blobs = () =>
    readdirSync(join(server.platform.config.dataDir, 'blobs'), { recursive: true }).filter((name) =>
      /[0-9a-f]{64}$/.test(String(name)),
    );
  const staged = () => readdirSync(dataFolder(server.platform.config, 'staging', 'data'));
  const events = async (type: string) => {
    const reply = await fetch(`${server.url}/api/ledger/events?type=${type}`);
    return (
      (await reply.json()) as {
        items: { type: string; subject: string; uses: string[]; data: Record<string, unknown> }[];
      }
    ).items;
  };

  beforeAll(async () => {
    server = await startTestServer((platform) => ({
      data: createDataDomain(platform, {}, { maxUploadBytes: 4_000_000 }),
    }));
    scratch = dataFolder(server.platform.config, 'scratch');
  });
  afterAll(() => server.close());

  it('creates a dataset with its expectations', async () => {
    const made = await call('PUT', '/datasets/flights', {
      description: 'US flights',
      eventTime: 'date',
      owner: 'ops',
      expectations,
    });
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'flights', latestVersion: 0, suiteRevision: 1, latest: null },
    });
    const again = await call('PUT', '/datasets/flights', { description: 'US flights' });
    expect(again).toMatchObject({ status: 200, body: { suiteRevision: 1, owner: 'ops' } });
    expect((await events('data.*')).map((event) => event.type)).toEqual([
      'data.expectations.changed',
      'data.dataset.created',
    ]);
    expect((await call('GET', '/datasets/flights/versions/latest')).body.error.code).toBe(
      'data.version.not_found',
    );
  });

  it('takes Parquet as the first version, and appends', async () => {
    const january = await parquet(between('2001-01-01', '2001-01-08'));
    const first = await upload('flights', january, '?source=january');
    expect(first).toMatchObject({
      status: 201,
      body: { version: 1, created: true, validation: { success: true, failed: 0 } },
    });
    const second = await upload('flights', await parquet(between('2001-01-08', '2001-01-09')));
    expect(second.status).toBe(201);
    const version = await call('GET', '/datasets/flights/versions/2');
    expect(version.body).toMatchObject({
      version: 2,
      parts: 2,
      timeFrom: '2001-01-01T00:01:00.000Z',
      mode: 'append',
      rows: second.body.rows,
    });
    expect(version.body.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(version.body.digest).not.toBe(first.body.digest);
    expect(version.body.manifest.parts).toHaveLength(2);
    const [created] = await events('data.version.created');
    expect(created).toMatchObject({
      subject: 'dataset:flights@2',
      uses: ['dataset:flights', 'dataset:flights@1'],
      data: { digest: version.body.digest },
    });
  });

  it('does not append the same bytes twice', async () => {
    const before = blobs().length;
    const january = await parquet(between('2001-01-01', '2001-01-08'));
    const again = await upload('flights', january);
    expect(again).toMatchObject({ status: 200, body: { version: 2, created: false, validation: null } });
    expect(blobs()).toHaveLength(before);
  });

  it('reads a CSV in the schema of the dataset', async () => {
    const csv =
      'distance,date,delay,origin,destination\n100,2001-01-09 10:00:00,5,ORD,ATL\n200,2001-01-09T11:00:00,-3,ATL,ORD\n,2001-01-09 12:00:00,0,ATL,ORD\n';
    const reply = await upload('flights', csv, '', 'text/csv');
    expect(reply).toMatchObject({
      status: 201,
      body: { version: 3, validation: { rows: 3, success: true } },
    });
    const rows = await call('GET', `/datasets/flights/versions/3/rows?limit=2&offset=${reply.body.rows - 2}`);
    expect(rows.body.rows).toEqual([
      ['2001-01-09T11:00:00.000Z', -3, 200, 'ATL', 'ORD'],
      ['2001-01-09T12:00:00.000Z', 0, null, 'ATL', 'ORD'],
    ]);
    expect(rows.body).toMatchObject({ version: 3, total: reply.body.rows });
  });

  it('refuses a spoiled batch and names each failed expectation', async () => {
    const [blobsBefore, versionBefore] = [
      blobs().length,
      (await call('GET', '/datasets/flights')).body.latestVersion,
    ];
    const spoiled = await parquet(
      `SELECT date, CASE WHEN n % 10 = 0 THEN 'late' WHEN n % 3 = 0 THEN NULL ELSE CAST(delay AS VARCHAR) END AS delay,
        CASE WHEN n % 100 = 0 THEN 99999 ELSE distance END AS distance, CASE WHEN n % 50 = 0 THEN 'X99' ELSE origin END AS origin, destination
        FROM (SELECT *, row_number() OVER () AS n FROM (${between('2001-01-09', '2001-01-10')}))`,
    );
    const reply = await upload('flights', spoiled);
    expect(reply).toMatchObject({ status: 422, body: { error: { code: 'data.batch.refused' } } });
    const { report, validation } = reply.body.error.details;
    const failed = report.results.filter((result: { success: boolean }) => !result.success);
    expect(failed.map(({ type, column }: Record<string, string>) => `${column} ${type}`).sort()).toEqual([
      'delay expect_column_values_to_be_of_type',
      'delay expect_column_values_to_not_be_null',
      'distance expect_column_values_to_be_between',
      'origin expect_column_values_to_match_regex',
    ]);
    const [type] = failed;
    expect(type).toMatchObject({
      partialUnexpected: expect.arrayContaining(['late']),
      partialUnexpectedCounts: [{ value: 'late' }],
    });
    for (const result of failed) {
      expect(result.unexpectedCount).toBeGreaterThan(0);
      expect(result.unexpectedPercent).toBeGreaterThan(0);
      expect(result.sampleRows.length).toBeGreaterThan(0);
    }
    expect(blobs()).toHaveLength(blobsBefore);
    expect(staged()).toEqual([]);
    expect((await call('GET', '/datasets/flights')).body.latestVersion).toBe(versionBefore);
    const [event] = await events('data.batch.refused');
    expect(event.data).toMatchObject({ dataset: 'flights', validation });
    expect(JSON.stringify(event)).not.toContain('X99');
    const stored = await call('GET', `/validations/${validation}`);
    expect(stored.body).toMatchObject({
      outcome: 'refused',
      version: null,
      failed: 4,
      report: { success: false },
    });
    const list = await call('GET', '/datasets/flights/validations?limit=1');
    expect(list.body).toMatchObject({ items: [{ id: validation, outcome: 'refused' }], next: validation });
    const gx = await call('GET', `/validations/${validation}/great-expectations`);
    expect(gx.body).toMatchObject({ success: false, statistics: { unsuccessful_expectations: 4 } });
  });

  it.each([
    [
      'a wrong type in a CSV',
      'date,delay,distance,origin,destination\n2001-01-09 10:00:00,abc,1,ORD,ATL\n',
      'delay',
    ],
    [
      'a fraction in an integer column',
      'date,delay,distance,origin,destination\n2001-01-09 10:00:00,1.5,1,ORD,ATL\n',
      'delay',
    ],
    ['a time that is none', 'date,delay,distance,origin,destination\nyesterday,1,1,ORD,ATL\n', 'date'],
    ['a missing column', 'date,delay,origin,destination\n2001-01-09 10:00:00,1,ORD,ATL\n', null],
    [
      'an unknown column',
      'date,delay,distance,origin,destination,tail\n2001-01-09 10:00:00,1,1,ORD,ATL,N1\n',
      null,
    ],
  ])('refuses %s', async (_name, csv, column) => {
    const reply = await upload('flights', csv, '', 'text/csv');
    expect(reply).toMatchObject({ status: 422, body: { error: { code: 'data.batch.refused' } } });
    const failed = reply.body.error.details.report.results.find(
      (result: { success: boolean }) => !result.success,
    );
    expect(failed).toMatchObject({
      type: column ? 'expect_column_values_to_be_of_type' : 'expect_table_columns_to_match_set',
      column,
    });
  });

  it.each([
    ['not Parquet', 'PAR1 but no', 'application/vnd.apache.parquet', 400, 'data.file.malformed'],
    ['an empty file', '', 'text/csv', 400, 'data.file.empty'],
    [
      'ragged lines',
      'date,delay,distance,origin,destination\n1,2,3\n"open',
      'text/csv',
      400,
      'data.file.malformed',
    ],
    ['binary as CSV', new Uint8Array([0, 1, 2, 255, 254, 10, 0, 7]), 'text/csv', 400, 'data.file.malformed'],
    ['JSON', '{}', 'application/json', 415, 'platform.media_type.unsupported'],
    ['another type', 'x', 'text/plain', 415, 'platform.media_type.unsupported'],
    ['a huge body', new Uint8Array(4_000_001), 'text/csv', 413, 'data.file.too_large'],
  ])('answers %s with a clear error', async (_name, body, type, status, code) => {
    const reply = await upload('flights', body, '', type);
    expect(reply).toMatchObject({
      status: expect.any(Number),
      body: { error: { next: expect.stringMatching(/./) } },
    });
    if (_name !== 'binary as CSV') expect([reply.status, reply.body.error.code]).toEqual([status, code]);
    else expect(reply.status === 400 || reply.status === 422).toBe(true);
    expect(JSON.stringify(reply.body)).not.toContain(server.platform.config.dataDir);
    expect(staged()).toEqual([]);
  });

  it('answers damaged and cut-off Parquet with a clear error', async () => {
    const whole = Buffer.from(await parquet(between('2001-01-10', '2001-01-12')));
    const damaged = Buffer.from(whole);
    damaged.fill(0x5a, 2000, 6000);
    const headless = whole.subarray(0, whole.length - 200);
    for (const body of [damaged, headless, whole.subarray(100)]) {
      expect(await upload('flights', new Uint8Array(body))).toMatchObject({
        status: 400,
        body: { error: { code: 'data.file.malformed' } },
      });
    }
  });

  it('stops a huge body of unknown length', async () => {
    const chunk = new Uint8Array(1_000_000).fill(65);
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        if (sent++ < 8) controller.enqueue(chunk);
        else controller.close();
      },
    });
    const reply = await fetch(`${server.url}/api/data/datasets/flights/versions`, {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { 'content-type': 'text/csv' },
    } as RequestInit);
    expect(reply.status).toBe(413);
    expect(staged()).toEqual([]);
  });

  it.each([
    ['GET', '/datasets/nope', undefined, 404],
    ['POST', '/datasets/nope/versions', 'a\n1\n', 404],
    ['GET', '/datasets/..%2f..%2fetc', undefined, 400],
    ['PUT', '/datasets/a%20b', {}, 400],
    ['PUT', '/datasets/x', { unknown: 1 }, 400],
    ['PUT', '/datasets/x', { description: 'a\u0000b' }, 400],
    ['PUT', '/datasets/x', '{"description": "\\ud800"}', 400],
    [
      'PUT',
      '/datasets/x',
      '{"expectations": [{"type": "expect_column_to_exist", "kwargs": {"column": "\\udc00"}}]}',
      400,
    ],
    ['PUT', '/datasets/x', '{"description": ', 400],
    ['PUT', '/datasets/x', 'null', 400],
    ['GET', '/datasets/flights/versions?before=1e30', undefined, 400],
    ['GET', '/datasets/flights/validations?before=%00', undefined, 400],
    ['POST', '/datasets/flights/versions?mode=merge', 'a\n1\n', 400],
    ['POST', '/datasets/flights/versions?source=%00', 'a\n1\n', 400],
    ['PUT', '/datasets/x', { expectations: [{ type: 'expect_magic', kwargs: {} }] }, 400],
    [
      'PUT',
      '/datasets/x',
      { expectations: [{ type: 'expect_column_to_exist', kwargs: { colum: 'a' } }] },
      400,
    ],
    ['PUT', '/datasets/flights', { eventTime: 'origin' }, 400],
    ['GET', '/datasets/flights/versions/0', undefined, 400],
    ['GET', '/datasets/flights/versions/99', undefined, 404],
    ['GET', '/datasets/flights/versions/1/rows?limit=-1', undefined, 400],
    ['GET', '/datasets/flights/diff?from=1', undefined, 400],
    ['GET', '/validations/none', undefined, 404],
    ['DELETE', '/datasets/flights', undefined, 405],
  ])('%s %s → %4$i', async (method, path, body, status) => {
    const reply = await call(method, path, body, method === 'POST' ? 'text/csv' : undefined);
    expect(reply.status).toBe(status);
    expect(reply.body.error).toMatchObject({ code: expect.any(String), next: expect.any(String) });
  });

  it('keeps nothing of an upload that breaks off', async () => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('date,delay,distance,origin,destination\n'));
        setTimeout(() => controller.error(new Error('gone')), 50);
      },
    });
    const request = { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'text/csv' } };
    await expect(
      fetch(`${server.url}/api/data/datasets/flights/versions`, request as RequestInit),
    ).rejects.toThrow();
    for (let tries = 0; tries < 50 && staged().length > 0; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(staged()).toEqual([]);
  });

  it('takes odd types, odd names and empty tables', async () => {
    const selects = {
      nested: `SELECT [1, 2] AS l, {'a': 1} AS s, 'x'::BLOB AS b, TIME '10:00' AS t, uuid() AS u, map{'a': 1} AS m FROM range(3)`,
      names: `SELECT 1 AS "a ""quoted"" name", 2 AS "__row", 3 AS "batch", 'x' AS "select", 5 AS file_row_number FROM range(3)`,
      empty: `SELECT 1 AS a, 'x' AS b, 2.5::DOUBLE AS c, TIMESTAMP '2001-01-01' AS t WHERE false`,
    };
    for (const [name, select] of Object.entries(selects)) {
      await call('PUT', `/datasets/odd-${name}`, {});
      expect((await upload(`odd-${name}`, await parquet(select))).status).toBe(201);
      const paths = ['profile', 'rows', 'suggestions', 'download?format=csv'].map(
        (path) => `versions/1/${path}`,
      );
      for (const path of [...paths, 'diff?from=1&to=1']) {
        expect([name, path, (await call('GET', `/datasets/odd-${name}/${path}`)).status]).toEqual([
          name,
          path,
          200,
        ]);
      }
    }
  });

  it('profiles a version at once, and keeps the profile', async () => {
    const first = await call('GET', '/datasets/flights/versions/1/profile');
    expect(first).toMatchObject({ status: 200, body: { state: 'ready', version: 1 } });
    const delay = first.body.profile.columns.find((column: { name: string }) => column.name === 'delay');
    expect(delay.numeric.histogram.counts.length).toBeGreaterThanOrEqual(15);
    expect((await call('GET', '/datasets/flights/versions/1/profile')).body).toEqual(first.body);
  });

  it('makes the profile of a large version in a job', async () => {
    await call('PUT', '/datasets/large', {});
    const rows = await parquet('SELECT range AS a, range % 7 AS b FROM range(1100000)');
    expect(rows.length).toBeLessThan(4_000_000 * 2);
    await server.domains.data.uploadVersion(server.platform.systemScope('system:test'), 'large', {
      content: [rows] as unknown as AsyncIterable<Uint8Array>,
      format: 'parquet',
    });
    expect((await call('GET', '/datasets/large/versions/latest/profile')).status).toBe(202);
    for (let tries = 0; tries < 100; tries++) {
      const reply = await call('GET', '/datasets/large/versions/latest/profile');
      if (reply.status === 200) {
        expect(reply.body.profile.rows).toBe(1_100_000);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('The profile never came.');
  });

  it('compares two versions', async () => {
    const { body } = await call('GET', '/datasets/flights/diff?from=1&to=latest');
    expect(body).toMatchObject({
      from: { version: 1 },
      to: { version: 3 },
      parts: { shared: 1, added: 2, removed: 0 },
    });
    expect(body.schema).toEqual({ added: [], removed: [], changed: [] });
    const delay = body.columns.find((column: { name: string }) => column.name === 'delay');
    expect(delay.psi).toBeGreaterThan(0);
    expect(delay.psi).toBeLessThan(0.1);
    expect(delay.jensenShannon).toBeLessThan(0.2);
    expect(delay.bins.reduce((sum: number, bin: { from: number }) => sum + bin.from, 0)).toBe(body.from.rows);
    expect(body.columns.find((column: { name: string }) => column.name === 'distance').to.missing).toBe(1);
  });

  it('downloads what was uploaded', async () => {
    const csv = await call('GET', '/datasets/flights/versions/3/download?format=csv');
    expect(csv.body.split('\n')[0]).toBe('date,delay,distance,origin,destination');
    const january = await parquet(between('2001-01-01', '2001-01-08'));
    const reply = await fetch(`${server.url}/api/data/datasets/flights/versions/1/download`);
    expect(Buffer.from(await reply.arrayBuffer()).equals(january)).toBe(true);
    expect(reply.headers.get('content-disposition')).toContain('flights-1.parquet');
  });

  it('replaces, and changes the schema only when told to', async () => {
    await call('PUT', '/datasets/other', {});
    expect((await upload('other', 'a,b\n1,x\n2,y\n', '', 'text/csv')).body).toMatchObject({ version: 1 });
    expect((await upload('other', 'a,c\n1,2\n', '?mode=replace', 'text/csv')).status).toBe(422);
    const replaced = await upload('other', 'a,b\n3,z\n', '?mode=replace', 'text/csv');
    expect(replaced.body).toMatchObject({ version: 2, rows: 1 });
    const renewed = await upload('other', 'a,c\n1,2.5\n', '?mode=replace&schema=new', 'text/csv');
    expect(renewed.body).toMatchObject({ version: 3 });
    const diff = await call('GET', '/datasets/other/diff?from=1&to=3');
    expect(diff.body.schema).toMatchObject({
      added: [{ name: 'c', type: 'DOUBLE' }],
      removed: [{ name: 'b' }],
    });
    expect((await call('GET', '/datasets/other/versions/1/rows')).body.rows).toEqual([
      [1, 'x'],
      [2, 'y'],
    ]);
  });

  it('imports and exports suites of Great Expectations', async () => {
    const old = {
      expectation_suite_name: 's',
      data_asset_type: null,
      expectations: [
        {
          expectation_type: 'expect_column_values_to_be_between',
          kwargs: { column: 'a', min_value: { $PARAMETER: 'low' } },
          meta: {},
        },
      ],
      evaluation_parameters: { low: 0 },
    };
    expect((await call('PUT', '/datasets/other/expectations', old)).status).toBe(200);
    const suite = await call('GET', '/datasets/other/expectations');
    expect(suite.body).toMatchObject({
      name: 'other',
      expectations: [
        { type: 'expect_column_values_to_be_between', kwargs: { min_value: 0 }, severity: 'critical' },
      ],
    });
    expect((await call('PUT', '/datasets/other/expectations', suite.body)).body.suiteRevision).toBe(1);
    const judged = await call('POST', '/datasets/other/versions/latest/validations');
    expect(judged).toMatchObject({ status: 201, body: { outcome: 'checked', version: 3, success: true } });
    expect((await events('data.validation.finished'))[0].subject).toBe('dataset:other@3');
  });

  it('proposes expectations that the version itself meets', async () => {
    const { body } = await call('GET', '/datasets/flights/versions/1/suggestions');
    expect(body.expectations.map((one: { type: string }) => one.type)).toEqual(
      expect.arrayContaining([
        'expect_column_values_to_be_in_set',
        'expect_column_values_to_be_between',
        'expect_column_mean_to_be_between',
      ]),
    );
    await call('PUT', '/datasets/flights', { expectations: body.expectations });
    const judged = await call('POST', '/datasets/flights/versions/1/validations');
    expect(judged.body).toMatchObject({ success: true, failed: 0, evaluated: body.expectations.length });
  });

  it('is declared in houston.yaml, and a second apply changes nothing', async () => {
    const declaration = {
      datasets: {
        declared: {
          description: 'd',
          event_time: 'at',
          owner: 'me',
          expectations: [{ type: 'expect_column_to_exist', kwargs: { column: 'at' } }],
        },
      },
    };
    const send = (verb: string) =>
      fetch(`${server.url}/api/declarations/${verb}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(declaration),
      });
    expect((await send('apply')).status).toBe(200);
    expect(await (await send('plan')).json()).toMatchObject({ changes: [] });
    expect((await call('GET', '/datasets/declared')).body).toMatchObject({
      eventTime: 'at',
      expectations: [{ severity: 'critical' }],
    });
  });
});
