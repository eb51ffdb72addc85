import { roleNames } from '../../platform/auth/roles.ts';
import { digestJson } from '../../platform/digest.ts';
import type { Json } from '../../platform/json.ts';
import { record } from '../../platform/ledger/index.ts';
import { checkName } from '../../platform/names.ts';
import { authorise, type Scope, transact } from '../../platform/scope.ts';
import { governanceError, type PolicySpecInput } from './governance.contract.ts';
import { findPolicy, insertPolicy, listPolicies as listRows } from './governance.store.ts';
import type { PolicyRow } from './governance.tables.ts';

/** A policy as it is in force; `digest` names exactly these words. */
export type Policy = {
  name: string;
  revision: number;
  digest: string;
  spec: PolicySpecInput;
  createdAt: number;
  actor: string;
};

export async function listPolicies(scope: Scope): Promise<Policy[]> {
  return (await listRows(scope.db)).map(toPolicy);
}

/** @throws governance.policy.not_found */
export async function getPolicy(scope: Scope, name: string): Promise<Policy> {
  const row = await findPolicy(scope.db, name);
  if (!row) throw governanceError('governance.policy.not_found', 'There is no policy of this name.');
  return toPolicy(row);
}

/**
 * Puts a policy in force as its next frozen revision and records governance.policy.changed; nothing happens when the
 * words are the same.
 * @throws governance.role.unknown when it names a role that nobody can hold.
 */
export async function putPolicy(scope: Scope, name: string, spec: PolicySpecInput): Promise<Policy> {
  authorise(scope, 'governance.write');
  checkName('policy', name);
  const unknown = (spec.approvals.roles ?? []).find((role) => !roleNames.some((known) => known === role));
  if (unknown !== undefined) {
    throw governanceError('governance.role.unknown', `No user can hold the role "${unknown}".`);
  }
  return transact(scope, async (tx) => {
    const before = await findPolicy(tx.db, name);
    const digest = digestJson(spec as unknown as Json);
    if (before?.digest === digest) return toPolicy(before);
    const row: PolicyRow = {
      name,
      revision: (before?.revision ?? 0) + 1,
      workspace: 'default',
      digest,
      spec: JSON.stringify(spec),
      created_at: tx.now(),
      actor: tx.actor,
    };
    await insertPolicy(tx.db, row);
    await record(tx, {
      type: 'governance.policy.changed',
      subject: `policy:${name}`,
      data: { policy: name, revision: row.revision, digest, previous: before?.digest ?? null },
    });
    return toPolicy(row);
  });
}

function toPolicy(row: PolicyRow): Policy {
  return {
    name: row.name,
    revision: row.revision,
    digest: row.digest,
    spec: JSON.parse(row.spec) as PolicySpecInput,
    createdAt: row.created_at,
    actor: row.actor,
  };
}
