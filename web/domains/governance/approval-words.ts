import type { Approval, Policy } from '../../api/types.ts';

/** What an approval asks for, in a few words. */
export function approvalTitle(approval: Approval): string {
  if (approval.kind === 'step') return approval.question;
  return `${approval.model} version ${approval.version} to ${approval.environment}`;
}

/** The risk of what ships; a step of a pipeline has none. */
export function riskWords(approval: Approval): string {
  return approval.kind === 'step' ? '' : (approval.severity ?? 'not rated');
}

/** How many decisions are in and how many it takes. */
export function decidedWords(approval: Approval): string {
  const given = approval.decisions.filter((decision) => decision.decision === 'approve').length;
  return `${given} of ${approval.required} approvals`;
}

/** What a policy asks, as a sentence. */
export function policySentence(policy: Policy): string {
  const { approvals } = policy.spec;
  const who = (approvals.roles ?? ['approver']).join(' or ');
  const many = approvals.required ?? 1;
  const risk = approvals.when?.severity
    ? `risk is ${approvals.when.severity} or above`
    : approvals.when?.score
      ? `risk score is ${approvals.when.score} or above`
      : 'anything ships';
  const models = approvals.models && approvals.models.length > 0 ? ` of ${approvals.models.join(', ')}` : '';
  const where = approvals.environment === '*' ? 'every environment' : (approvals.environment ?? 'prod');
  const apart = approvals.separateFrom?.includes('builder')
    ? 'neither asked for it nor built it'
    : 'did not ask for it';
  return `When ${risk}, a version${models} takes traffic in ${where} only after ${many} ${many === 1 ? 'person' : 'people'} in the role ${who} who ${apart} approved it.`;
}
