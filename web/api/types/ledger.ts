import type { Static } from 'typebox';
import type {
  CheckpointsReply,
  EventReply,
  VerificationReply,
  WhyReply,
} from '../../../src/platform/ledger/ledger.contract.ts';
import type { DeadLettersReply } from '../../../src/platform/reactors/reactors.contract.ts';

export type LedgerEvent = Static<typeof EventReply>;
export type Why = Static<typeof WhyReply>;
export type WhyNode = Why['nodes'][number];
export type WhyEdge = Why['edges'][number];
export type Verification = Static<typeof VerificationReply>;
export type Checkpoint = Static<typeof CheckpointsReply>['items'][number];
export type DeadLetter = Static<typeof DeadLettersReply>['items'][number];
