import {
  betaShareTest,
  boundedMeanTest,
  confidenceSequence,
  ratioGridTest,
  type SequentialResult,
} from '../../../math/sequential.ts';
import { createLabelQueue, lossDifference } from './label-queue.ts';
import type { EvidenceTest } from './rollout.contract.ts';
import type { RolloutSettings, Verdict } from './rollout.model.ts';

/** How one arm did on one request; `endedAt` in milliseconds of any clock that goes on. */
export type ArmResult = {
  failed: boolean;
  computeMs: number;
  endedAt: number;
  scores: ArrayLike<number> | null;
};

/** The same rows through both arms, whichever of them answered. */
export type PairObservation = { id: string; time: number; champion: ArmResult; challenger: ArmResult };

/**
 * What speaks for and against a challenger. Both arms score every request of the rollout (one of them answers,
 * the other one runs aside), so each kind of failure falls on either arm with probability one half when they are
 * equally good, and losses compare in pairs. All tests hold at every look (see `math/sequential.ts`); alpha is
 * split evenly among the harm tests.
 */
export type EvidenceBook = {
  pair(observation: PairObservation): void;
  /** A request in a canary step went to this arm, while the challenger's share was `weight` percent. */
  assigned(toChallenger: boolean, weight: number): void;
  label(requestId: string, row: number, value: number): void;
  /** Whether a harm test has alarmed; cheap enough to ask after every request. */
  hasAlarm(): boolean;
  verdict(): Verdict;
  /** The tests with the history that was recorded at each `mark`. */
  tests(): EvidenceTest[];
  /** Adds the present values to the histories. */
  mark(now: number): void;
  /** Takes the histories of an earlier process. */
  restoreHistory(tests: readonly EvidenceTest[]): void;
  requests(): { champion: number; challenger: number; paired: number };
};

const harmTests = 4;
/** Slow answers count as harm when they are at least this share of all; a rarer one is no reason to go back. */
const slowShare = 0.005;
const historyPoints = 240;

/** Losses of one row; cut so that one row cannot decide alone. */
const losses = {
  brier: {
    bound: 0.25,
    of: (score: number, label: number) => (isBinary(label) ? (score - label) ** 2 : Number.NaN),
  },
  'log-loss': {
    bound: 1,
    of: (score: number, label: number) => {
      if (!isBinary(label)) return Number.NaN;
      const p = Math.min(1 - 1e-6, Math.max(1e-6, score));
      return label === 1 ? -Math.log(p) : -Math.log1p(-p);
    },
  },
} as const;

const isBinary = (label: number) => label === 0 || label === 1;

