import type { RolloutSpecInput } from './rollout.contract.ts';

export type RolloutStateName =
  | 'awaiting-approval'
  | 'shadow'
  | 'canary'
  | 'promoted'
  | 'rolled-back'
  | 'aborted'
  | 'held';

/** Every choice of a rollout, filled in and frozen when it starts. */
export type RolloutSettings = {
  strategy: 'canary' | 'immediate';
  steps: number[];
  shadowRequests: number;
  minimumRequests: number;
  minimumLabelled: number;
  requireLabels: boolean;
  loss: 'brier' | 'log-loss';
  margin: number;
  alpha: number;
  /** Null until the rollout starts: then from the champion's latency. */
  latencyObjectiveMs: number | null;
  timeoutMinutes: number;
  stickyParameter: string | null;
};

/** The safe defaults: aside first, a tenth, a half, and promoted only with outcomes that show it is no worse. */
export function rolloutSettings(spec: RolloutSpecInput = {}): RolloutSettings {
  const loss = spec.loss ?? 'brier';
  return {
    strategy: spec.strategy ?? 'canary',
    steps: spec.steps ?? [10, 50],
    shadowRequests: spec.shadowRequests ?? 50,
    minimumRequests: spec.minimumRequests ?? 100,
    minimumLabelled: spec.minimumLabelled ?? 200,
    requireLabels: spec.requireLabels ?? true,
    loss,
    margin: spec.margin ?? (loss === 'brier' ? 0.01 : 0.03),
    alpha: spec.alpha ?? 0.05,
    latencyObjectiveMs: spec.latencyObjectiveMs ?? null,
    timeoutMinutes: spec.timeoutMinutes ?? 7 * 24 * 60,
    stickyParameter: spec.stickyParameter ?? null,
  };
}

export const openStates: readonly RolloutStateName[] = ['awaiting-approval', 'shadow', 'canary', 'held'];
/** States in which the challenger is loaded and scored. */
export const liveStates: readonly RolloutStateName[] = ['shadow', 'canary'];

/** What the evidence says at one moment. */
export type Verdict = {
  /** Name and reason of the first harm test that alarmed. */
  harm: { test: string; reason: string } | null;
  /** The split of the traffic is not the one that was set. */
  splitBroken: boolean;
  isNonInferior: boolean;
  labelled: number;
  pairs: number;
};

export type Move =
  | { to: 'rolled-back' | 'held' | 'promoted'; reason: string }
  | { to: 'canary'; step: number; weight: number; reason: string }
  | null;

/**
 * The next move of a running rollout, or null to go on watching. Harm always wins; without enough data nothing
 * advances, and nothing is ever promoted on a time-out.
 */
export function nextMove(
  rollout: { state: RolloutStateName; step: number; startedAt: number; stepRequests: number },
  settings: RolloutSettings,
  verdict: Verdict,
  now: number,
): Move {
  if (rollout.state !== 'shadow' && rollout.state !== 'canary') return null;
  if (verdict.harm) return { to: 'rolled-back', reason: verdict.harm.reason };
  if (verdict.splitBroken) {
    return { to: 'held', reason: 'The traffic did not split as set, so the arms cannot be compared.' };
  }
  const enough = rollout.state === 'shadow' ? settings.shadowRequests : settings.minimumRequests;
  const isLastStep = rollout.state === 'canary' && rollout.step >= settings.steps.length;
  if (rollout.stepRequests >= enough && !isLastStep) {
    const step = rollout.state === 'shadow' ? 1 : rollout.step + 1;
    const weight = settings.steps[step - 1];
    return {
      to: 'canary',
      step,
      weight,
      reason: `No harm in ${rollout.stepRequests} requests; ${weight} % next.`,
    };
  }
  if (isLastStep && rollout.stepRequests >= enough) {
    if (!settings.requireLabels) {
      return { to: 'promoted', reason: `No harm in ${verdict.pairs} requests; outcomes were not asked for.` };
    }
    if (verdict.isNonInferior && verdict.labelled >= settings.minimumLabelled) {
      return {
        to: 'promoted',
        reason: `Not worse than the champion by more than ${settings.margin} in ${verdict.labelled} requests with outcomes.`,
      };
    }
  }
  if (now - rollout.startedAt < settings.timeoutMinutes * 60_000) return null;
  const missing =
    verdict.labelled < settings.minimumLabelled ? 'too few requests with outcomes' : 'no clear difference';
  return {
    to: 'held',
    reason: `Undecided after ${settings.timeoutMinutes} minutes: ${missing}. A person decides.`,
  };
}

/**
 * Whether a request goes to the challenger: a hash of its id (or sticky value) and the rollout's salt, so that
 * one value keeps its arm and every rollout splits anew.
 */
export function isChallengers(key: string, salt: string, weight: number): boolean {
  if (weight <= 0) return false;
  let hash = 0x811c9dc5;
  for (let i = 0; i < salt.length; i++) hash = Math.imul(hash ^ salt.charCodeAt(i), 0x01000193);
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return (hash >>> 0) / 0x1_0000_0000 < weight / 100;
}
