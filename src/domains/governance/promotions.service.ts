import { listEvents } from '../../platform/ledger/index.ts';
import { type Scope, transact } from '../../platform/scope.ts';
import type { PromotionRequest, PromotionRequirement, RegistryDoor, Severity } from '../registry/index.ts';
import { type Approval, close, openApproval, personBehind, toApproval } from './approvals.service.ts';
import * as store from './governance.store.ts';
import { listPolicies, type Policy } from './policies.service.ts';
import { approvalRule, policyApplies } from './policy.model.ts';

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
  return { state, approvalId: telling.id, policy: telling.policy ?? '', reason: reasons[state] };
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
  return requestApproval(tx, registry, policy, request, severity, known.length);
}

async function requestApproval(
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
  const builders = excludesBuilder ? await buildersOf(tx, registry, model, version) : [];
  return openApproval(
    tx,
    {
      kind: 'promotion',
      key: [policy.name, policy.digest, digest, environment, count].join('|'),
      subject: `model:${model}/${version}`,
      policy: policy.name,
      policy_digest: policy.digest,
      model,
      version,
      digest,
      environment,
      severity,
      required,
      requester,
      roleNames: roles,
      mayNot: [requester, ...builders],
      expiresAfterMs,
    },
    [`model:${model}/${version}`, `policy:${policy.name}`],
  );
}

/** Who registered a version, and the person behind the job that did. */
async function buildersOf(
  tx: Scope,
  registry: RegistryDoor,
  model: string,
  version: number,
): Promise<string[]> {
  const { actor } = await registry.getVersion(tx, model, version);
  const filter = { subject: `model:${model}/${version}`, types: ['registry.version.registered'], limit: 1 };
  const [event] = await listEvents(tx, filter);
  return event ? [actor, await personBehind(tx, event)] : [actor];
}
