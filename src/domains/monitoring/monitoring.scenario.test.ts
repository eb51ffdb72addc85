import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../../../test/server.ts';
import { record } from '../../platform/ledger/index.ts';
import { transact } from '../../platform/scope.ts';
import { createMonitoringDomain, type MonitoringDomain } from './index.ts';
import { createTraffic, type Day } from './testing/synthetic-traffic.ts';

const days: Day[] = [
  ...Array.from({ length: 12 }, () => ({})),
  ...Array.from({ length: 5 }, () => ({ decay: 1 })),
];

type Item = {
  id: string;
  start: string;
  phase: string;
  state: string;
  rows: number;
  rule: string;
  reason: string;
  performance: Record<string, { flag: boolean }>;
  drift: { feature: string }[];
};

/** Every field that some reply has. */
type Body = {
  items: Item[];
  error: { code: string };
  labels: string[];
  reference: number[];
  current: number[];
  contributions: number[];
  figure: { feature: string; effect: number };
  features: Record<string, unknown>;
  timeline: { type: string }[];
};

describe('monitoring over HTTP', () => {
  let server: Awaited<ReturnType<typeof startTestServer<{ monitoring: MonitoringDomain }>>>;
  const get = async (path: string) => {
    const response = await fetch(`${server.url}/api/monitoring${path}`);
    return { status: response.status, body: (await response.json()) as Body };
  };
  const send = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${server.url}/api/monitoring${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    return { status: response.status, body: (await response.json()) as Body };
  };

  beforeAll(async () => {
    // The door reads the traffic of the platform that the server makes.
    let traffic: Awaited<ReturnType<typeof createTraffic>> | undefined;
    const late = <K extends 'serving' | 'registry'>(name: K) =>
      new Proxy({} as Awaited<ReturnType<typeof createTraffic>>[K], {
        get: (_target, key) => {
          if (key === 'meters') return () => [];
          if (key === 'listDeployments') return async () => [];
          return Reflect.get((traffic as NonNullable<typeof traffic>)[name], key);
        },
      });
    server = await startTestServer((platform) => ({
      monitoring: createMonitoringDomain(platform, { serving: late('serving'), registry: late('registry') }),
    }));
    traffic = await createTraffic(server.platform, days, 11);
    const scope = server.platform.systemScope('system:test');
    await transact(scope, (tx) =>
      record(tx, {
        type: 'serving.deployment.created',
        subject: 'deployment:flights',
        data: { deployment: 'flights' },
      }),
    );
    await server.reactors.settled();
    await server.domains.monitoring.evaluate(scope, 'flights');
  });
  afterAll(() => server.close());

  it('gives every deployment a monitor with safe defaults', async () => {
    const { status, body } = await get('/monitors');
    expect(status).toBe(200);
    expect(body.items).toHaveLength(1);
    expect(body.items[0]).toMatchObject({
      deployment: 'flights',
      state: 'failing',
      settings: { window: 86_400_000, alpha: 0.01, persistence: { windows: 2, of: 3 } },
      reference: { source: 'live', version: 1 },
    });
    expect(body.items[0].reason).toContain('beyond its limit');
  });

  it('shows windows with drift by feature and performance with limits', async () => {
    const { status, body } = await get('/monitors/flights/windows');
    expect(status).toBe(200);
    const last = body.items.findLast((window) => window.phase === 'final');
    expect(Object.keys(last?.performance ?? {})[0]).toBe('logLoss');
    expect(last).toMatchObject({ state: 'degraded', model: 'delay', version: 1, coverage: 1 });
    expect(last?.performance.calibrationGap.flag).toBe(true);
    expect(last?.drift.map((one) => one.feature)).toEqual(['delay', 'noise']);
    const some = await get(`/monitors/flights/windows?from=${body.items[3].start}&to=${body.items[5].start}`);
    expect(some.body.items).toHaveLength(2);
    expect((await get('/monitors/flights/windows?from=yesterday')).status).toBe(400);
  });

  it('gives the newest windows of all deployments in short', async () => {
    const whole = await get('/monitors/flights/windows');
    const { status, body } = await get('/windows?newest=3');
    expect(status).toBe(200);
    expect(body.items).toEqual([
      {
        deployment: 'flights',
        windows: whole.body.items
          .slice(-3)
          .map(({ start, state, reason, rows }) => ({ start, state, reason, rows })),
      },
    ]);
    expect((await get('/windows?newest=0')).status).toBe(400);
  });

  it('compares a window with the reference on the same bins', async () => {
    const { body } = await get('/monitors/flights/compare?feature=delay');
    expect(body.labels).toHaveLength(body.reference.length);
    expect(body.current).toHaveLength(body.reference.length);
    expect(body.contributions.reduce((sum, part) => sum + part)).toBeCloseTo(body.figure.effect, 10);
    expect((await get('/monitors/flights/compare?feature=score')).body.figure.feature).toBe('score');
    expect((await get('/monitors/flights/compare?feature=nothing')).body.error.code).toBe(
      'monitoring.feature.not_found',
    );
    expect(Object.keys((await get('/monitors/flights/reference')).body.features)).toEqual(['delay', 'noise']);
    expect((await get('/monitors/nobody')).body.error.code).toBe('monitoring.monitor.not_found');
  });

  it('lets a person take, comment and close an incident', async () => {
    const { body } = await get('/incidents?state=active');
    expect(body.items).toHaveLength(1);
    const path = `/incidents/${body.items[0].id}`;
    const acknowledged = await send('POST', `${path}/acknowledge`);
    expect(acknowledged.body).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'user:local' });
    expect((await send('POST', `${path}/note`, { text: 'The sensor was replaced.' })).status).toBe(201);
    expect((await send('POST', `${path}/note`, {})).status).toBe(400);
    const resolved = await send('POST', `${path}/resolve`, { reason: 'Known.' });
    expect(resolved.body).toMatchObject({ state: 'resolved', resolution: 'Known.' });
    expect(resolved.body.timeline.map((entry) => entry.type)).toEqual(
      expect.arrayContaining([
        'monitoring.performance.degraded',
        'monitoring.incident.opened',
        'monitoring.incident.acknowledged',
        'note',
        'monitoring.incident.resolved',
      ]),
    );
    expect((await send('POST', `${path}/resolve`, { reason: 'Again.' })).status).toBe(409);
    const alerts = await get('/alerts?state=firing');
    expect(alerts.body.items.map((alert) => alert.rule)).toContain('performance');
  });

  it('is tuned by settings, which are recorded and checked', async () => {
    const tuned = await send('PUT', '/monitors/flights', { window: '1d', alpha: 0.005, paused: true });
    expect(tuned.body).toMatchObject({ state: 'paused', settings: { alpha: 0.005 } });
    const wrong = await send('PUT', '/monitors/flights', { persistence: { windows: 3, of: 2 } });
    expect(wrong.body.error.code).toBe('monitoring.settings.invalid');
    expect((await send('PUT', '/monitors/flights', { window: 'daily' })).status).toBe(400);
    expect((await send('PUT', '/monitors/nobody', {})).status).toBe(404);
  });
});
