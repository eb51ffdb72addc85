import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CallServer, startTestServer, type TestServer } from '../../../test/server.ts';
import { transact } from '../../platform/scope.ts';
import { createExperimentsDomain } from '../experiments/index.ts';
import { createRegistryDomain } from '../registry/index.ts';
import { createGovernanceDomain } from './index.ts';

function build(platform: Parameters<Parameters<typeof startTestServer>[0]>[0]) {
  const experiments = createExperimentsDomain(platform);
  const registry = createRegistryDomain(platform, { experiments });
  const listServed = async () => [{ deployment: 'd', environment: 'prod', model: 'risky', version: 1 }];
  return { experiments, registry, governance: createGovernanceDomain(platform, { registry, listServed }) };
}

describe('governance over HTTP', () => {
  let server: TestServer<ReturnType<typeof build>>;
  const tokens: Record<string, string> = {};
  beforeAll(async () => {
    server = await startTestServer(build);
    for (const [id, roles] of Object.entries({ ben: ['approver'], dan: ['developer'] })) {
      await server.client.post('/api/auth/users', { id, roles });
      tokens[id] = (await server.client.post<{ token: string }>(`/api/auth/users/${id}/tokens`, {})).token;
    }
    const scope = server.platform.systemScope('user:local');
    const { digest } = await server.platform.blobs.put(Buffer.from('x'));
    const signature = { inputs: [], outputs: [], features: null };
    const format = { irVersion: 8, producer: '', opsets: [], nodes: 0, operators: {} };
    await transact(scope, (tx) =>
      server.domains.registry.registerVersion(tx, { model: 'risky', digest, signature, format }),
    );
    await server.client.put('/api/registry/models/risky', { risk: { probability: 4, impact: 4 } });
  });
  afterAll(() => server.close());

  const call: CallServer = (...args) => server.call(...args);
  const ask = () =>
    server.domains.governance.promotionPolicy.requirement(server.platform.systemScope('user:local'), {
      model: 'risky',
      version: 1,
      digest: `sha256:${'a'.repeat(64)}`,
      environment: 'prod',
    });

  it('puts a policy in force, by API and as a declaration', async () => {
    const spec = { approvals: { when: { severity: 'high' } } };
    const put = await call('PUT', '/api/governance/policies/high-risk', spec);
    expect(put).toMatchObject({ status: 200, body: { name: 'high-risk', revision: 1, spec } });
    expect(await call('GET', '/api/governance/policies/high-risk')).toMatchObject({ status: 200 });
    expect(await call('GET', '/api/governance/policies')).toMatchObject({
      body: { items: [{ name: 'high-risk' }] },
    });
    const declared = await call('GET', '/api/declarations');
    expect(JSON.stringify(declared.body)).toContain('high-risk');
  });

  it.each([
    ['PUT', '/api/governance/policies/p', { approvals: { required: 0 } }, 400],
    ['PUT', '/api/governance/policies/p', { approvals: { when: { severity: 'huge' } } }, 400],
    ['PUT', '/api/governance/policies/p', { approvals: { roles: ['wizard'] } }, 400],
    ['PUT', '/api/governance/policies/..%2fx', { approvals: {} }, 400],
    ['GET', '/api/governance/policies/none', undefined, 404],
    ['GET', '/api/governance/approvals/none', undefined, 404],
    ['GET', '/api/governance/approvals?state=odd', undefined, 400],
    ['POST', '/api/governance/approvals/none/decisions', { decision: 'approve' }, 404],
    ['POST', '/api/governance/approvals/none/decisions', { decision: 'maybe' }, 400],
  ])('%s %s (%#) answers in the error form', async (method, path, body, status) => {
    const reply = await call(method, path, body);
    expect(reply).toMatchObject({
      status,
      body: { error: { code: expect.any(String), next: expect.any(String) } },
    });
  });

  it('lets a second person decide, and nobody else', async () => {
    const { approvalId, state } = await ask();
    expect(state).toBe('pending');
    const path = `/api/governance/approvals/${approvalId}/decisions`;
    expect(await call('POST', path, { decision: 'approve' })).toMatchObject({
      status: 403,
      body: { error: { code: 'governance.approval.own' } },
    });
    expect(await call('POST', path, { decision: 'approve' }, tokens.dan)).toMatchObject({
      status: 403,
      body: { error: { code: 'platform.auth.forbidden' } },
    });
    expect(await call('GET', '/api/governance/approvals?state=pending')).toMatchObject({
      body: { items: [{ id: approvalId, model: 'risky', severity: 'high', required: 1 }] },
    });
    const decided = await call('POST', path, { decision: 'approve', reason: 'evidence is good' }, tokens.ben);
    expect(decided).toMatchObject({
      status: 200,
      body: {
        state: 'granted',
        decisions: [{ actor: 'user:ben', decision: 'approve', reason: 'evidence is good' }],
      },
    });
    expect(await call('POST', path, { decision: 'reject' }, tokens.ben)).toMatchObject({ status: 409 });
    expect((await ask()).state).toBe('granted');
    const events = await server.client.get<{ items: { type: string }[] }>('/api/ledger/events', {
      subject: `approval:${approvalId}`,
    });
    expect(events.items.map(({ type }) => type)).toEqual([
      'governance.approval.granted',
      'governance.approval.requested',
    ]);
  });

  it('forbids a developer to change a policy', async () => {
    const reply = await call('PUT', '/api/governance/policies/high-risk', { approvals: {} }, tokens.dan);
    expect(reply.status).toBe(403);
  });

  it('lists what is in production with its risk and what stands behind it', async () => {
    const { body } = await call('GET', '/api/governance/inventory');
    expect(body.items).toMatchObject([
      {
        model: 'risky',
        owner: 'user:local',
        risk: { score: 16, severity: 'high' },
        policies: ['high-risk'],
        deployments: [{ deployment: 'd', environment: 'prod', version: 1, verdict: null }],
      },
    ]);
  });
});
