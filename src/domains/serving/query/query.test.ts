import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { people, peopleRequest } from '../../../../test/serving/feature-service.ts';
import { logisticModel } from '../../../../test/serving/models.ts';
import { startServing } from '../../../../test/serving/serving-server.ts';
import type { QueryInput } from './query.contract.ts';

let server: Awaited<ReturnType<typeof startServing>>;
const query = (sql: string, more: Partial<QueryInput> = {}) =>
  server.call('POST', '/api/serving/deployments/m/query', { sql, ...more });

beforeAll(async () => {
  server = await startServing({ features: people });
  const { call, platform, registry } = server;
  await registry.add(platform, 'm', logisticModel({ weights: [1, 0] }), 'people@bbbbbbbbbbbb');
  await call('POST', '/api/serving/deployments/m/deploy', { model: 'm:1' });
  await call(
    'POST',
    '/v2/models/m/infer',
    peopleRequest(
      [
        { customer: 'c-1', email: 'a@b.c', x: 1 },
        { customer: 'c-2', email: 'o\'h"x, y', x: -1 },
      ],
      { id: 'q', time: '2026-01-01T00:00:00Z' },
    ),
  );
  await call('POST', '/api/serving/feedback', { items: [{ id: 'q:1', value: 1 }] });
  await server.domains.serving.predictionsSql(server.scope, 'm');
});
afterAll(() => server.close());

test('the view has inputs and features by name, outcomes, and times; rows and errors come back clear', async () => {
  const found = await query(
    'SELECT prediction_id, event_time, version, arm, customer, email, x, squared, feature_x, label, weight FROM predictions ORDER BY row_index',
  );
  expect(found.status).toBe(200);
  expect(found.body.columns.map(({ type }: { type: string }) => type)).toEqual([
    'VARCHAR',
    'TIMESTAMP',
    'INTEGER',
    'VARCHAR',
    'VARCHAR',
    'VARCHAR',
    'DOUBLE',
    'FLOAT',
    'FLOAT',
    'DOUBLE',
    'DOUBLE',
  ]);
  expect(found.body.rows).toEqual([
    ['q:0', '2026-01-01T00:00:00Z', 1, 'champion', 'c-1', 'a@b.c', 1, 1, 1, null, 1],
    ['q:1', '2026-01-01T00:00:00Z', 1, 'champion', 'c-2', 'o\'h"x, y', -1, 1, -1, 1, 1],
  ]);
  expect(found.body.truncated).toBe(false);
  const cut = await query('SELECT * FROM predictions', { limit: 1 });
  expect([cut.body.rows.length, cut.body.truncated]).toEqual([1, true]);
  const csv = await server.app.inject({
    method: 'POST',
    url: '/api/serving/deployments/m/query',
    payload: { sql: 'SELECT email FROM predictions ORDER BY row_index;', format: 'csv' },
  });
  expect(csv.payload).toBe('email\r\na@b.c\r\n"o\'h""x, y"\r\n');
  const columns = await server.call('GET', '/api/serving/deployments/m/query/columns');
  for (const { sql } of columns.body.examples)
    expect((await query(sql)).body).toMatchObject({ truncated: false });
  expect(columns.body.columns).toContainEqual({
    name: 'feature_x',
    type: 'FLOAT',
    kind: 'feature',
    note: 'as the model saw it',
  });
});

test('an error of the statement says what and where', async () => {
  const syntax = await query('SELECT *\nFORM predictions');
  expect(syntax).toMatchObject({
    status: 400,
    body: { error: { code: 'serving.query.invalid', details: { line: 2 } } },
  });
  const name = await query('SELECT\n  score,\n  nope\nFROM predictions');
  expect(name.body.error).toMatchObject({
    code: 'serving.query.invalid',
    message: expect.stringMatching(/"nope" not found/),
    details: { line: 3, column: 3 },
  });
  const at = await query('SELECT 1 + x.y FROM secrets');
  expect(at.body.error).toMatchObject({
    message: 'Line 1, column 21: There is no table "secrets" here, only the view predictions.',
    details: { line: 1, column: 21 },
  });
});

test('the result as Parquet reads back', async () => {
  const reply = await server.app.inject({
    method: 'POST',
    url: '/api/serving/deployments/m/query',
    payload: { sql: 'SELECT customer, score FROM predictions ORDER BY row_index -- last', format: 'parquet' },
  });
  expect(reply.headers['content-type']).toBe('application/vnd.apache.parquet');
  const path = join(server.platform.config.dataDir, 'back.parquet');
  writeFileSync(path, reply.rawPayload);
  const rows = await server.platform.tables.query(`SELECT customer FROM read_parquet('${path}')`);
  expect(rows).toEqual([{ customer: 'c-1' }, { customer: 'c-2' }]);
  expect(
    readdirSync(join(server.platform.config.dataDir, 'tmp')).filter((name) => name.startsWith('query-')),
  ).toEqual([]);
});