/** Creates the evidence of a rollout; `objectiveMs` is the time above which an answer counts as slow. */
export function createEvidence(settings: RolloutSettings, objectiveMs: number): EvidenceBook {
  const alpha = settings.alpha / harmTests;
  const loss = losses[settings.loss];
  const bounds = { lower: -loss.bound, upper: loss.bound };
  const { margin } = settings;
  let errors = ratioGridTest.start({ alpha });
  let invalid = ratioGridTest.start({ alpha });
  let slow = ratioGridTest.start({ alpha, toleratedRatio: 2 });
  let worse = boundedMeanTest.start({ nullMean: margin, ...bounds, alternative: 'greater', alpha });
  let noWorse = boundedMeanTest.start({
    nullMean: margin,
    ...bounds,
    alternative: 'less',
    alpha: settings.alpha,
  });
  let band = confidenceSequence.start({ ...bounds, alpha: settings.alpha });
  let split = betaShareTest.start({ alpha: 0.001 });
  const labels = createLabelQueue();
  const counts = { champion: 0, challenger: 0, paired: 0 };
  const arms = {
    champion: { failed: 0, invalid: 0, slow: 0, loss: 0 },
    challenger: { failed: 0, invalid: 0, slow: 0, loss: 0 },
  };
  const stalls = { champion: createStalls(), challenger: createStalls() };
  const disagreement = { sum: 0, rows: 0 };
  const histories = new Map<string, [number, number][]>();

  const countFailures = ({ champion, challenger }: PairObservation) => {
    const count = (kind: 'failed' | 'invalid' | 'slow', of: (result: ArmResult) => boolean) => {
      const inChampion = of(champion) ? 1 : 0;
      const inChallenger = of(challenger) ? 1 : 0;
      arms.champion[kind] += inChampion;
      arms.challenger[kind] += inChallenger;
      return { treatmentEvents: inChallenger, controlEvents: inChampion, treatmentShare: 0.5 };
    };
    const failures = count('failed', (result) => result.failed);
    if (failures.treatmentEvents + failures.controlEvents > 0)
      errors = ratioGridTest.update(errors, failures);
    const invalids = count('invalid', (result) => !result.failed && hasInvalid(result.scores));
    if (invalids.treatmentEvents + invalids.controlEvents > 0)
      invalid = ratioGridTest.update(invalid, invalids);
    const isSlow = (result: ArmResult) => result.computeMs > objectiveMs;
    count('slow', isSlow);
    const treatmentEvents = isSlow(challenger) && stalls.challenger.isNew(challenger) ? 1 : 0;
    const controlEvents = isSlow(champion) && stalls.champion.isNew(champion) ? 1 : 0;
    if (treatmentEvents + controlEvents > 0)
      slow = ratioGridTest.update(slow, { treatmentEvents, controlEvents, treatmentShare: 0.5 });
  };

  const judgeLabels = () => {
    for (const request of labels.take()) {
      const { champion, challenger, difference } = lossDifference(request, loss.of);
      if (Number.isNaN(difference)) continue;
      arms.champion.loss += champion;
      arms.challenger.loss += challenger;
      worse = boundedMeanTest.update(worse, [difference]);
      noWorse = boundedMeanTest.update(noWorse, [difference]);
      band = confidenceSequence.update(band, [difference]);
    }
  };

  const isTooSlow = () =>
    ratioGridTest.result(slow).rejects && arms.challenger.slow / counts.paired >= slowShare;
  const list = (): Omit<EvidenceTest, 'history'>[] => {
    const { paired } = counts;
    const share = (arm: 'champion' | 'challenger', kind: 'failed' | 'invalid' | 'slow') =>
      paired === 0 ? null : arms[arm][kind] / paired;
    const failing = (
      name: string,
      kind: 'failed' | 'invalid' | 'slow',
      result: SequentialResult,
      what: string,
      alarm = result.rejects,
    ) => ({
      ...eTest(name, 'harm', result, alpha, alarm),
      n: paired,
      champion: share('champion', kind),
      challenger: share('challenger', kind),
      reason: `${arms.challenger[kind]} of ${paired} requests ${what} with the challenger, ${arms.champion[kind]} with the champion.`,
    });
    const interval = confidenceSequence.result(band);
    const means = { champion: arms.champion.loss / band.n, challenger: arms.challenger.loss / band.n };
    const lossReason =
      band.n === 0
        ? 'No request with outcomes yet.'
        : `Mean ${settings.loss} ${means.challenger.toFixed(4)} against ${means.champion.toFixed(4)} in ${band.n} requests with outcomes.`;
    const lossPart = {
      n: band.n,
      interval: (band.n === 0 ? null : [interval.lower, interval.upper]) as EvidenceTest['interval'],
      champion: band.n === 0 ? null : means.champion,
      challenger: band.n === 0 ? null : means.challenger,
      reason: lossReason,
    };
    const assigned = counts.champion + counts.challenger;
    return [
      failing('errors', 'failed', ratioGridTest.result(errors), 'failed'),
      failing('invalid-outputs', 'invalid', ratioGridTest.result(invalid), 'had an invalid output'),
      failing(
        'latency',
        'slow',
        ratioGridTest.result(slow),
        `took over ${round(objectiveMs)} ms`,
        isTooSlow(),
      ),
      { ...eTest('loss', 'harm', boundedMeanTest.result(worse), alpha), ...lossPart },
      {
        ...eTest('non-inferiority', 'promotion', boundedMeanTest.result(noWorse), settings.alpha),
        ...lossPart,
      },
      {
        ...eTest('split', 'check', betaShareTest.result(split), 0.001),
        n: split.n,
        reason: `${counts.challenger} of ${assigned} requests went to the challenger.`,
      },
      {
        name: 'disagreement',
        kind: 'info',
        value: disagreement.rows === 0 ? null : disagreement.sum / disagreement.rows,
        bound: null,
        n: disagreement.rows,
        decision: 'none',
        unit: 'mean |difference| of scores',
        interval: null,
        champion: null,
        challenger: null,
        reason: 'How far the two scores of a row lie apart; shown, not judged.',
      },
    ];
  };

  return {
    pair(observation) {
      counts.paired++;
      countFailures(observation);
      const { champion, challenger } = observation;
      if (!champion.scores || !challenger.scores) return;
      labels.add(observation.id, champion.scores, challenger.scores);
      judgeLabels();
      for (let row = 0; row < champion.scores.length; row++) {
        const distance = Math.abs(champion.scores[row] - challenger.scores[row]);
        if (Number.isNaN(distance)) continue;
        disagreement.sum += distance;
        disagreement.rows++;
      }
    },
    assigned(toChallenger, weight) {
      counts[toChallenger ? 'challenger' : 'champion']++;
      if (weight <= 0 || weight >= 100) return;
      const treatment = toChallenger ? 1 : 0;
      split = betaShareTest.update(split, {
        treatment,
        control: 1 - treatment,
        treatmentShare: weight / 100,
      });
    },
    label(requestId, row, value) {
      labels.label(requestId, row, value);
      judgeLabels();
    },
    hasAlarm: () =>
      ratioGridTest.result(errors).rejects ||
      ratioGridTest.result(invalid).rejects ||
      boundedMeanTest.result(worse).rejects ||
      isTooSlow(),
    verdict: () => {
      const alarm = list().find((test) => test.kind === 'harm' && test.decision === 'alarm');
      return {
        harm: alarm ? { test: alarm.name, reason: alarm.reason } : null,
        splitBroken: betaShareTest.result(split).rejects,
        isNonInferior: boundedMeanTest.result(noWorse).rejects,
        labelled: band.n,
        pairs: counts.paired,
      };
    },
    tests: () => list().map((test) => ({ ...test, history: histories.get(test.name) ?? [] })),
    mark(now) {
      for (const { name, value } of list()) {
        if (value === null) continue;
        const history = histories.get(name) ?? [];
        if (history.at(-1)?.[1] === value) continue;
        history.push([now, value]);
        histories.set(name, history.length > historyPoints ? history.filter((_, i) => i % 2 === 1) : history);
      }
    },
    restoreHistory(tests) {
      for (const { name, history } of tests) histories.set(name, history as [number, number][]);
    },
    requests: () => ({ ...counts }),
  };
}

