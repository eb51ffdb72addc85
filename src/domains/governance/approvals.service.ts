import { listUsers, localCaller } from '../../platform/auth/auth.ts';
import { newId } from '../../platform/ids.ts';
import { getEvent, type LedgerEvent, record } from '../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../platform/scope.ts';
import type { PromotionRequest, PromotionRequirement, RegistryDoor, Severity } from '../registry/index.ts';
import { governanceError } from './governance.contract.ts';
import * as store from './governance.store.ts';
import type { ApprovalRow, DecisionRow } from './governance.tables.ts';
import { listPolicies, type Policy } from './policies.service.ts';
import {
  approvalOutcome,
  approvalRule,
  type DecisionWord,
  decisionObstacle,
  policyApplies,
} from './policy.model.ts';

export type ApprovalState = 'pending' | 'granted' | 'rejected' | 'expired' | 'superseded';
export type Approval = {
  id: string;
  state: ApprovalState;
  policy: string;
  policyDigest: string;
  model: string;
  version: number;
  digest: string;
  environment: string;
  severity: Severity | null;
  required: number;
  roles: string[];
  requester: string;
  excluded: string[];
  decisions: { actor: string; decision: DecisionWord; reason: string; time: number }[];
  requestedAt: number;
  decidedAt: number | null;
  expiresAt: number;
};

/** Name of the job that ends a request which nobody decides. */
export const EXPIRE_JOB = 'governance.expire-approval';

/**
 * Asks every policy in force; opens the approvals that are missing. Rejected by one is rejected, pending by one is
 * pending. An approval counts for these bytes, this environment and these very words of the policy only.
 */
export async function requirement(
  scope: Scope,
  registry: RegistryDoor,
  request: PromotionRequest,
): Promise<PromotionRequirement> {
  const { risk } = await registry.getModel(scope, request.model);
  const { model, environment } = request;
  const policies = (await listPolicies(scope)).filter(({ spec }) =>
    policyApplies(spec, { model, environment, risk }),
  );
  if (policies.length === 0) return { state: 'not-required', reason: 'No policy asks for an approval.' };
  const approvals = await transact(scope, async (tx) => {
    const found: Approval[] = [];
    for (const policy of policies) {
      found.push(await currentApproval(tx, registry, policy, request, risk?.severity ?? null));
    }
    return found;
  });
  const telling =
    approvals.find(({ state }) => state === 'rejected') ??
    approvals.find(({ state }) => state === 'pending') ??
    approvals[0]!;
  const people = telling.decisions.map(({ actor }) => actor).join(', ');
  const reasons = {
    granted: `Approved by ${people} under the policy ${telling.policy}.`,
    rejected: `Rejected by ${people} under the policy ${telling.policy}.`,
    pending: `The policy ${telling.policy} asks for ${telling.required} approval(s) by ${telling.roles.join(' or ')}.`,
  };
  const state = telling.state as keyof typeof reasons;
  return { state, approvalId: telling.id, policy: telling.policy, reason: reasons[state] };
}

/** The approval that stands for this promotion under one policy; a new request where there is none. */
async function currentApproval(
  tx: Scope,
  registry: RegistryDoor,
  policy: Policy,
  request: PromotionRequest,
  severity: Severity | null,
): Promise<Approval> {
  const known = await store.approvalsOf(tx.db, policy.name, request.digest, request.environment);
  for (const row of known) {
    if (row.state !== 'pending') continue;
    if (row.policy_digest !== policy.digest) await close(tx, row, 'superseded');
    else if (row.expires_at <= tx.now()) await close(tx, row, 'expired');
    else return toApproval(row, await store.listDecisions(tx.db, [row.id]));
  }
  const decided = known.findLast(
    (row) => row.policy_digest === policy.digest && (row.state === 'granted' || row.state === 'rejected'),
  );
  if (decided) return toApproval(decided, await store.listDecisions(tx.db, [decided.id]));
  return openApproval(tx, registry, policy, request, severity, known.length);
}

async function openApproval(
  tx: Scope,
  registry: RegistryDoor,
  policy: Policy,
  request: PromotionRequest,
  severity: Severity | null,
  count: number,
): Promise<Approval> {
  const { required, roles, excludesBuilder, expiresAfterMs } = approvalRule(policy.spec);
  const { model, version, digest, environment } = request;
  const requester = request.requester ?? (await personBehind(tx));
  const builder = excludesBuilder ? (await registry.getVersion(tx, model, version)).actor : requester;
  const now = tx.now();
  const key = [policy.name, policy.digest, digest, environment, count].join('|');
  const row: ApprovalRow = {
    id: newId('apr', now),
    key,
    state: 'pending',
    policy: policy.name,
    policy_digest: policy.digest,
    model,
    version,
    digest,
    environment,
    severity,
    required,
    roles: JSON.stringify(roles),
    excluded: JSON.stringify([...new Set([requester, builder])]),
    requester,
    decided: 0,
    requested_at: now,
    decided_at: null,
    expires_at: now + expiresAfterMs,
  };
  if (!(await store.insertApproval(tx.db, row))) {
    const other = (await store.approvalsOf(tx.db, policy.name, digest, environment)).find(
      (one) => one.key === key,
    );
    if (other) return toApproval(other, await store.listDecisions(tx.db, [other.id]));
    throw new Error('An approval of the same key vanished.');
  }
  await tx.platform.jobs.enqueue(tx, {
    kind: EXPIRE_JOB,
    payload: { approval: row.id },
    notBefore: row.expires_at,
  });
  await record(tx, {
    type: 'governance.approval.requested',
    subject: `approval:${row.id}`,
    data: {
      approval: row.id,
      policy: policy.name,
      model,
      version,
      digest,
      environment,
      severity,
      required,
      roles,
      requester,
    },
    uses: [`model:${model}/${version}`, `policy:${policy.name}`],
  });
  return toApproval(row, []);
}

