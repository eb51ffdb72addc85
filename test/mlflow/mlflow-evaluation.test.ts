import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPostgresDatabase, describeOnEachDatabase } from '../databases.ts';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { send } from './send.ts';

describeOnEachDatabase('evaluation datasets, scorers and webhooks on the wire', (_open, dialect) => {
  let own: TestHouston;
  let drop = async () => {};
  beforeAll(async () => {
    const database = dialect === 'postgres' ? await createPostgresDatabase() : null;
    if (database) drop = database.drop;
    own = await startTestHouston({ ...(database && { database: database.url }) });
  });
  afterAll(async () => {
    await own?.end();
    await drop();
  });
  const call = (method: string, path: string, body?: object) =>
    send(own.url, method, path, body && JSON.stringify(body));
  const make = async () => {
    const reply = await call('POST', '/api/3.0/mlflow/datasets/create', { name: 'd' });
    return (reply.json.dataset as { dataset_id: string }).dataset_id;
  };

  it('keeps one record of the same inputs, whoever writes at the same time', async () => {
    const path = `/api/3.0/mlflow/datasets/${await make()}/records`;
    const records = JSON.stringify(
      Array.from({ length: 700 }, (_, i) => ({ inputs: { b: i % 600, a: { y: 1, x: 2 } } })),
    );
    const replies = await Promise.all(Array.from({ length: 4 }, () => call('POST', path, { records })));
    const inserted = replies.map(({ json }) => json.inserted_count as number);
    expect(inserted.reduce((sum, one) => sum + one, 0)).toBe(600);
    const first = await call('GET', `${path}?max_results=599`);
    const token = encodeURIComponent(String(first.json.next_page_token));
    const second = await call('GET', `${path}?max_results=599&page_token=${token}`);
    const all = [first, second].flatMap(
      ({ json }) => JSON.parse(String(json.records)) as { inputs: { b: number } }[],
    );
    expect(all.map(({ inputs }) => inputs.b)).toEqual(Array.from({ length: 600 }, (_, i) => i));
    expect(second.json.next_page_token).toBeUndefined();
  });

  it('answers nonsense with 4xx', async () => {
    const id = await make();
    const path = `/api/3.0/mlflow/datasets/${id}/records`;
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    for (const records of [
      '',
      '{',
      '{}',
      '[1]',
      '[{"inputs":[]}]',
      '[{"tags":7}]',
      '[{"inputs":{"__proto__":1}}]',
      deep,
    ]) {
      expect((await call('POST', path, { records })).status, records.slice(0, 40)).toBe(400);
    }
    expect((await call('POST', path, { records: '[{"inputs":{"a":"\\ud800"}}]' })).status).toBe(400);
    const cases: [string, string, object?][] = [
      ['GET', `${path}?page_token=nonsense`],
      ['GET', `${path}?max_results=-1`],
      ['PATCH', `/api/3.0/mlflow/datasets/${id}/tags`, { tags: '[1]' }],
      ['POST', '/api/3.0/mlflow/datasets/create', { name: 'x', experiment_ids: ['nope'] }],
      ['POST', '/api/3.0/mlflow/datasets/create', { name: ' ' }],
      ['POST', '/api/3.0/mlflow/datasets/search', { filter_string: 'secret = 1' }],
      ['POST', '/api/3.0/mlflow/scorers/register', { experiment_id: '0', name: 'x', serialized_scorer: '{' }],
      ['POST', '/api/2.0/mlflow/webhooks', { name: 'x', url: 'https://example.com/' }],
      [
        'POST',
        '/api/2.0/mlflow/webhooks',
        { name: 'x', url: 'https://example.com/', events: [{ entity: 'PROMPT', action: 'UPDATED' }] },
      ],
      [
        'POST',
        '/api/2.0/mlflow/webhooks',
        { name: 'x', url: 'https://example.com/', events: [{ entity: 5, action: 1 }] },
      ],
    ];
    for (const [method, at, body] of cases) expect((await call(method, at, body)).status, at).toBe(400);
    const missing: [string, string, object?][] = [
      ['GET', '/api/3.0/mlflow/datasets/d-0'],
      ['POST', '/api/3.0/mlflow/datasets/d-0/records', { records: '[]' }],
      ['POST', '/api/3.0/mlflow/datasets/create', { name: 'x', experiment_ids: ['777'] }],
      ['GET', '/api/3.0/mlflow/scorers/get?experiment_id=0&name=none'],
      ['GET', '/api/2.0/mlflow/webhooks/hook_none'],
      ['POST', '/api/2.0/mlflow/webhooks/hook_none/test', {}],
    ];
    for (const [method, at, body] of missing) expect((await call(method, at, body)).status, at).toBe(404);
  });
});
