import type { Risk } from './registry.ts';

type Promotion = {
  policy: string;
  policyDigest: string;
  model: string;
  version: number;
  digest: string;
  environment: string;
};
/** Of a promotion, bound to bytes and a policy, or of a pipeline step that waits for the answer to its question. */
export type Approval = (
  | ({ kind: 'promotion'; question: null; run: null; step: null } & Promotion)
  | ({ kind: 'step'; question: string; run: string; step: string } & { [K in keyof Promotion]: null })
) & {
  id: string;
  state: 'pending' | 'granted' | 'rejected' | 'expired' | 'superseded';
  subject: string;
  severity: Risk['severity'] | null;
  required: number;
  roles: string[];
  requester: string;
  excluded: string[];
  decisions: { actor: string; decision: 'approve' | 'reject'; reason: string; time: string }[];
  requestedAt: string;
  decidedAt: string | null;
  expiresAt: string;
};
export type Policy = {
  name: string;
  revision: number;
  digest: string;
  spec: {
    description?: string;
    enabled?: boolean;
    approvals: {
      when?: { severity?: string; score?: number };
      environment?: string;
      models?: string[];
      required?: number;
      roles?: string[];
      separateFrom?: string[];
      expiresAfterHours?: number;
    };
  };
  createdAt: string;
  actor: string;
};
export type InventoryItem = {
  model: string;
  description: string;
  owner: string;
  risk: Risk | null;
  versions: number;
  aliases: Record<string, number>;
  deployments: {
    deployment: string;
    environment: string;
    version: number;
    digest: string | null;
    verdict: string | null;
    approvals: { id: string; state: string; policy: string }[];
  }[];
  policies: string[];
};