/** Enough for the answers and the runs aside, which lag behind them. */
const stallsKept = 16;

/**
 * Tells slow answers of an arm apart: those that overlap the same one are one event. Whatever holds the machine up for a
 * moment holds up all that runs then, often many requests in one run, and the test takes events to be independent.
 */
function createStalls() {
  const known: { from: number; to: number }[] = [];
  return {
    isNew({ endedAt: to, computeMs }: ArmResult): boolean {
      const from = to - computeMs;
      if (known.some((other) => from < other.to && to > other.from)) return false;
      known.push({ from, to });
      if (known.length > stallsKept) known.shift();
      return true;
    },
  };
}

function hasInvalid(scores: ArrayLike<number> | null): boolean {
  if (scores === null) return false;
  for (let i = 0; i < scores.length; i++) if (Number.isNaN(scores[i])) return true;
  return false;
}

function eTest(
  name: string,
  kind: EvidenceTest['kind'],
  result: SequentialResult,
  alpha: number,
  rejects = result.rejects,
) {
  const passed = kind === 'promotion' ? 'pass' : 'alarm';
  return {
    name,
    kind,
    value: Math.min(result.eValue, 1e12),
    bound: 1 / alpha,
    n: result.n,
    decision: rejects ? (passed as 'pass' | 'alarm') : ('undecided' as const),
    unit: 'e-value',
    interval: null as EvidenceTest['interval'],
    champion: null as number | null,
    challenger: null as number | null,
  };
}

const round = (value: number) => Math.round(value * 10) / 10;
