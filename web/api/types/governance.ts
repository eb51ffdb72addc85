import type { Static } from 'typebox';
import type {
  ApprovalReply,
  InventoryReply,
  PolicyReply,
} from '../../../src/domains/governance/governance.contract.ts';

/** Of a promotion, bound to bytes and a policy, or of a pipeline step that waits for the answer to its question. */
export type Approval = Static<typeof ApprovalReply>;
export type Policy = Static<typeof PolicyReply>;
export type InventoryItem = Static<typeof InventoryReply>['items'][number];