test.each([
  ["SELECT * FROM read_csv('/etc/passwd')", /table function "read_csv"/],
  ["SELECT * FROM read_text('/etc/hostname')", /read_text/],
  ["SELECT * FROM read_json('predictions.ndjson')", /read_json/],
  ["SELECT * FROM glob('/etc/*')", /glob/],
  ["FROM '/etc/passwd'", /no table "\/etc\/passwd"/],
  ["SELECT * FROM 'https://example.com/x.parquet'", /no table/],
  ["SELECT (SELECT max(column0) FROM read_csv('/etc/passwd')) FROM predictions", /read_csv/],
  ["WITH a AS (SELECT * FROM read_blob('/etc/passwd')) SELECT * FROM a", /read_blob/],
  ["SELECT * FROM predictions WHERE x IN (SELECT 1 FROM glob('*'))", /glob/],
  ["COPY (SELECT 1) TO '/tmp/houston-query-escape.csv'", /Only one SELECT/],
  ["COPY predictions FROM '/etc/passwd'", /Only one SELECT/],
  ["EXPORT DATABASE '/tmp/houston-query-escape'", /Only one SELECT/],
  ["ATTACH '/tmp/houston-query-escape.db'", /Only one SELECT/],
  ['INSTALL httpfs', /Only one SELECT/],
  ['LOAD httpfs', /Only one SELECT/],
  ['PRAGMA database_list', /Only one SELECT|SHOW|syntax/],
  ["SET memory_limit = '1TB'", /Only one SELECT/],
  ['CREATE TABLE t AS SELECT 1', /Only one SELECT/],
  ['INSERT INTO predictions VALUES (1)', /Only one SELECT/],
  ['DROP VIEW predictions', /Only one SELECT/],
  ['SELECT 1; SELECT 2', /Only one statement/],
  ["SELECT 1; COPY (SELECT 1) TO '/tmp/houston-query-escape.csv'", /Only one/],
  ["SELECT getenv('HOME')", /getenv/],
  ["SELECT current_setting('temp_directory')", /current_setting/],
  ["SELECT * FROM query('SELECT 1')", /"query"/],
  ["SELECT * FROM query_table('duckdb_views')", /query_table/],
  ['SELECT sql FROM duckdb_views()', /duckdb_views/],
  ['SELECT sql FROM duckdb_views', /no table "duckdb_views"/],
  ['SELECT * FROM information_schema.views', /no table "views"/],
  ['SELECT * FROM pg_catalog.pg_views', /no table/],
  ['SELECT * FROM sqlite_master', /no table/],
  ['SELECT * FROM main.predictions', /no table/],
  ['WITH duckdb_views AS (SELECT 1) SELECT * FROM duckdb_views', /not for WITH/],
  ['SELECT * FROM duckdb_settings() WHERE EXISTS (WITH a AS (SELECT 1) SELECT * FROM a)', /duckdb_settings/],
  ['SHOW ALL TABLES', /SHOW|Only one/],
  ["SELECT * FROM pragma_table_info('predictions')", /pragma_table_info/],
  ['SELECT pg_get_viewdef(0)', /pg_get_viewdef/],
  ['CALL pragma_version()', /Only one SELECT/],
])('refused: %s', async (sql, message) => {
  const { status, body } = await query(sql);
  expect(status).toBe(400);
  expect(body.error.message).toMatch(message);
  expect(body.error.message).not.toContain(server.platform.config.dataDir);
});

test('what the walls refuse twice: the instance itself reads no other file and writes none', async () => {
  const { runQuery } = await import('./run-query.ts');
  const task = {
    relation: "SELECT * FROM read_csv('/etc/passwd')",
    paths: [],
    limit: 1,
    mostBytes: 1e6,
    parquet: null,
  };
  const outcome = await runQuery({ ...task, sql: 'SELECT * FROM predictions' }).catch((error: Error) => ({
    state: 'threw',
    message: error.message,
  }));
  expect(outcome).toMatchObject({ state: 'failed', kind: 'Permission Error' });
});

test('too long, too large and left behind: the process ends, and the server goes on', async () => {
  // Streams its numbers: it takes time alone, and no memory.
  const slow = 'SELECT sum(sqrt(range)) FROM range(1000000000000)';
  const late = await query(slow, { timeLimitMs: 300 });
  expect(late).toMatchObject({ status: 408, body: { error: { code: 'serving.query.timeout' } } });
  const large = await query("SELECT list(repeat('x', 1000000) || a.range) FROM range(10000) a");
  expect(large).toMatchObject({ status: 422, body: { error: { code: 'serving.query.too_large' } } });
  const three = await Promise.all([1, 2, 3].map(() => query(slow, { timeLimitMs: 3000 })));
  expect(three.map(({ body }) => body.error.code).sort()).toEqual([
    'serving.query.busy',
    'serving.query.timeout',
    'serving.query.timeout',
  ]);
  expect(three.map(({ status }) => status).sort()).toEqual([408, 408, 429]);
  expect((await query('SELECT count(*) FROM predictions')).body.rows).toEqual([[2]]);
});
