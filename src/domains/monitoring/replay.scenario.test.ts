import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../../test/eventually.ts';
import { startTestServer } from '../../../test/server.ts';
import { logisticModel } from '../../../test/serving/models.ts';
import { createTestRegistry } from '../../../test/serving/serving-server.ts';
import { createRandom } from '../../math/random.ts';
import type { HoustonApp } from '../../platform/http/app.ts';
import { createLogger } from '../../platform/log.ts';
import { openInferenceRoutes } from '../../protocols/open-inference/index.ts';
import { createServingDomain } from '../serving/index.ts';
import { createMonitoringDomain } from './index.ts';
import { dayMs, firstDay } from './testing/synthetic-traffic.ts';

const registry = Object.assign(createTestRegistry(), { latestEvaluation: async () => undefined });
const start = () =>
  startTestServer((platform) => {
    const serving = createServingDomain(platform, { registry, features: null });
    const monitoring = createMonitoringDomain(platform, { serving, registry });
    const protocols = {
      name: 'protocols',
      routes: async (app: HoustonApp) =>
        void (await app.register(openInferenceRoutes(serving, createLogger('error')))),
    };
    return { serving, monitoring, protocols };
  });
let server: Awaited<ReturnType<typeof start>>;

beforeAll(async () => {
  server = await start();
});
afterAll(() => server.close());

async function post(path: string, body: unknown) {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.ok).toBe(true);
  return (await response.json()) as { id: string; outputs: { data: number[] }[] };
}

/** A day of requests in order of event time, each with its outcomes as feedback; `hidden` is unknown to the model. */
async function replayDay(day: number, hidden: number) {
  const random = createRandom(day + 1);
  const rows = 10;
  for (let slot = 0; slot < 48; slot++) {
    const xs = Array.from({ length: rows }, () => random.normal());
    const reply = await post('/v2/models/late/infer', {
      parameters: { event_time: firstDay + day * dayMs + slot * 1_800_000 },
      inputs: [{ name: 'features', datatype: 'FP32', shape: [rows, 1], data: xs }],
    });
    const items = xs.map((x, i) => ({
      id: `${reply.id}:${i}`,
      value: random.next() < 1 / (1 + Math.exp(-(x - 1.2 + hidden))),
    }));
    await post('/api/serving/feedback', { items });
  }
}

it('watches what is served: windows from the prediction log, an incident when outcomes turn', async () => {
  const { platform, domains } = server;
  const scope = platform.systemScope('system:test');
  await registry.add(platform, 'late', logisticModel({ weights: [1], bias: -1.2 }));
  await domains.serving.deploy(scope, 'late', { model: 'late' });
  await server.reactors.settled();
  expect(await domains.monitoring.getMonitor(scope, 'late')).toMatchObject({ state: 'no data' });
  for (let day = 0; day < 15; day++) await replayDay(day, day < 10 ? 0 : 1.2);

  const incidents = await eventually(async () => {
    const found = await domains.monitoring.listIncidents(scope);
    expect(found).not.toEqual([]);
    return found;
  });
  expect(incidents).toMatchObject([{ deployment: 'late', severity: 'page', model: 'late', version: 1 }]);
  expect((incidents[0].window - firstDay) / dayMs).toBe(11);
  const windows = await eventually(async () => {
    const found = await domains.monitoring.listWindows(scope, 'late');
    expect(found).toHaveLength(14);
    return found;
  });
  expect(windows.every(({ rows, labelled }) => rows === 480 && labelled === 480)).toBe(true);
  expect(await domains.monitoring.getMonitor(scope, 'late')).toMatchObject({
    state: 'failing',
    reference: { source: 'live' },
  });
}, 400_000);
