import type { LedgerEvent } from '../../../platform/ledger/index.ts';
import type { FaultRule, Incident } from '../monitoring.model.ts';

/** What an event means for the incidents of a rule. */
export type FaultMove =
  | {
      to: 'open';
      rule: FaultRule;
      severity: Incident['severity'];
      text: string;
      /** The revision stays off until a person releases it: quiet alone does not heal. */
      quarantined?: boolean;
    }
  /** Of `rules`; those with a revision in quarantine only when `released`. */
  | { to: 'heal'; rules: readonly FaultRule[]; resolution: string; released: boolean };

const ofModel = { crash: 'model-crash', hang: 'model-hang', memory: 'model-memory' } as const;
const modelRules = Object.values(ofModel);
const ruleOf = (kind: unknown): FaultRule => ofModel[kind as keyof typeof ofModel] ?? 'model-crash';

/** The ledger's events that tell of faults and of their end. */
export const faultTypes = [
  'serving.revision.faulted',
  'serving.revision.recovered',
  'serving.revision.quarantined',
  'serving.revision.released',
  'serving.upstream.failed',
  'serving.upstream.recovered',
  'serving.errors.raised',
  'serving.errors.settled',
  'serving.outputs.invalid',
  'serving.outputs.valid',
  'serving.log.refused',
  'serving.log.accepted',
  'serving.rollout.promoted',
  'serving.deployment.removed',
] as const;

/** What one of them opens or heals. A model that dies once is a ticket; one that nobody stands in for is a page. */
export function faultMove({ type, data }: LedgerEvent): FaultMove | null {
  const reason = typeof data.reason === 'string' ? data.reason : '';
  const heal = (rules: readonly FaultRule[], resolution: string, released = false): FaultMove => ({
    to: 'heal',
    rules,
    resolution,
    released,
  });
  switch (type) {
    case 'serving.revision.faulted':
      return { to: 'open', rule: ruleOf(data.kind), severity: 'ticket', text: String(data.detail) };
    case 'serving.revision.quarantined':
      return {
        to: 'open',
        rule: ruleOf(data.kind),
        severity: data.answeredBy === 'nobody' ? 'page' : 'ticket',
        text: `It went into quarantine. ${reason}`,
        quarantined: true,
      };
    case 'serving.revision.recovered':
      return heal(modelRules, reason);
    case 'serving.revision.released':
      return heal(modelRules, `It was released: ${reason}`, true);
    case 'serving.rollout.promoted':
      return heal(modelRules, `Version ${data.version} of ${data.model} took over.`, true);
    case 'serving.upstream.failed':
      return { to: 'open', rule: 'upstream', severity: 'page', text: reason };
    case 'serving.upstream.recovered':
      return heal(['upstream'], reason);
    case 'serving.errors.raised':
      return { to: 'open', rule: 'error-rate', severity: 'page', text: reason };
    case 'serving.errors.settled':
      return heal(['error-rate'], reason);
    case 'serving.outputs.invalid':
      return { to: 'open', rule: 'invalid-outputs', severity: 'ticket', text: reason };
    case 'serving.outputs.valid':
      return heal(['invalid-outputs'], reason);
    case 'serving.log.refused':
      return { to: 'open', rule: 'prediction-log', severity: 'page', text: reason };
    case 'serving.log.accepted':
      return heal(['prediction-log'], reason);
    case 'serving.deployment.removed':
      return heal(
        [...modelRules, 'upstream', 'error-rate', 'invalid-outputs'],
        'The deployment was taken off the air.',
        true,
      );
    default:
      return null;
  }
}
