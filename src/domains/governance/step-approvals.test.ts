import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPostgresDatabase, describeOnEachDatabase } from '../../../test/databases.ts';
import { eventually } from '../../../test/eventually.ts';
import { startTestServer, type TestServer } from '../../../test/server.ts';
import type { HoustonClient } from '../../client/client.ts';
import { migrate } from '../../platform/db/migrate.ts';
import type { Platform } from '../../platform/platform.ts';
import { createExperimentsDomain } from '../experiments/index.ts';
import { createPipelinesDomain } from '../pipelines/index.ts';
import { createRegistryDomain } from '../registry/index.ts';
import { expireApproval, getApproval } from './approvals.service.ts';
import { governanceMigrations } from './governance.tables.ts';
import { createGovernanceDomain } from './index.ts';

function build(platform: Platform) {
  const experiments = createExperimentsDomain(platform);
  const registry = createRegistryDomain(platform, { experiments });
  const pipelines = createPipelinesDomain(platform);
  const governance = createGovernanceDomain(platform, { registry });
  pipelines.connectApprovals(governance.approvals);
  return { experiments, registry, pipelines, governance };
}

type Run = { id: string; state: string; reason: string | null; steps: Step[] };
type Step = { key: string; state: string; awaiting: string | null; outputs: Record<string, unknown> | null };
type Approval = { id: string; kind: string; state: string; requester: string };

const shipping = {
  jobs: {
    ask: { uses: 'pipelines/approval', with: { question: 'Ship it?', subject: 'dataset:flights@3' } },
    go: {
      needs: 'ask',
      if: '${{ jobs.ask.outputs.approved }}',
      uses: 'pipelines/wait',
      with: { seconds: 0 },
    },
  },
};

