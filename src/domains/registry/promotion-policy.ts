import type { Scope } from '../../platform/scope.ts';

/** What is about to go live: one version, named by its bytes, in one environment. */
export type PromotionRequest = {
  model: string;
  version: number;
  /** `sha256:…` of the model's bytes; an approval is bound to it, never to a name. */
  digest: string;
  environment: string;
  /** Who asked for it, when that is not the scope's actor; may never approve it. */
  requester?: string;
};

/** What the policy says about a promotion right now. */
export type PromotionRequirement = {
  state: 'granted' | 'pending' | 'rejected' | 'not-required';
  /** The approval that decides, when there is one. */
  approvalId?: string;
  /** The policy that asks for it. */
  policy?: string;
  /** One sentence for people and for the rollout's record. */
  reason: string;
};

/**
 * Port: who must agree before a version takes production traffic. Governance implements it, serving asks it,
 * `main.ts` wires the two.
 *
 * `requirement` is idempotent by (model, digest, environment): the first call that needs an approval opens the
 * request and records it, later calls report its state. It joins an open transaction.
 */
export type PromotionPolicy = {
  requirement(scope: Scope, request: PromotionRequest): Promise<PromotionRequirement>;
};

/** The policy of a system without governance: nothing needs an approval. */
export const openPromotionPolicy: PromotionPolicy = {
  requirement: async () => ({ state: 'not-required', reason: 'No policy asks for an approval.' }),
};
