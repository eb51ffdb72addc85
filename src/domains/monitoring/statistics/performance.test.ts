import { describe, expect, it } from 'vitest';
import { persists } from '../../../math/persistence.ts';
import { createRandom, type Random } from '../../../math/random.ts';
import { flagged, type HourSums, judgePerformance, type PerformanceRule, valuesOf } from './performance.ts';

const rule: PerformanceRule = {
  metric: 'log-loss',
  alpha: 0.01,
  minimumRows: 200,
  calibrationMargin: 0.1,
};
const learningWindows = 7;
const ranking = { auc: null, positives: 0, negatives: 0 };

/** One day whose outcomes follow log-odds that wander by hour and by day; `decay` is what the model does not know. */
function day(random: Random, level: number, decay = 0, rows = 600): HourSums[] {
  return Array.from({ length: 24 }, () => {
    const sums = { n: 0, labels: 0, scores: 0, logLoss: 0, excess: 0, brier: 0 };
    const wave = level + 0.15 * random.normal();
    const hidden = decay + 0.08 * random.normal();
    for (let i = 0; i < rows / 24; i++) {
      const odds = -1.3 + wave + random.normal();
      const p = 1 / (1 + Math.exp(-odds));
      const y = random.next() < 1 / (1 + Math.exp(-odds - hidden)) ? 1 : 0;
      sums.n++;
      sums.labels += y;
      sums.scores += p;
      sums.logLoss -= Math.log(y === 1 ? p : 1 - p);
      sums.excess += (p - y) * odds;
      sums.brier += (p - y) ** 2;
    }
    return sums;
  });
}

/** Incident starts among `days` judged windows after the learning ones, and the first of them. */
function simulate(seed: number, days: number, decayFrom: number, decay: number) {
  const random = createRandom(seed);
  const history: ReturnType<typeof valuesOf>[] = [];
  const flags: boolean[] = [];
  let level = 0;
  let episodes = 0;
  let first: number | null = null;
  let isOpen = false;
  for (let d = 0; d < learningWindows + days; d++) {
    level = 0.5 * level + 0.1 * random.normal();
    const isDecayed = d - learningWindows >= decayFrom;
    const hours = day(random, level, isDecayed ? decay : 0);
    const performance = judgePerformance(
      hours,
      ranking,
      { groups: [history.slice(0, learningWindows)], needed: [learningWindows] },
      rule,
      0.22,
    );
    history.push(valuesOf(performance));
    flags.push(flagged(performance).length > 0);
    const isFiring = (flags.at(-1) as boolean) && persists(flags, 2, 3);
    if (isFiring && !isOpen) {
      episodes++;
      first ??= d - learningWindows;
      isOpen = true;
    }
    if (flags.slice(-2).every((flag) => !flag)) isOpen = false;
  }
  return { episodes, first };
}

const none = { groups: [], needed: [] };

describe('performance', () => {
  it('opens at most one false episode in 200 windows of stationary, autocorrelated traffic', () => {
    let episodes = 0;
    for (let seed = 1; seed <= 40; seed++)
      episodes += simulate(seed, 30, Number.POSITIVE_INFINITY, 0).episodes;
    // 40 runs of 30 windows. Two of three windows beyond two limits of 1 % each, and the autocorrelation of days.
    expect(episodes / (40 * 30)).toBeLessThanOrEqual(1 / 200);
  });

  it('finds a model that under-predicts by 0.6 in log-odds within a week, in nine runs of ten', () => {
    let found = 0;
    for (let seed = 101; seed <= 120; seed++) {
      const { first } = simulate(seed, 20, 10, 0.6);
      if (first !== null && first >= 10 && first <= 16) found++;
    }
    expect(found).toBeGreaterThanOrEqual(18);
  });

  it('gives figures, intervals and a clustered error that does not shrink with copies of an hour', () => {
    const hours = day(createRandom(5), 0, 0, 2400);
    const performance = judgePerformance(
      hours,
      { auc: 0.7, positives: 200, negatives: 400 },
      none,
      rule,
      null,
    );
    const { logLoss, calibrationGap, excessLogLoss, auc } = performance;
    expect(performance.n).toBe(2400);
    expect(logLoss.low).toBeLessThan(logLoss.value as number);
    expect(Math.abs(calibrationGap.value as number)).toBeLessThan(0.05);
    expect(Math.abs(excessLogLoss.value as number)).toBeLessThan(0.06);
    expect(auc.standardError).toBeCloseTo(0.023547, 6);
    expect(logLoss.limit).toBeNull();
    const doubled = hours.map((hour) => Object.fromEntries(Object.entries(hour).map(([k, v]) => [k, 2 * v])));
    const twice = judgePerformance(doubled as HourSums[], ranking, none, rule, null);
    expect(twice.logLoss.standardError).toBeCloseTo(logLoss.standardError as number, 12);
  });

  it('says nothing about an empty window', () => {
    const { logLoss, n } = judgePerformance([], ranking, none, rule, null);
    expect(n).toBe(0);
    expect(logLoss).toMatchObject({ value: null, low: null, limit: null, flag: false });
  });
});