describeOnEachDatabase('approvals of pipeline steps', (open, dialect) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-test-'));
  let database: Awaited<ReturnType<typeof createPostgresDatabase>> | null = null;
  let server: TestServer<ReturnType<typeof build>>;
  let ben: HoustonClient;
  let tokenOfBen = '';
  const start = async () => {
    server = await startTestServer(build, { dataDir, ...(database && { database: database.url }) });
  };
  beforeAll(async () => {
    if (dialect === 'postgres') database = await createPostgresDatabase();
    await start();
    await server.client.post('/api/auth/users', { id: 'ben', roles: ['approver', 'viewer'] });
    tokenOfBen = (await server.client.post<{ token: string }>('/api/auth/users/ben/tokens', {})).token;
    ben = server.client.as(tokenOfBen);
    await server.client.put('/api/pipelines/shipping', shipping);
  });
  afterAll(async () => {
    await server.close();
    await database?.drop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const runOf = (id: string) => server.client.get<Run>(`/api/pipelines/runs/${id}`);
  const inState = (id: string, state: string) =>
    eventually(async () => {
      const run = await runOf(id);
      expect(run.state).toBe(state);
      return run;
    });
  const waiting = async (pipeline = 'shipping') => {
    const { id } = await server.client.post<Run>(`/api/pipelines/${pipeline}/runs`, {});
    const approval = await eventually(async () => {
      const [step] = (await runOf(id)).steps;
      expect(step.state).toBe('awaiting-approval');
      return String(step.awaiting).replace('approval:', '');
    });
    return { id, approval };
  };
  const decide = (approval: string, decision: string, client = ben) =>
    client.post<Approval>(`/api/governance/approvals/${approval}/decisions`, { decision, reason: 'seen' });

  it('waits without a worker, over a restart, until a second person approves', async () => {
    const { id, approval } = await waiting();
    await server.platform.jobs.idle();
    const scope = server.platform.systemScope('user:local');
    expect((await server.platform.jobs.count(scope)).running ?? 0).toBe(0);
    await server.close();
    await start();
    ben = server.client.as(tokenOfBen);
    expect(await runOf(id)).toMatchObject({ state: 'running', steps: [{ state: 'awaiting-approval' }, {}] });
    const inbox = await server.client.get<{ items: Approval[] }>('/api/governance/approvals', {
      state: 'pending',
      kind: 'step',
    });
    expect(inbox.items).toMatchObject([
      {
        id: approval,
        kind: 'step',
        subject: 'dataset:flights@3',
        question: 'Ship it?',
        run: id,
        step: 'ask',
        policy: null,
        model: null,
        version: null,
        requester: 'user:local',
        roles: ['approver'],
      },
    ]);
    await expect(decide(approval, 'approve', server.client)).rejects.toMatchObject({
      code: 'governance.approval.own',
    });
    expect(await decide(approval, 'approve')).toMatchObject({ state: 'granted' });
    const run = await inState(id, 'succeeded');
    expect(run.steps[0].outputs).toMatchObject({ approval, approved: true });
    const events = await server.client.get<{ items: { type: string; data: object; uses: string[] }[] }>(
      '/api/ledger/events',
      { subject: `approval:${approval}` },
    );
    expect(events.items).toMatchObject([
      { type: 'governance.approval.granted', data: { question: 'Ship it?', by: ['user:ben'] } },
      { type: 'governance.approval.requested', uses: [`run:${id}`, 'dataset:flights@3'] },
    ]);
  });

  it('stops the run when one person says no', async () => {
    const { id, approval } = await waiting();
    await decide(approval, 'reject');
    expect(await inState(id, 'stopped')).toMatchObject({
      reason: 'seen',
      steps: [{ state: 'stopped' }, { state: 'skipped' }],
    });
  });

  it('stops the run when nobody decides in time', async () => {
    const { id, approval } = await waiting();
    const later = server.platform.now() + 169 * 3_600_000;
    const scope = { ...server.platform.systemScope('job:expire'), now: () => later };
    await expireApproval(scope, approval);
    expect(await getApproval(scope, approval)).toMatchObject({ state: 'expired' });
    expect((await inState(id, 'stopped')).reason).toMatch(/nobody decided/);
  });

  it('withdraws the question when the run is cancelled', async () => {
    const { id, approval } = await waiting();
    await server.client.post(`/api/pipelines/runs/${id}/cancel`, {});
    await inState(id, 'cancelled');
    const scope = server.platform.systemScope('user:local');
    await eventually(async () => expect((await getApproval(scope, approval)).state).toBe('superseded'));
    await expect(decide(approval, 'approve')).rejects.toMatchObject({ code: 'governance.approval.closed' });
  });

  it('fails the step that asks for a role that nobody can hold', async () => {
    const ask = { uses: 'pipelines/approval', with: { question: 'Now?', roles: ['wizard'] } };
    await server.client.put('/api/pipelines/odd', { jobs: { ask } });
    const { id } = await server.client.post<Run>('/api/pipelines/odd/runs', {});
    expect((await inState(id, 'failed')).steps).toMatchObject([
      { error: { code: 'governance.role.unknown' } },
    ]);
  });

  it('keeps approvals and decisions of older databases', async () => {
    const platform = await open([governanceMigrations[0]]);
    const old = {
      ...{ id: 'apr_1', key: 'k', state: 'granted', policy: 'p', policy_digest: 'd', model: 'm', version: 2 },
      ...{ digest: 'x', environment: 'prod', severity: null, required: 1, roles: '[]', excluded: '[]' },
      ...{ requester: 'user:ann', decided: 1, requested_at: 1, decided_at: 2, expires_at: 3 },
    };
    const db = platform.db as unknown as Kysely<Record<string, Record<string, unknown>>>;
    await db.insertInto('governance_approvals').values(old).execute();
    await db
      .insertInto('governance_decisions')
      .values({ approval_id: 'apr_1', actor: 'user:ben', decision: 'approve', reason: '', decided_at: 2 })
      .execute();
    await migrate(platform.db, governanceMigrations);
    expect(await getApproval(platform.systemScope('user:local'), 'apr_1')).toMatchObject({
      kind: 'promotion',
      subject: 'model:m/2',
      decisions: [{ actor: 'user:ben' }],
    });
    const orphan = { approval_id: 'none', actor: 'a', decision: 'approve', reason: '', decided_at: 1 };
    await expect(db.insertInto('governance_decisions').values(orphan).execute()).rejects.toThrow();
  });
});
