import type { DomainModule } from '../../platform/module.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Scope } from '../../platform/scope.ts';
import type { PromotionPolicy, RegistryDoor } from '../registry/index.ts';
import {
  type Approval,
  EXPIRE_JOB,
  expireApproval,
  getApproval,
  listApprovals,
  requirement,
} from './approvals.service.ts';
import { policiesDeclarable } from './governance.declarable.ts';
import { governanceRoutes } from './governance.routes.ts';
import { governanceMigrations } from './governance.tables.ts';
import { type InventoryItem, inventory, type ListServed } from './inventory.service.ts';

export type { Approval, ApprovalState } from './approvals.service.ts';
export type { InventoryItem, ListServed, ServedVersion } from './inventory.service.ts';
export { servedBy } from './inventory.service.ts';

/** What higher floors may do with governance. */
export type GovernanceDoor = {
  /** What serving asks before a version takes traffic. */
  promotionPolicy: PromotionPolicy;
  getApproval(scope: Scope, id: string): Promise<Approval>;
  listApprovals(scope: Scope, filter: Parameters<typeof listApprovals>[1]): Promise<Approval[]>;
  inventory(scope: Scope): Promise<InventoryItem[]>;
};

/**
 * The governance domain: risk, policies, approvals, inventory. `listServed` says what serves where; it is called per
 * inventory, so it may close over a serving domain that is made later.
 */
export function createGovernanceDomain(
  _platform: Platform,
  { registry, listServed = async () => [] }: { registry: RegistryDoor; listServed?: ListServed },
): DomainModule & GovernanceDoor {
  return {
    name: 'governance',
    migrations: governanceMigrations,
    routes: governanceRoutes(registry, listServed),
    declarables: [policiesDeclarable],
    jobs: [
      {
        kind: EXPIRE_JOB,
        run: (scope, payload) => expireApproval(scope, String(payload.approval)),
      },
    ],
    promotionPolicy: { requirement: (scope, request) => requirement(scope, registry, request) },
    getApproval,
    listApprovals,
    inventory: (scope) => inventory(scope, registry, listServed),
  };
}
