import { listUsers, localCaller } from '../../platform/auth/auth.ts';
import { newId } from '../../platform/ids.ts';
import type { JsonObject } from '../../platform/json.ts';
import { getEvent, type LedgerEvent, record } from '../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../platform/scope.ts';
import type { Severity } from '../registry/index.ts';
import { governanceError, type PromotionOrStep } from './governance.contract.ts';
import * as store from './governance.store.ts';
import type { ApprovalRow, DecisionRow } from './governance.tables.ts';
import { approvalOutcome, type DecisionWord, decisionObstacle } from './policy.model.ts';

export type ApprovalState = 'pending' | 'granted' | 'rejected' | 'expired' | 'superseded';
export type Approval = PromotionOrStep & {
  id: string;
  state: ApprovalState;
  /** What the decision is about: `model:NAME/VERSION`, or what the question of the step names. */
  subject: string;
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

/** A request as its asker describes it; the rest is the same for all. */
export type NewApproval = Pick<ApprovalRow, 'kind' | 'key' | 'subject' | 'required' | 'requester'> &
  Partial<ApprovalRow> & { roleNames: readonly string[]; mayNot: readonly string[]; expiresAfterMs: number };

/**
 * Opens a request with its clock and its event; the one that holds the same key when somebody was faster.
 * `uses` are the subjects that it was asked about.
 */
export async function openApproval(
  tx: Scope,
  { roleNames, mayNot, expiresAfterMs, ...given }: NewApproval,
  uses: readonly string[],
): Promise<Approval> {
  const now = tx.now();
  const row: ApprovalRow = {
    ...store.emptyApproval,
    ...given,
    id: newId('apr', now),
    state: 'pending',
    roles: JSON.stringify(roleNames),
    excluded: JSON.stringify([...new Set(mayNot)]),
    requested_at: now,
    expires_at: now + expiresAfterMs,
  };
  if (!(await store.insertApproval(tx.db, row))) {
    const other = await store.findApprovalByKey(tx.db, row.key);
    if (other) return toApproval(other, await store.listDecisions(tx.db, [other.id]));
    throw new Error('An approval of the same key vanished.');
  }
  const approval = row.id;
  await tx.platform.jobs.enqueue(tx, {
    kind: EXPIRE_JOB,
    payload: { approval },
    notBefore: row.expires_at,
  });
  const { severity, required, requester } = row;
  await record(tx, {
    type: 'governance.approval.requested',
    subject: `approval:${approval}`,
    data: { ...eventData(row), severity, required, roles: [...roleNames], requester },
    uses: [...uses],
  });
  return toApproval(row, []);
}

/** What every event of an approval says about it. */
function eventData(row: ApprovalRow): JsonObject {
  const { id: approval, kind, policy, model, version, digest, environment } = row;
  if (kind === 'promotion') return { approval, policy, model, version, digest, environment };
  const { subject, question, run, step } = row;
  return { approval, subject, question, run, step };
}

/**
 * Who set this in motion: the actor when it is a person, else the nearest person in the chain of causes (who started
 * the run, who asked for the rollout), else the actor. Letting a job ask does not make somebody's own wish approvable.
 */
export async function personBehind(scope: Scope, { actor, cause }: Doing = scope): Promise<string> {
  let next = actor.startsWith('user:') ? null : cause;
  for (let steps = 0; next !== null && steps < 100; steps++) {
    const event: LedgerEvent = await getEvent(scope, next);
    if (event.actor.startsWith('user:')) return event.actor;
    next = event.cause;
  }
  return actor;
}
type Doing = Pick<LedgerEvent, 'actor' | 'cause'>;

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
  own: 'You asked for this or built the version: another person must decide.',
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

/** Ends a pending approval and says so; nothing happens when it had ended. */
export async function close(
  tx: Scope,
  row: ApprovalRow,
  state: Exclude<ApprovalState, 'pending'>,
  more: { reason?: string; by?: string[] } = {},
): Promise<void> {
  if (!(await store.closeApproval(tx.db, row.id, state, tx.now()))) return;
  // A run that waits hears of yes and no only: nobody said yes in time, so this is a no.
  const missed = row.kind === 'step' && state === 'expired';
  await record(tx, {
    type: `governance.approval.${missed ? 'rejected' : state}`,
    subject: `approval:${row.id}`,
    data: {
      ...eventData(row),
      ...more,
      ...(missed && { expired: true, reason: 'nobody decided before the request expired' }),
    },
    uses: [`approval:${row.id}`, ...(row.model === null ? [] : [`model:${row.model}/${row.version}`])],
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
  filter: {
    state?: string;
    kind?: Approval['kind'];
    model?: string;
    digests?: readonly string[];
    limit?: number;
  },
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

export function toApproval(row: ApprovalRow, decisions: readonly DecisionRow[]): Approval {
  // The columns of the other kind are null: the row is one of the two by construction.
  const { kind, question, run, step, policy, policy_digest, model, version, digest, environment } = row;
  const parts = { kind, question, run, step, policy, policyDigest: policy_digest };
  return {
    ...({ ...parts, model, version, digest, environment } as PromotionOrStep),
    id: row.id,
    state: row.state as ApprovalState,
    subject: row.subject,
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
