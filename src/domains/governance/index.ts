import type { DomainModule } from '../../platform/module.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Scope } from '../../platform/scope.ts';
import type { ApprovalPort } from '../pipelines/index.ts';
import type { PromotionPolicy, RegistryDoor } from '../registry/index.ts';
import {
  type Approval,
  EXPIRE_JOB,
  expireApproval,
  getApproval,
  listApprovals,
} from './approvals.service.ts';
import type { CardSources } from './cards/card.service.ts';
import { policiesDeclarable } from './governance.declarable.ts';
import { governanceRoutes } from './governance.routes.ts';
import { governanceMigrations } from './governance.tables.ts';
import { type InventoryItem, inventory, type ListServed } from './inventory.service.ts';
import { requirement } from './promotions.service.ts';
import { endedRuns, stepApprovals } from './step-approvals.service.ts';

export type { Approval, ApprovalState } from './approvals.service.ts';
export type { InventoryItem, ListServed, ServedVersion } from './inventory.service.ts';
export { servedBy } from './inventory.service.ts';

/** What higher floors may do with governance. */
export type GovernanceDoor = {
  /** What serving asks before a version takes traffic. */
  promotionPolicy: PromotionPolicy;
  /** Who keeps the approvals that pipeline steps wait for. */
  approvals: ApprovalPort;
  getApproval(scope: Scope, id: string): Promise<Approval>;
  listApprovals(scope: Scope, filter: Parameters<typeof listApprovals>[1]): Promise<Approval[]>;
  inventory(scope: Scope): Promise<InventoryItem[]>;
};

/** `listServed` and `serving` are asked at each use, so they may close over a serving domain that is made later. */
export type GovernanceNeeds = CardSources & { registry: RegistryDoor; listServed?: ListServed };

/** The governance domain: policies, approvals, inventory, model cards. */
export function createGovernanceDomain(
  _platform: Platform,
  needs: GovernanceNeeds,
): DomainModule & GovernanceDoor {
  const { registry, listServed = async () => [] } = needs;
  return {
    name: 'governance',
    migrations: governanceMigrations,
    blobReferrers: [{ table: 'governance_approvals', column: 'digest', holds: 'digest' }],
    routes: governanceRoutes(needs, listServed),
    declarables: [policiesDeclarable],
    reactors: [endedRuns],
    jobs: [
      {
        kind: EXPIRE_JOB,
        run: (scope, payload) => expireApproval(scope, String(payload.approval)),
      },
    ],
    promotionPolicy: { requirement: (scope, request) => requirement(scope, registry, request) },
    approvals: stepApprovals,
    getApproval,
    listApprovals,
    inventory: (scope) => inventory(scope, registry, listServed),
  };
}
