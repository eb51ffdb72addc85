import { beforeAll, expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../test/databases.ts';
import { createUser } from '../../platform/auth/auth.ts';
import { listEvents, record } from '../../platform/ledger/index.ts';
import type { Platform } from '../../platform/platform.ts';
import { type Scope, transact } from '../../platform/scope.ts';
import { createExperimentsDomain } from '../experiments/index.ts';
import { createRegistryDomain, type RegistryDoor } from '../registry/index.ts';
import { decide, expireApproval, getApproval } from './approvals.service.ts';
import { createGovernanceDomain } from './index.ts';
import { getPolicy, listPolicies, putPolicy } from './policies.service.ts';
import { requirement } from './promotions.service.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

describeOnEachDatabase('governance', (open) => {
  let platform: Platform;
  let scope: Scope;
  let registry: RegistryDoor;
  let now = Date.UTC(2001, 5, 1);

  beforeAll(async () => {
    const none = undefined as unknown as Platform;
    const domain = createRegistryDomain(none, { experiments: createExperimentsDomain(none) });
    registry = domain;
    const governance = createGovernanceDomain(none, { registry });
    platform = await open([...domain.migrations!, ...governance.migrations!], { now: () => now });
    for (const kind of governance.jobs!) platform.jobs.define(kind);
    scope = platform.systemScope('user:ann');
    for (const id of ['ben', 'cat', 'dan'])
      await createUser(scope, id, id === 'dan' ? ['developer'] : ['approver']);
    const signature = { inputs: [], outputs: [], features: null };
    const format = { irVersion: 8, producer: '', opsets: [], nodes: 0, operators: {} };
    const blob = await platform.blobs.put(Buffer.from('x'));
    for (const model of ['risky', 'tame', 'twin', 'slow', 'strict']) {
      await transact(scope, (tx) =>
        registry.registerVersion(tx, { model, digest: blob.digest, signature, format }),
      );
    }
    await rate('risky', 4, 4);
    await rate('tame', 1, 1);
    await rate('strict', 1, 1);
  });

  const rate = async (model: string, probability: number, impact: number) => {
    await platform.db
      .updateTable('registry_models')
      .set({ risk_probability: probability, risk_impact: impact })
      .where('name', '=', model)
      .execute();
  };
  const ask = (model: string, letter: string, more = {}) =>
    requirement(scope, registry, { model, version: 1, digest: digest(letter), environment: 'prod', ...more });
  const as = (id: string): Scope => ({ ...scope, actor: `user:${id}` });

  it('asks for nothing while there is no policy', async () => {
    expect(await ask('risky', '0')).toMatchObject({ state: 'not-required' });
  });

  it('freezes each wording of a policy as a revision', async () => {
    const first = await putPolicy(scope, 'high-risk', {
      approvals: { when: { severity: 'high' }, required: 2 },
    });
    const same = await putPolicy(scope, 'high-risk', {
      approvals: { required: 2, when: { severity: 'high' } },
    });
    expect([first.revision, same.revision]).toEqual([1, 1]);
    expect((await listPolicies(scope)).map(({ name }) => name)).toEqual(['high-risk']);
    const unknown = { approvals: { roles: ['wizard'] } };
    await expect(putPolicy(scope, 'x', unknown)).rejects.toMatchObject({ code: 'governance.role.unknown' });
    await expect(getPolicy(scope, 'x')).rejects.toMatchObject({ status: 404 });
  });

  it('opens one approval however often and however many ask', async () => {
    const asked = await Promise.all([ask('risky', 'a'), ask('risky', 'a'), ask('risky', 'a')]);
    expect(new Set(asked.map(({ approvalId }) => approvalId)).size).toBe(1);
    expect(asked[0]).toMatchObject({ state: 'pending', policy: 'high-risk' });
    expect(await ask('tame', 'a')).toMatchObject({ state: 'not-required' });
    const events = await listEvents(scope, { types: ['governance.approval.requested'] });
    expect(events).toMatchObject([
      { subject: `approval:${asked[0].approvalId}`, uses: ['model:risky/1', 'policy:high-risk'] },
    ]);
  });

  it('is granted by two people who are not the requester, each counted once', async () => {
    const { approvalId = '' } = await ask('risky', 'b');
    const code = (error: string) => ({ code: `governance.approval.${error}` });
    await expect(decide(as('ann'), approvalId, 'approve', '')).rejects.toMatchObject(code('own'));
    await expect(decide(as('dan'), approvalId, 'approve', '')).rejects.toMatchObject(code('role'));
    await expect(decide(as('eve'), approvalId, 'approve', '')).rejects.toMatchObject(code('role'));
    expect(await decide(as('ben'), approvalId, 'approve', 'looks fine')).toMatchObject({ state: 'pending' });
    await expect(decide(as('ben'), approvalId, 'approve', '')).rejects.toMatchObject(code('twice'));
    expect(await decide(as('cat'), approvalId, 'approve', '')).toMatchObject({ state: 'granted' });
    await expect(decide(as('cat'), approvalId, 'reject', '')).rejects.toMatchObject(code('closed'));
    expect(await ask('risky', 'b')).toMatchObject({ state: 'granted', approvalId });
    expect(await ask('risky', 'c')).toMatchObject({ state: 'pending' });
    const [event] = await listEvents(scope, { types: ['governance.approval.granted'] });
    expect(event).toMatchObject({
      actor: 'user:cat',
      data: { approval: approvalId, by: ['user:ben', 'user:cat'] },
    });
  });

  it('counts two people who decide at the same moment', async () => {
    const { approvalId = '' } = await ask('risky', 'd');
    await Promise.all([
      decide(as('ben'), approvalId, 'approve', ''),
      decide(as('cat'), approvalId, 'approve', ''),
    ]);
    expect(await getApproval(scope, approvalId)).toMatchObject({ state: 'granted' });
  });

  it('ends at one rejection, which stays with these bytes', async () => {
    const { approvalId = '' } = await ask('risky', 'e');
    await decide(as('ben'), approvalId, 'reject', 'not now');
    expect(await ask('risky', 'e')).toMatchObject({ state: 'rejected', approvalId });
  });

  it('asks again when the words of the policy change', async () => {
    const before = await ask('risky', 'f');
    await putPolicy(scope, 'high-risk', { approvals: { when: { severity: 'high' }, required: 1 } });
    const after = await ask('risky', 'f');
    expect(after).toMatchObject({ state: 'pending' });
    expect(after.approvalId).not.toBe(before.approvalId);
    expect(await getApproval(scope, before.approvalId!)).toMatchObject({ state: 'superseded' });
    await decide(as('cat'), after.approvalId!, 'approve', '');
    expect(await ask('risky', 'f')).toMatchObject({ state: 'granted' });
  });

  it('takes an unrated model for risky', async () => {
    expect(await ask('twin', '1')).toMatchObject({ state: 'pending' });
  });

  it('expires, and opens a new request when asked again', async () => {
    const { approvalId = '' } = await ask('slow', '2');
    await expireApproval(scope, approvalId);
    expect(await getApproval(scope, approvalId)).toMatchObject({ state: 'pending' });
    now += 8 * 86_400_000;
    await expect(decide(as('ben'), approvalId, 'approve', '')).rejects.toMatchObject({ status: 409 });
    expect(await getApproval(scope, approvalId)).toMatchObject({ state: 'expired' });
    const again = await ask('slow', '2');
    expect(again.state).toBe('pending');
    expect(again.approvalId).not.toBe(approvalId);
  });

  it('keeps the builder out where the policy says so, and the one who asked through a job', async () => {
    await putPolicy(scope, 'strict', { approvals: { models: ['strict'], separateFrom: ['builder'] } });
    const job = platform.systemScope('job:rollout');
    const { approvalId = '' } = await requirement(job, registry, {
      model: 'strict',
      version: 1,
      digest: digest('3'),
      environment: 'prod',
      requester: 'user:ben',
    });
    const { excluded } = await getApproval(scope, approvalId);
    expect([...excluded].sort()).toEqual(['user:ann', 'user:ben']);
  });

  it('finds the person behind a job, who may not approve their own wish', async () => {
    const asked = await transact(as('ben'), (tx) =>
      record(tx, { type: 'test.run.started', subject: 'run:1' }),
    );
    const reacted = await transact({ ...scope, actor: 'reactor:x', cause: asked.id }, (tx) =>
      record(tx, { type: 'test.gate.passed', subject: 'run:1' }),
    );
    const job: Scope = { ...scope, actor: 'job:deploy', cause: reacted.id };
    const request = { model: 'risky', version: 1, digest: digest('4'), environment: 'prod' };
    const { approvalId = '' } = await requirement(job, registry, request);
    expect(await getApproval(scope, approvalId)).toMatchObject({
      requester: 'user:ben',
      excluded: ['user:ben'],
    });
    await expect(decide(as('ben'), approvalId, 'approve', '')).rejects.toMatchObject({ status: 403 });
  });

  it('finds the builder behind the job that registered', async () => {
    const started = await transact(as('dan'), (tx) =>
      record(tx, { type: 'test.run.started', subject: 'run:2' }),
    );
    const job: Scope = { ...platform.systemScope('job:step'), cause: started.id };
    const { digest: bytes } = await platform.blobs.put(Buffer.from('another'));
    const signature = { inputs: [], outputs: [], features: null };
    const format = { irVersion: 8, producer: '', opsets: [], nodes: 0, operators: {} };
    const { version } = await transact(job, (tx) =>
      registry.registerVersion(tx, { model: 'strict', digest: bytes, signature, format }),
    );
    const asked = { model: 'strict', version, digest: bytes, environment: 'prod', requester: 'user:ben' };
    const { approvalId = '' } = await requirement(as('ben'), registry, asked);
    const { excluded } = await getApproval(scope, approvalId);
    expect([...excluded].sort()).toEqual(['job:step', 'user:ben', 'user:dan']);
  });
});
