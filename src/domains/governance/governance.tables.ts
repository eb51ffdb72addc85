import type { Migration } from '../../platform/db/database.ts';
import { governanceTables } from './migrations/governance-001-tables.ts';
import { stepApprovals } from './migrations/governance-002-step-approvals.ts';

/** One frozen revision of a policy; the greatest revision of a name is in force. */
export type PolicyRow = {
  name: string;
  revision: number;
  workspace: string;
  digest: string;
  /** JSON of the spec. */
  spec: string;
  created_at: number;
  actor: string;
};

/** A request for decisions: on a promotion (bound to bytes, environment and policy) or on a waiting step. */
export type ApprovalRow = {
  id: string;
  kind: 'promotion' | 'step';
  /** Everything that it is bound to: one open request for each. */
  key: string;
  state: string;
  /** What it is about, as a ledger subject where there is one. */
  subject: string;
  /** Of a step. */
  question: string | null;
  run: string | null;
  step: string | null;
  /** Of a promotion. */
  policy: string | null;
  policy_digest: string | null;
  model: string | null;
  version: number | null;
  digest: string | null;
  environment: string | null;
  severity: string | null;
  required: number;
  /** JSON lists. */
  roles: string;
  excluded: string;
  requester: string;
  /** Number of decisions; its update orders people who decide at once. */
  decided: number;
  requested_at: number;
  decided_at: number | null;
  expires_at: number;
};

export type DecisionRow = {
  approval_id: string;
  actor: string;
  decision: string;
  reason: string;
  decided_at: number;
};

declare module '../../platform/db/database.ts' {
  interface Database {
    governance_policies: PolicyRow;
    governance_approvals: ApprovalRow;
    governance_decisions: DecisionRow;
  }
}

export const governanceMigrations: Migration[] = [governanceTables, stepApprovals];
