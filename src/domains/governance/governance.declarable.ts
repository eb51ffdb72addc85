import type { Json } from '../../platform/json.ts';
import type { Declarable } from '../../platform/module.ts';
import { PolicySpec, type PolicySpecInput } from './governance.contract.ts';
import { listPolicies, putPolicy } from './policies.service.ts';

/** `policies:` of houston.yaml. */
export const policiesDeclarable: Declarable = {
  kind: 'policies',
  schema: PolicySpec,
  order: 70,
  async list(scope) {
    const policies = await listPolicies(scope);
    return Object.fromEntries(policies.map(({ name, spec }) => [name, spec as unknown as Json]));
  },
  async apply(tx, name, spec) {
    await putPolicy(tx, name, spec as unknown as PolicySpecInput);
  },
};
