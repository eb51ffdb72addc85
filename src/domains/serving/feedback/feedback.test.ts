import { expect, test } from 'vitest';
import { people, peopleRequest } from '../../../../test/serving/feature-service.ts';
import { logisticModel } from '../../../../test/serving/models.ts';
import { startServing } from '../../../../test/serving/serving-server.ts';

type Server = Awaited<ReturnType<typeof startServing>>;

async function serve(spec: object, dataDir?: string): Promise<Server> {
  const server = await startServing({ features: people, ...(dataDir !== undefined && { dataDir }) });
  await server.registry.add(server.platform, 'm', logisticModel({ weights: [1, 0] }), 'people@bbbbbbbbbbbb');
  await server.call('PUT', '/api/serving/deployments/m', { model: 'm', ...spec });
  await server.call('POST', '/api/serving/deployments/m/deploy', { model: 'm:1' });
  return server;
}

const ask = (server: Server, customers: string[], id: string, time: string) =>
  server.call(
    'POST',
    '/v2/models/m/infer',
    peopleRequest(
      customers.map((customer) => ({ customer, email: 'e', x: 1 })),
      { id, time },
    ),
  );
const tell = (server: Server, body: object) => server.call('POST', '/api/serving/feedback', body);
const read = async (server: Server, id: string) =>
  (await server.call('GET', `/api/serving/predictions/${id}`)).body;

test.each([{}, { recording: { fields: { customer: 'hash' } } }])(
  'an outcome by entity goes to its newest prediction at that time, within the window (%o)',
  async (recording) => {
    const server = await serve({ entity: ['customer'], ...recording });
    try {
      await ask(server, ['ann'], 'a1', '2026-01-01T00:00:00Z');
      await ask(server, ['bob', 'ann'], 'ab', '2026-01-02T00:00:00Z');
      await ask(server, ['ann'], 'a3', '2026-01-05T00:00:00Z');
      const told = await tell(server, {
        deployment: 'm',
        windowHours: 72,
        items: [
          { entity: { customer: 'ann' }, time: '2026-01-01T12:00:00Z', value: 1 },
          { entity: { customer: 'ann' }, time: '2026-01-04T00:00:00Z', value: 0, reward: -2.5 },
          { entity: { customer: 'ann' }, time: '2025-12-31T00:00:00Z', value: 1 },
          { entity: { customer: 'bob' }, time: '2026-01-20T00:00:00Z', value: 1 },
          { entity: { customer: 'zoe' }, time: '2026-01-20T00:00:00Z', value: 1 },
          { id: 'a3', reward: 7 },
        ],
      });
      expect(told.body).toEqual({
        accepted: 3,
        unknown: ['customer=ann', 'customer=bob', 'customer=zoe'],
        unsampled: [],
        matched: [
          { item: 0, id: 'a1' },
          { item: 1, id: 'ab:1' },
        ],
      });
      expect(await read(server, 'a1')).toMatchObject({ label: 1, reward: null });
      expect(await read(server, 'ab:1')).toMatchObject({ label: 0, reward: -2.5 });
      expect(await read(server, 'ab:0')).toMatchObject({ label: null });
      expect(await read(server, 'a3')).toMatchObject({ label: null, reward: 7 });
    } finally {
      await server.close();
    }
  },
);

test('the newest word counts, each for itself; every word stays to be read', async () => {
  const server = await serve({});
  try {
    await ask(server, ['ann'], 'a', '2026-01-01T00:00:00Z');
    for (const word of [{ value: 1 }, { reward: 3 }, { value: 0 }, { value: true, reward: 4 }])
      await tell(server, { items: [{ id: 'a', ...word }] });
    expect(await read(server, 'a')).toMatchObject({ label: 1, reward: 4 });
    const history = await server.call('GET', '/api/serving/predictions/a/feedback');
    expect(
      history.body.items.map(({ value, reward }: { value: number; reward: number }) => [value, reward]),
    ).toEqual([
      [1, 4],
      [0, null],
      [null, 3],
      [1, null],
    ]);
    expect((await server.call('GET', '/api/serving/predictions/none/feedback')).status).toBe(404);
  } finally {
    await server.close();
  }
});

test('wrong items are refused with a sentence, and nothing of them counts', async () => {
  const server = await serve({ entity: ['customer'] });
  try {
    await ask(server, ['ann'], 'a', '2026-01-01T00:00:00Z');
    for (const [item, message] of [
      [{ value: 1 }, /either the id .* or an entity/],
      [{ id: 'a', entity: { customer: 'ann' }, value: 1 }, /either the id/],
      [{ id: 'a' }, /neither a value nor a reward/],
      [{ entity: { customer: 'ann' }, value: 1 }, /needs a deployment/],
      [{ entity: { email: 'e' }, deployment: 'm', value: 1 }, /entity of m is customer/],
    ] as const) {
      const told = await tell(server, { items: [{ id: 'a', value: 1 }, item] });
      expect(told).toMatchObject({
        status: 422,
        body: { error: { code: 'serving.feedback.invalid', message: expect.stringMatching(message) } },
      });
    }
    expect(
      (await tell(server, { deployment: 'nobody', items: [{ entity: { customer: 'a' }, value: 1 }] })).status,
    ).toBe(404);
    expect(await read(server, 'a')).toMatchObject({ label: null });
  } finally {
    await server.close();
  }
});

test('files of each form are taken; what finds no prediction is counted', async () => {
  const server = await serve({ entity: ['customer'] });
  const send = async (type: string, payload: string | Buffer, query = '') =>
    (
      await server.app.inject({
        method: 'POST',
        url: `/api/serving/feedback/files${query}`,
        headers: { 'content-type': type },
        payload,
      })
    ).json();
  try {
    for (const [id, who] of [
      ['a', '007'],
      ['b', 'bob'],
      ['c', 'cat'],
    ])
      await ask(server, [who], id, '2026-01-01T00:00:00Z');
    expect(await send('text/csv', 'id,value,reward,time\na,true,,2026-01-02\nnone,1,2,\n')).toEqual({
      rows: 2,
      accepted: 1,
      unknown: 1,
      unsampled: 0,
      examples: ['none'],
    });
    // Leading zeros are part of a name.
    expect(await send('text/csv', 'customer,label,time\n007,0,2026-01-02\n', '?deployment=m')).toMatchObject({
      accepted: 1,
    });
    expect(await read(server, 'a')).toMatchObject({ label: 0 });
    expect(
      await send('application/x-ndjson', '{"id":"b","reward":1.5}\n{"id":"c","value":1}\n'),
    ).toMatchObject({ rows: 2, accepted: 2 });
    const path = `${server.platform.config.dataDir}/given.parquet`;
    await server.platform.tables.run(
      `COPY (SELECT 'c' AS id, 0 AS value, TIMESTAMP '2026-01-03' AS time) TO '${path}' (FORMAT parquet)`,
    );
    const { readFileSync } = await import('node:fs');
    expect(await send('application/vnd.apache.parquet', readFileSync(path))).toMatchObject({
      rows: 1,
      accepted: 1,
    });
    expect(await read(server, 'c')).toMatchObject({ label: 0 });
    expect(await read(server, 'b')).toMatchObject({ label: null, reward: 1.5 });
    expect((await send('text/csv', 'name,value\nx,1\n')).error.message).toMatch(/it needs "id"/);
    expect((await send('text/csv', 'id,value\na,much\n')).error.message).toMatch(/Row 1 .* no number/);
    expect((await send('application/vnd.apache.parquet', Buffer.from('no'))).error.code).toBe(
      'serving.feedback.invalid',
    );
  } finally {
    await server.close();
  }
});
