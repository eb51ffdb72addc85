import { InferenceSession } from 'onnxruntime-node';
import { afterAll, expect, test } from 'vitest';
import { logisticModel } from './models.ts';
import { startServing } from './serving-server.ts';

// Every session of this process is counted: a model that is not let go is one too many for good.
let sessions = 0;
const { create } = InferenceSession;
InferenceSession.create = (async (...given: Parameters<typeof create>) => {
  const session = await create(...given);
  const { release } = session;
  sessions++;
  session.release = () => {
    sessions--;
    return release.call(session);
  };
  return session;
}) as typeof create;
afterAll(() => {
  InferenceSession.create = create;
});

const deployments = '/api/serving/deployments';
const immediate = { rollout: { strategy: 'immediate' } };

test('forty-two rounds of deploy, rollback and removal leave as many models, processes, logs and meters as a few', async () => {
  const server = await startServing();
  const { registry, platform, domains } = server;
  const must = async (method: string, path: string, body?: unknown) => {
    const reply = await server.call(method, path, body);
    expect(reply.status, `${method} ${path}: ${JSON.stringify(reply.body)}`).toBeLessThan(300);
  };
  const round = async (i: number) => {
    // Another time limit makes another revision of the same model.
    const placement = i % 20 === 19 ? 'process' : i % 10 === 9 ? 'worker' : 'inline';
    const runtime = { placement, timeoutMs: 1000 + i };
    await must('PUT', `${deployments}/m`, { model: 'm', ...immediate, runtime });
    await must('POST', `${deployments}/m/deploy`, { model: `m:${1 + (i % 2)}` });
    expect((await server.infer('m', [[1]])).status).toBe(200);
    if (i % 3 === 2) await must('POST', `${deployments}/m/rollback`, { reason: 'the other way' });
    const fallback = { constant: { probability: 0.5 } };
    await must('PUT', `${deployments}/d${i}`, { model: 'm', ...immediate, fallback });
    await must('POST', `${deployments}/d${i}/deploy`, { model: 'm:1' });
    expect((await server.infer(`d${i}`, [[1]])).status).toBe(200);
    await must('DELETE', `${deployments}/d${i}`);
  };
  const counts = () => {
    const { openLogs } = domains.serving.stats();
    const processes = process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length;
    return { sessions, processes, openLogs, routes: domains.serving.liveRoutes().length };
  };
  try {
    for (const bias of [0, 1]) await registry.add(platform, 'm', logisticModel({ weights: [1], bias }));
    for (let i = 0; i < 3; i++) await round(i);
    const few = { sessions: 2, processes: 0, openLogs: 1, routes: 1 };
    // What was replaced is let go once the requests that may hold it are over.
    await expect.poll(counts, { timeout: 60_000, interval: 250 }).toEqual(few);
    for (let i = 3; i < 42; i++) await round(i);
    await expect.poll(counts, { timeout: 60_000, interval: 250 }).toEqual(few);
    // Two that serve, sixteen former ones, and all others as one.
    expect(domains.serving.meters()).toHaveLength(19);
    const { body } = await server.call('GET', `${deployments}/m`);
    expect(body.traffic.requests).toBe(42);
  } finally {
    await server.close();
  }
  expect(sessions).toBe(0);
}, 600_000);

test('a deploy whose start is not written leaves no model behind, and the next one goes in', async () => {
  const server = await startServing();
  const { registry, platform } = server;
  const before = sessions;
  const deploy = () => server.call('POST', `${deployments}/m/deploy`, { model: 'm:1' });
  try {
    await registry.add(platform, 'm', logisticModel({ weights: [1] }));
    await server.call('PUT', `${deployments}/m`, { model: 'm', ...immediate });
    const { setAlias } = registry;
    registry.setAlias = () => Promise.reject(new Error('The database is away.'));
    expect((await deploy()).status).toBe(500);
    expect(sessions).toBe(before);
    registry.setAlias = setAlias;
    await expect.poll(async () => (await deploy()).status, { timeout: 30_000 }).toBe(200);
    expect((await server.infer('m', [[1]])).status).toBe(200);
    const { items } = (await server.call('GET', `${deployments}/m/rollouts`)).body;
    expect(items.map((one: { state: string }) => one.state)).toEqual(['promoted', 'aborted']);
  } finally {
    await server.close();
  }
}, 60_000);
