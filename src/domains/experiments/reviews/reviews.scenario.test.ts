import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPostgresDatabase, describeOnEachDatabase } from '../../../../test/databases.ts';
import { type CallServer, startTestServer, type TestServer } from '../../../../test/server.ts';
import { createExperimentsDomain } from '../index.ts';
import { tracking } from '../tracking.door.ts';

const build = (platform: Parameters<Parameters<typeof startTestServer>[0]>[0]) => ({
  experiments: createExperimentsDomain(platform),
});
const trace = (number: number) => `tr-${number.toString(16).padStart(32, '0')}`;

describeOnEachDatabase('reviews over HTTP', (_open, dialect) => {
  let server: TestServer<ReturnType<typeof build>>;
  let drop = async () => {};
  let viewer: string;
  let experimentId: number;
  const scope = () => server.platform.systemScope('user:test');
  beforeAll(async () => {
    const database = dialect === 'postgres' ? await createPostgresDatabase() : null;
    if (database) drop = database.drop;
    server = await startTestServer(build, { ...(database && { database: database.url }) });
    await server.client.post('/api/auth/users', { id: 'viewer', roles: ['viewer'] });
    viewer = (await server.client.post<{ token: string }>('/api/auth/users/viewer/tokens', {})).token;
    experimentId = await tracking.createExperiment(scope(), { name: 'judged' });
    for (const number of [1, 2, 3]) {
      await tracking.recordTrace(scope(), {
        id: trace(number),
        experimentId,
        clientRequestId: null,
        requestedAt: 1_700_000_000_000 + number,
        durationMs: 5,
        state: 'OK',
        info: { request_preview: `"q${number}"` },
        tags: { 'mlflow.traceName': 'answer' },
        metadata: {},
      });
    }
  });
  afterAll(async () => {
    await server?.close();
    await drop();
  });
  const call: CallServer = (...args) => server.call(...args);
  const queueOf = async (name: string, schemaIds: string[] = []) =>
    tracking.reviewQueues.createReviewQueue(scope(), {
      experimentId,
      name,
      type: 'custom',
      users: ['Ann'],
      schemaIds,
      createdBy: null,
    });

  it('shows questions, queues and issues, and moves a review and an issue on', async () => {
    const question = await tracking.labelSchemas.createLabelSchema(scope(), {
      experimentId,
      name: 'right',
      type: 'feedback',
      instruction: null,
      comments: false,
      input: { kind: 'pass_fail', positive: 'Yes', negative: 'No' },
    });
    const queue = await queueOf('Week', [question.id]);
    await tracking.reviewQueues.addReviewItems(scope(), queue.id, [trace(1), trace(2), 'tr-gone']);
    const issue = await tracking.issues.createIssue(scope(), {
      experimentId,
      name: 'invents',
      description: '',
      status: 'pending',
      severity: 'high',
      rootCauses: [],
      categories: [],
      sourceRunId: null,
      createdBy: null,
    });
    const path = `/api/experiments/reviews/${queue.id}/items`;
    const done = await call('PUT', `${path}/${trace(1)}`, { status: 'complete' });
    expect(done).toMatchObject({ status: 200, body: { status: 'complete', completedBy: 'local' } });
    expect(await call('GET', path)).toMatchObject({
      body: {
        items: [
          { trace: trace(1), status: 'complete', about: { name: 'answer', request: '"q1"', assessments: 0 } },
          { trace: trace(2), status: 'pending', completedBy: null },
          { trace: 'tr-gone', about: null },
        ],
      },
    });
    const resolved = await call('PUT', `/api/experiments/issues/${issue.id}/status`, { status: 'resolved' });
    expect(resolved).toMatchObject({ status: 200, body: { name: 'invents', status: 'resolved' } });
    expect(await call('GET', '/api/experiments/judged/reviews')).toMatchObject({
      body: {
        questions: [
          { name: 'right', answer: 'Yes or No', isDefault: false },
          { name: 'Feedback', answer: 'a text', isDefault: true },
        ],
        queues: [
          { name: 'Week', users: ['ann'], questions: ['right'], pending: 2, complete: 1, declined: 0 },
        ],
        issues: [{ name: 'invents', severity: 'high', status: 'resolved', traces: 0 }],
      },
    });
    const types = (
      await server.client.get<{ items: { type: string }[] }>('/api/ledger/events', { limit: 100 })
    ).items;
    for (const type of ['label_schema.created', 'review_queue.created', 'issue.created', 'issue.updated']) {
      expect(types.map((event) => event.type)).toContain(`experiments.${type}`);
    }
  });

  it('finds an experiment by the longest of names', async () => {
    const name = 'Ω/ '.repeat(166);
    await tracking.createExperiment(scope(), { name });
    const reply = await call('GET', `/api/experiments/${encodeURIComponent(name)}/reviews`);
    expect(reply).toMatchObject({ status: 200, body: { queues: [], questions: [{ name: 'Feedback' }] } });
  });

  it('lets readers look and no more', async () => {
    const queue = await queueOf('Guarded');
    await tracking.reviewQueues.addReviewItems(scope(), queue.id, [trace(3)]);
    const path = `/api/experiments/reviews/${queue.id}/items`;
    expect((await call('GET', path, undefined, viewer)).status).toBe(200);
    expect((await call('PUT', `${path}/${trace(3)}`, { status: 'complete' }, viewer)).status).toBe(403);
    expect(
      (await call('PUT', '/api/experiments/issues/iss-1/status', { status: 'resolved' }, viewer)).status,
    ).toBe(403);
  });

  it('says what is not there, and what is nonsense', async () => {
    const queue = await queueOf('Empty');
    const path = `/api/experiments/reviews/${queue.id}/items`;
    expect((await call('PUT', `${path}/${trace(1)}`, { status: 'complete' })).status).toBe(404);
    expect((await call('PUT', `${path}/${trace(1)}`, { status: 'perhaps' })).status).toBe(400);
    expect((await call('GET', '/api/experiments/reviews/rq-none/items')).status).toBe(404);
    expect((await call('GET', '/api/experiments/none/reviews')).status).toBe(404);
    expect(
      (await call('PUT', '/api/experiments/issues/iss-none/status', { status: 'resolved' })).status,
    ).toBe(404);
  });

  it('keeps one queue of a name and one of a user, whoever asks at the same time', async () => {
    const asked = await Promise.allSettled(['Same', 'same', 'SAME', 'sAme'].map((name) => queueOf(name)));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const users = await Promise.all(
      ['Bob', 'bob ', 'BOB'].map((user) => tracking.reviewQueues.userQueue(scope(), experimentId, user)),
    );
    expect(new Set(users.map(({ id }) => id)).size).toBe(1);
    const same = await queueOf('Other');
    await expect(
      tracking.reviewQueues.updateReviewQueue(scope(), same.id, { name: 'SAME' }),
    ).rejects.toMatchObject({ code: 'experiments.review_queue.exists' });
    await expect(tracking.reviewQueues.userQueue(scope(), experimentId, 'same')).rejects.toMatchObject({
      code: 'experiments.review_queue.exists',
    });
  });

  it('lets the first reviewer keep the word, and drops what is deleted', async () => {
    const queue = await queueOf('Twice');
    await tracking.reviewQueues.addReviewItems(scope(), queue.id, [trace(2), trace(3)]);
    const end = (by: string) =>
      tracking.reviewQueues.setReviewStatus(scope(), queue.id, trace(2), { status: 'complete', by });
    const all = await Promise.all([end('ann'), end('bob'), end('cleo')]);
    expect(new Set(all.map(({ completedBy }) => completedBy)).size).toBe(1);
    await tracking.deleteTraces(scope(), experimentId, { ids: [trace(3)] });
    const { items } = await tracking.reviewQueues.listReviewItems(scope(), queue.id, { limit: 10 });
    expect(items.map(({ traceId }) => traceId)).toEqual([trace(2)]);
  });
});
