import { sql } from 'kysely';
import type { Db } from '../../platform/db/database.ts';
import type { ApprovalRow, DecisionRow, PolicyRow } from './governance.tables.ts';

/** The revisions in force: the greatest of each name. */
export function listPolicies(db: Db): Promise<PolicyRow[]> {
  return db
    .selectFrom('governance_policies as policy')
    .selectAll()
    .where('revision', '=', (select) =>
      select
        .selectFrom('governance_policies as other')
        .whereRef('other.name', '=', 'policy.name')
        .select(({ fn }) => fn.max('other.revision').as('newest')),
    )
    .orderBy('name')
    .execute();
}

export function findPolicy(db: Db, name: string): Promise<PolicyRow | undefined> {
  return db
    .selectFrom('governance_policies')
    .selectAll()
    .where('name', '=', name)
    .orderBy('revision', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export async function insertPolicy(db: Db, row: PolicyRow): Promise<void> {
  await db.insertInto('governance_policies').values(row).execute();
}

/** What only one of the two kinds fills in, and how every approval begins. */
export const emptyApproval = {
  question: null,
  run: null,
  step: null,
  policy: null,
  policy_digest: null,
  model: null,
  version: null,
  digest: null,
  environment: null,
  severity: null,
  decided: 0,
  decided_at: null,
} satisfies Partial<ApprovalRow>;

/** Inserts an approval unless its key is taken. */
export async function insertApproval(db: Db, row: ApprovalRow): Promise<boolean> {
  const inserted = await db
    .insertInto('governance_approvals')
    .values(row)
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

export function findApproval(db: Db, id: string): Promise<ApprovalRow | undefined> {
  return db.selectFrom('governance_approvals').selectAll().where('id', '=', id).executeTakeFirst();
}

export function findApprovalByKey(db: Db, key: string): Promise<ApprovalRow | undefined> {
  return db.selectFrom('governance_approvals').selectAll().where('key', '=', key).executeTakeFirst();
}

/** The open requests of a pipeline run's steps. */
export function pendingOfRun(db: Db, run: string): Promise<ApprovalRow[]> {
  return db
    .selectFrom('governance_approvals')
    .selectAll()
    .where('run', '=', run)
    .where('state', '=', 'pending')
    .execute();
}

/** Every approval that was ever asked for these bytes under this policy in this environment, oldest first. */
export function approvalsOf(
  db: Db,
  policy: string,
  digest: string,
  environment: string,
): Promise<ApprovalRow[]> {
  return db
    .selectFrom('governance_approvals')
    .selectAll()
    .where('digest', '=', digest)
    .where('environment', '=', environment)
    .where('policy', '=', policy)
    .orderBy('requested_at')
    .orderBy('id')
    .execute();
}

export function listApprovals(
  db: Db,
  filter: {
    state?: string;
    kind?: ApprovalRow['kind'];
    model?: string;
    digests?: readonly string[];
    limit: number;
  },
): Promise<ApprovalRow[]> {
  let query = db.selectFrom('governance_approvals').selectAll();
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
  if (filter.model !== undefined) query = query.where('model', '=', filter.model);
  if (filter.digests) query = query.where('digest', 'in', [...filter.digests, '']);
  return query.orderBy('requested_at', 'desc').orderBy('id', 'desc').limit(filter.limit).execute();
}

/** Counts one more decision on a pending approval and holds its row until the commit; undefined when closed. */
export function lockPending(db: Db, id: string): Promise<ApprovalRow | undefined> {
  return db
    .updateTable('governance_approvals')
    .set({ decided: sql<number>`decided + 1` })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .returningAll()
    .executeTakeFirst();
}

export async function insertDecision(db: Db, row: DecisionRow): Promise<void> {
  await db.insertInto('governance_decisions').values(row).execute();
}

export function listDecisions(db: Db, ids: readonly string[]): Promise<DecisionRow[]> {
  return db
    .selectFrom('governance_decisions')
    .selectAll()
    .where('approval_id', 'in', [...ids, ''])
    .orderBy('decided_at')
    .orderBy('actor')
    .execute();
}

/** Moves a pending approval to its end; false when it had ended. */
export async function closeApproval(db: Db, id: string, state: string, now: number): Promise<boolean> {
  const result = await db
    .updateTable('governance_approvals')
    .set({ state, decided_at: now })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