/**
 * Who set this in motion: the actor when it is a person, else the nearest person in the chain of causes (who started
 * the run, who asked for the rollout), else the actor. Letting a job ask does not make somebody's own wish approvable.
 */
async function personBehind(scope: Scope): Promise<string> {
  let cause = scope.actor.startsWith('user:') ? null : scope.cause;
  for (let steps = 0; cause !== null && steps < 100; steps++) {
    const event: LedgerEvent = await getEvent(scope, cause);
    if (event.actor.startsWith('user:')) return event.actor;
    cause = event.cause;
  }
  return scope.actor;
}

/**
 * Takes one person's decision. A rejection ends the approval; the last missing approve grants it.
 * @throws governance.approval.not_found, .closed, .own, .role, .twice
 */
export async function decide(
  scope: Scope,
  id: string,
  decision: DecisionWord,
  reason: string,
): Promise<Approval> {
  authorise(scope, 'governance.approve');
  const known = await store.findApproval(scope.db, id);
  if (!known) throw governanceError('governance.approval.not_found', 'There is no approval with this id.');
  if (known.state === 'pending' && known.expires_at <= scope.now()) await expireApproval(scope, id);
  return transact(scope, async (tx) => {
    const row = await store.lockPending(tx.db, id);
    if (!row) throw governanceError('governance.approval.closed', 'This approval is no longer open.');
    const earlier = await store.listDecisions(tx.db, [id]);
    const { excluded, roles, required } = toApproval(row, earlier);
    const person = { actor: tx.actor, roles: await rolesOf(tx) };
    const obstacle = decisionObstacle(person, {
      excluded,
      roles,
      deciders: earlier.map(({ actor }) => actor),
    });
    if (obstacle) throw governanceError(`governance.approval.${obstacle}`, OBSTACLES[obstacle]);
    const made: DecisionRow = { approval_id: id, actor: tx.actor, decision, reason, decided_at: tx.now() };
    await store.insertDecision(tx.db, made);
    const all = [...earlier, made];
    const outcome = approvalOutcome(
      all.map((one) => one.decision as DecisionWord),
      required,
    );
    if (outcome === 'pending') {
      await record(tx, {
        type: 'governance.approval.decided',
        subject: `approval:${id}`,
        data: { approval: id, decision, reason, given: all.length, required },
        uses: [`approval:${id}`],
      });
      return toApproval(row, all);
    }
    await close(tx, row, outcome, { reason, by: all.map(({ actor }) => actor) });
    return toApproval({ ...row, state: outcome, decided_at: tx.now() }, all);
  });
}

const OBSTACLES = {
  own: 'You asked for this promotion or built the version: another person must decide.',
  role: 'You hold none of the roles that this approval asks for.',
  twice: 'You have decided on this approval already.',
} as const;

/** Ends a request whose time is over; nothing happens when it has been decided. */
export async function expireApproval(scope: Scope, id: string): Promise<void> {
  await transact(scope, async (tx) => {
    const row = await store.findApproval(tx.db, id);
    if (row?.state === 'pending' && row.expires_at <= tx.now()) await close(tx, row, 'expired');
  });
}

async function close(
  tx: Scope,
  row: ApprovalRow,
  state: Exclude<ApprovalState, 'pending'>,
  more: { reason?: string; by?: string[] } = {},
): Promise<void> {
  if (!(await store.closeApproval(tx.db, row.id, state, tx.now()))) return;
  const { id: approval, policy, model, version, digest, environment } = row;
  await record(tx, {
    type: `governance.approval.${state}`,
    subject: `approval:${approval}`,
    data: { approval, policy, model, version, digest, environment, ...more },
    uses: [`approval:${approval}`, `model:${model}/${version}`],
  });
}

async function rolesOf(scope: Scope): Promise<readonly string[]> {
  const id = scope.actor.replace(/^user:/, '');
  if (scope.actor === localCaller.actor) return localCaller.user.roles;
  return (await listUsers(scope)).find((user) => user.id === id)?.roles ?? [];
}

/** @throws governance.approval.not_found */
export async function getApproval(scope: Scope, id: string): Promise<Approval> {
  const row = await store.findApproval(scope.db, id);
  if (!row) throw governanceError('governance.approval.not_found', 'There is no approval with this id.');
  return toApproval(row, await store.listDecisions(scope.db, [id]));
}

/** Approvals, newest first. */
export async function listApprovals(
  scope: Scope,
  filter: { state?: string; model?: string; digests?: readonly string[]; limit?: number },
): Promise<Approval[]> {
  const rows = await store.listApprovals(scope.db, { limit: 200, ...filter });
  const decisions = await store.listDecisions(
    scope.db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) =>
    toApproval(
      row,
      decisions.filter(({ approval_id }) => approval_id === row.id),
    ),
  );
}

function toApproval(row: ApprovalRow, decisions: readonly DecisionRow[]): Approval {
  return {
    id: row.id,
    state: row.state as ApprovalState,
    policy: row.policy,
    policyDigest: row.policy_digest,
    model: row.model,
    version: row.version,
    digest: row.digest,
    environment: row.environment,
    severity: row.severity as Severity | null,
    required: row.required,
    roles: JSON.parse(row.roles) as string[],
    requester: row.requester,
    excluded: JSON.parse(row.excluded) as string[],
    decisions: decisions.map(({ actor, decision, reason, decided_at }) => ({
      actor,
      decision: decision as DecisionWord,
      reason,
      time: decided_at,
    })),
    requestedAt: row.requested_at,
    decidedAt: row.decided_at,
    expiresAt: row.expires_at,
  };
}
