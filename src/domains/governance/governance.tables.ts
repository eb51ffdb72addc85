import type { Migration } from '../../platform/db/database.ts';
import { governanceTables } from './migrations/governance-001-tables.ts';

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

export type ApprovalRow = {
  id: string;
  /** Policy, policy digest, model digest, environment and count: one open request for each. */
  key: string;
  state: string;
  policy: string;
  policy_digest: string;
  model: string;
  version: number;
  digest: string;
  environment: string;
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

export const governanceMigrations: Migration[] = [governanceTables];
