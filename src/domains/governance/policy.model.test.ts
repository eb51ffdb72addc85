import { describe, expect, it } from 'vitest';
import { assessRisk } from '../registry/index.ts';
import type { PolicySpecInput } from './governance.contract.ts';
import { approvalOutcome, decisionObstacle, policyApplies } from './policy.model.ts';

const risk = (probability: number, impact: number) => assessRisk({ probability, impact });
const promotion = (change = {}) => ({ model: 'm', environment: 'prod', risk: risk(3, 4), ...change });
const policy = (approvals: PolicySpecInput['approvals'], enabled?: boolean): PolicySpecInput => ({
  approvals,
  ...(enabled !== undefined && { enabled }),
});

describe('policies', () => {
  it('applies from its severity or its score upwards', () => {
    const high = policy({ when: { severity: 'high' } });
    expect(policyApplies(high, promotion())).toBe(true);
    expect(policyApplies(high, promotion({ risk: risk(2, 2) }))).toBe(false);
    const scored = policy({ when: { score: 12 } });
    expect(policyApplies(scored, promotion())).toBe(true);
    expect(policyApplies(scored, promotion({ risk: risk(2, 4) }))).toBe(false);
    expect(policyApplies(policy({ when: { severity: 'critical', score: 12 } }), promotion())).toBe(true);
  });

  it('takes an unrated model for risky and no condition for always', () => {
    expect(policyApplies(policy({ when: { severity: 'critical' } }), promotion({ risk: null }))).toBe(true);
    expect(policyApplies(policy({}), promotion({ risk: risk(1, 1) }))).toBe(true);
  });

  it('keeps to its environment, its models and its switch', () => {
    expect(policyApplies(policy({}), promotion({ environment: 'dev' }))).toBe(false);
    expect(policyApplies(policy({ environment: '*' }), promotion({ environment: 'dev' }))).toBe(true);
    expect(policyApplies(policy({ models: ['other'] }), promotion())).toBe(false);
    expect(policyApplies(policy({}, false), promotion())).toBe(false);
  });
});

describe('decisions', () => {
  it('needs m different people and ends at one rejection', () => {
    expect(approvalOutcome([], 1)).toBe('pending');
    expect(approvalOutcome(['approve'], 2)).toBe('pending');
    expect(approvalOutcome(['approve', 'approve'], 2)).toBe('granted');
    expect(approvalOutcome(['approve', 'reject'], 2)).toBe('rejected');
  });

  it('is closed to the requester, to other roles and to a second word', () => {
    const approval = { excluded: ['user:a'], roles: ['approver'], deciders: ['user:c'] };
    const person = (actor: string, roles: string[]) => decisionObstacle({ actor, roles }, approval);
    expect(person('user:a', ['approver'])).toBe('own');
    expect(person('user:b', ['developer'])).toBe('role');
    expect(person('user:c', ['approver'])).toBe('twice');
    expect(person('user:d', ['approver'])).toBeUndefined();
  });
});
