import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCsv } from '../../src/protocols/mlflow-scoring/csv.ts';
import { hasPython, runPython } from '../python.ts';
import { echoModel, logisticModel } from './models.ts';
import { type ServingServer, startServing } from './serving-server.ts';

let server: ServingServer;
beforeAll(async () => {
  server = await startServing({ invocationsModel: 'm' });
  const deploy = async (name: string, bytes: Uint8Array) => {
    await server.registry.add(server.platform, name, bytes);
    expect((await server.call('POST', `/api/serving/deployments/${name}/deploy`, {})).status).toBe(200);
  };
  await deploy('m', logisticModel({ weights: [1, 2] }));
  await deploy(
    'columns',
    echoModel(
      { a: ['double', ['N']], b: ['int64', ['N']], name: ['string', ['N', 1]] },
      { a: 'a_out', b: 'b_out', name: 'name_out' },
    ),
  );
});
afterAll(() => server.close());

async function invoke(body: unknown, type = 'application/json', path = '/deployments/columns/invocations') {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const echoed = [
  { a_out: 1, b_out: 2, name_out: 'x' },
  { a_out: 0.5, b_out: -3, name_out: 'y' },
];

describe('payloads', () => {
  test.each([
    [
      'split, in another order and with more',
      {
        dataframe_split: {
          columns: ['name', 'more', 'b', 'a'],
          index: [7, 8],
          data: [
            ['x', null, 2, 1],
            ['y', null, -3, 0.5],
          ],
        },
      },
    ],
    [
      'split without names',
      {
        dataframe_split: {
          data: [
            [1, 2, 'x'],
            [0.5, -3, 'y'],
          ],
        },
      },
    ],
    [
      'records',
      {
        dataframe_records: [
          { a: 1, b: 2, name: 'x' },
          { name: 'y', b: -3, a: 0.5, more: [1] },
        ],
      },
    ],
    [
      'instances',
      {
        instances: [
          { a: 1, b: 2, name: ['x'] },
          { a: 0.5, b: -3, name: ['y'] },
        ],
      },
    ],
    ['inputs', { inputs: { a: [1, 0.5], b: [2, -3], name: [['x'], ['y']], more: 1 } }],
  ])('%s', async (_name, body) => {
    const reply = await invoke(body);
    expect([reply.status, reply.text]).toEqual([200, JSON.stringify({ predictions: echoed })]);
    const id = reply.headers.get('x-prediction-id') ?? '';
    const logged = await server.call('GET', `/api/serving/predictions/${id}:0`);
    expect([logged.status, logged.body.deployment]).toEqual([200, 'columns']);
  });

  test('CSV with quotes, both line ends and empty cells', async () => {
    const reply = await invoke('name,"a",b\r\n"x ""1"", two",,2\n\ny,0.5,-3', 'text/csv; charset=UTF-8');
    expect(JSON.parse(reply.text)).toEqual({
      predictions: [
        { a_out: null, b_out: 2, name_out: 'x "1", two' },
        { a_out: 0.5, b_out: -3, name_out: 'y' },
      ],
    });
    expect(parseCsv('a,\n"b\n",c,')).toEqual([
      ['a', ''],
      ['b\n', 'c', ''],
    ]);
  });

  test('a model of one matrix takes frames and tensors; integers beyond doubles stay exact', async () => {
    const path = '/invocations';
    const frame = await invoke({ dataframe_split: { columns: ['p', 'q'], data: [[1, 2]] } }, undefined, path);
    const tensor = await invoke({ inputs: [[1, 2]] }, undefined, path);
    expect(frame.status).toBe(200);
    expect(tensor.text).toBe(frame.text);
    const csv = await invoke('a,b,name\n1,9223372036854775807,x\n', 'text/csv');
    expect(csv.text).toContain('"b_out":9223372036854775807');
  });
});

const row = { a: 1, b: 2, name: 'secret-of-the-caller' };

describe('what is refused', () => {
  test.each([
    ['no JSON', '{', 'BAD_REQUEST'],
    ['a list', [row], 'BAD_REQUEST'],
    ['no form', { data: [row] }, 'BAD_REQUEST'],
    ['two forms', { inputs: [row], instances: [row] }, 'BAD_REQUEST'],
    ['a chat', { messages: [{ role: 'user', content: 'hi' }] }, 'BAD_REQUEST'],
    ['no rows', { dataframe_split: { columns: ['a', 'b', 'name'], data: [] } }, 'INVALID_PARAMETER_VALUE'],
    ['a ragged frame', { dataframe_split: { columns: ['a', 'b'], data: [[1]] } }, 'BAD_REQUEST'],
    ['a column twice', { dataframe_split: { columns: ['a', 'a'], data: [[1, 2]] } }, 'BAD_REQUEST'],
    ['a missing column', { dataframe_records: [{ a: 1, b: 2 }] }, 'INVALID_PARAMETER_VALUE'],
    ['a wrong count without names', { dataframe_split: { data: [[1, 2]] } }, 'INVALID_PARAMETER_VALUE'],
    [
      'a text for a number',
      { dataframe_records: [{ ...row, a: 'secret-of-the-caller' }] },
      'INVALID_PARAMETER_VALUE',
    ],
    ['a fraction for an integer', { dataframe_records: [{ ...row, b: 1.5 }] }, 'INVALID_PARAMETER_VALUE'],
    ['nothing for an integer', { dataframe_records: [{ ...row, b: null }] }, 'INVALID_PARAMETER_VALUE'],
    ['an object in a cell', { dataframe_records: [{ ...row, a: { b: 1 } }] }, 'INVALID_PARAMETER_VALUE'],
    ['columns of unequal length', { inputs: { a: [1], b: [1, 2], name: ['x'] } }, 'INVALID_PARAMETER_VALUE'],
    ['params that are no object', { inputs: [row], params: [1] }, 'INVALID_PARAMETER_VALUE'],
    ['a nested param', { inputs: [row], params: { event_time: {} } }, 'INVALID_PARAMETER_VALUE'],
    ['a bad event time', { inputs: [row], params: { event_time: 'noon' } }, 'INVALID_PARAMETER_VALUE'],
  ])('%s', async (_name, body, code) => {
    const reply = await invoke(body);
    expect([reply.status, JSON.parse(reply.text).error_code]).toEqual([400, code]);
    expect(reply.text).not.toMatch(/secret|\.ts:|stack/);
  });

  test('content types, CSVs, and names that are not there', async () => {
    for (const type of ['text/xml', 'application/json; charset=latin-1', 'application/json; v=2']) {
      const reply = await invoke({ inputs: [row] }, type);
      expect([reply.status, reply.headers.get('content-type')]).toEqual([415, 'text/plain; charset=utf-8']);
    }
    for (const csv of [
      '',
      'a,b,name',
      'a,b,name\n1,2',
      'a,b,name\n1,2,"x',
      'a,b,name\nsecret,2,x',
      'a,b\n1,2',
    ]) {
      const reply = await invoke(csv, 'text/csv');
      expect([csv, reply.status]).toEqual([csv, 400]);
      expect(reply.text).not.toContain('secret');
    }
    const lost = await invoke({ inputs: [row] }, undefined, '/deployments/nobody/invocations');
    expect([lost.status, JSON.parse(lost.text).error_code]).toEqual([404, 'RESOURCE_DOES_NOT_EXIST']);
    expect((await fetch(`${server.url}/deployments/nobody/ping`)).status).toBe(404);
    expect((await fetch(`${server.url}/deployments/m/health`)).status).toBe(200);
    expect((await fetch(`${server.url}/ping`)).status).toBe(200);
  });

  test('without a default, the bare path serves the only deployment and no other', async () => {
    const other = await startServing();
    try {
      const ask = () => other.call('POST', '/invocations', { inputs: [[1, 2]] });
      expect((await fetch(`${other.url}/ping`)).status).toBe(404);
      expect((await ask()).status).toBe(404);
      for (const name of ['one', 'two']) {
        await other.registry.add(other.platform, name, logisticModel({ weights: [1, 2] }));
        await other.call('POST', `/api/serving/deployments/${name}/deploy`, {});
        expect((await ask()).status).toBe(name === 'one' ? 200 : 404);
      }
    } finally {
      await other.close();
    }
  });
});

test.skipIf(!hasPython('mlflow', 'pandas', 'numpy'))(
  'the unmodified MLflow scoring client does its work',
  async () => {
    const { hostname, port } = new URL(server.url);
    const program = new URL('./mlflow_client.py', import.meta.url).pathname;
    expect((await runPython(program, hostname, port)).trim()).toBe('fine');
  },
);
