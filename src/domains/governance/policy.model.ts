import { atLeast, type Risk } from '../registry/index.ts';
import type { PolicySpecInput } from './governance.contract.ts';

/** What a policy asks for, with its defaults filled in. */
export type ApprovalRule = {
  required: number;
  roles: string[];
  excludesBuilder: boolean;
  expiresAfterMs: number;
};

const HOUR_MS = 3_600_000;
const DEFAULT_ENVIRONMENT = 'prod';

/**
 * Whether a policy asks for approvals before this promotion. Risk counts when it reaches the severity or the score.
 * A model that nobody has rated counts as reaching every bound: unknown risk is not low risk.
 */
export function policyApplies(
  { enabled = true, approvals }: PolicySpecInput,
  promotion: { model: string; environment: string; risk: Risk | null },
): boolean {
  const { when, environment = DEFAULT_ENVIRONMENT, models } = approvals;
  if (!enabled) return false;
  if (environment !== '*' && environment !== promotion.environment) return false;
  if (models && !models.includes(promotion.model)) return false;
  const { severity, score } = when ?? {};
  if (severity === undefined && score === undefined) return true;
  const { risk } = promotion;
  if (risk === null) return true;
  return (
    (severity !== undefined && atLeast(risk.severity, severity)) ||
    (score !== undefined && risk.score >= score)
  );
}

/** The rule of a policy with its safe defaults: one approver who is not the requester, within a week. */
export function approvalRule({ approvals }: PolicySpecInput): ApprovalRule {
  return {
    required: approvals.required ?? 1,
    roles: approvals.roles ?? ['approver'],
    excludesBuilder: approvals.separateFrom?.includes('builder') ?? false,
    expiresAfterMs: (approvals.expiresAfterHours ?? 168) * HOUR_MS,
  };
}

export type DecisionWord = 'approve' | 'reject';

/** Where an approval stands: one rejection ends it, `required` different people grant it. */
export function approvalOutcome(
  decisions: readonly DecisionWord[],
  required: number,
): 'pending' | 'granted' | 'rejected' {
  if (decisions.includes('reject')) return 'rejected';
  return decisions.length >= required ? 'granted' : 'pending';
}

/** Why this person may not decide, or undefined when they may. */
export function decisionObstacle(
  { actor, roles }: { actor: string; roles: readonly string[] },
  approval: { excluded: readonly string[]; roles: readonly string[]; deciders: readonly string[] },
): 'own' | 'role' | 'twice' | undefined {
  if (approval.excluded.includes(actor)) return 'own';
  if (!approval.roles.some((role) => roles.includes(role))) return 'role';
  return approval.deciders.includes(actor) ? 'twice' : undefined;
}
