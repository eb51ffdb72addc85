import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../../../test/server.ts';
import { record } from '../../platform/ledger/index.ts';
import { transact } from '../../platform/scope.ts';
import { createMonitoringDomain, type MonitoringDomain } from '../monitoring/index.ts';
import type { Deployment } from '../serving/index.ts';
import { createInsightsDomain, type InsightsDoor, type OverviewReply } from './index.ts';
import type { InsightsNeeds } from './overview.service.ts';

const deployment: Deployment = {
  name: 'flights',
  environment: 'prod',
  spec: { model: 'delay' },
  champion: 'rev_1',
  previous: null,
  createdAt: 0,
  updatedAt: 0,
};

describe('insights over HTTP', () => {
  let server: Awaited<
    ReturnType<typeof startTestServer<{ monitoring: MonitoringDomain; insights: InsightsDoor }>>
  >;
  const read = async () => {
    const response = await fetch(`${server.url}/api/insights/overview`);
    expect(response.status).toBe(200);
    return (await response.json()) as OverviewReply;
  };

  beforeAll(async () => {
    const serving = {
      listDeployments: async () => [deployment],
      getRevision: async () => undefined,
      listRollouts: async () => [],
      meters: () => [],
      liveRoutes: () => [],
      predictionsSql: async () => 'SELECT NULL::TIMESTAMP AS event_time, NULL::TIMESTAMP AS time WHERE false',
      joinedSql: async () => '',
      hiddenFeatures: async () => [],
      listRevisions: async () => [],
    };
    const governance: InsightsNeeds['governance'] = { listApprovals: async () => [] };
    server = await startTestServer((platform) => {
      const registry = {
        countModels: async () => ({ models: 2, versions: 3 }),
        findVersion: async () => undefined,
        latestEvaluation: async () => undefined,
        profile: async () => {
          throw new Error('none');
        },
      };
      const monitoring = createMonitoringDomain(platform, { serving, registry });
      return {
        monitoring,
        insights: createInsightsDomain(platform, { serving, monitoring, registry, governance }),
      };
    });
  });
  afterAll(() => server.close());

  it('shows each deployment with its state, and counts what the ledger holds', async () => {
    const scope = server.platform.systemScope('system:test');
    await transact(scope, async (tx) => {
      await record(tx, { type: 'data.dataset.created', subject: 'dataset:x', data: { dataset: 'x' } });
      await record(tx, {
        type: 'data.version.created',
        subject: 'dataset:x@1',
        data: { dataset: 'x', version: 1, rows: 3 },
      });
    });
    const overview = await read();
    expect(overview.deployments).toMatchObject([
      {
        name: 'flights',
        state: 'no data',
        reason: 'No window has closed yet.',
        requestsPerMinute: 0,
        errorRate: null,
      },
    ]);
    expect(overview.totals).toMatchObject({ datasets: 1, deployments: 1, models: 2, versions: 3 });
    expect(overview.recent[0].sentence).toBe('Dataset x has version 1 with 3 rows.');
  });

  it('names what waits for a person, also what a reactor could not handle', async () => {
    const dead = {
      reactor: 'r',
      event_id: 'evt_1',
      seq: 1,
      attempts: 5,
      error: 'It broke\nat line 1',
      time: 1000,
    };
    await server.platform.db.insertInto('reactor_dead_letters').values(dead).execute();
    const { needsHuman } = await read();
    expect(needsHuman).toMatchObject([
      {
        kind: 'dead-letter',
        title: 'r could not handle an event: It broke',
        action: { href: '/ledger/events/evt_1' },
      },
    ]);
  });

  it('answers with less than 50 ms of work', async () => {
    await read();
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      const before = process.cpuUsage();
      await read();
      times.push(process.cpuUsage(before).user / 1000);
    }
    expect(Math.min(...times)).toBeLessThan(50);
  });
});
