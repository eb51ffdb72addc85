/**
 * Always-valid tests: look after every observation, stop whenever you like, and the chance of ever rejecting a
 * true null stays at or below alpha.
 *
 * Each test multiplies a wealth that is expected not to grow under the null (an e-process); by Ville's
 * inequality P(wealth ever ≥ 1/alpha) ≤ alpha. A test is an object with `start`, `update` and `result`. States
 * are plain JSON, updates are pure. A rejection, once reached, stays.
 *
 * Validity rests on what each observation may expect given the past, so a unit that sends many dependent
 * observations must be counted once per window.
 *
 * Sources: M. Lindon, A. Malek, "Anytime-valid inference for multinomial count data", arXiv 2011.03567 (event
 * shares); I. Waudby-Smith, A. Ramdas (2023), "Estimating means of bounded random variables by betting", JRSS B
 * 86 (bets, empirical-Bernstein confidence sequence).
 */

export {
  type BetaShareState,
  betaShareTest,
  DEFAULT_RATIOS,
  type RatioGridState,
  ratioGridTest,
} from './sequential/events.ts';
export {
  armContrast,
  type BoundedMeanState,
  boundedMeanTest,
  type ConfidenceSequenceResult,
  type ConfidenceSequenceState,
  confidenceSequence,
} from './sequential/means.ts';
export { expectedSamples, type SamplePlan } from './sequential/planning.ts';
export type { SequentialResult } from './sequential/wealth.ts';
