import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFixture, relativeError } from '../../test/fixtures/math/read-fixture.ts';
import { createRandom, type Random } from './random.ts';
import {
  armContrast,
  betaShareTest,
  boundedMeanTest,
  confidenceSequence,
  expectedSamples,
  ratioGridTest,
  type SequentialResult,
} from './sequential.ts';

const fixture = readFixture<{
  events: {
    x: number;
    n: number;
    share: number;
    tolerated: number;
    ratioGridLogE: number;
    betaShareLogE: number;
  };
  means: { observations: number[]; nullMean: number; logE: number; lower: number; upper: number };
}>('sequential');

/** Plays `rounds` experiments; share that ever rejected, and the median of when (Infinity when it did not). */
function play(rounds: number, experiment: (random: Random) => number): { rejected: number; median: number } {
  const random = createRandom(20_260_101);
  const times = Array.from({ length: rounds }, () => experiment(random)).sort((a, b) => a - b);
  return { rejected: times.filter(Number.isFinite).length / rounds, median: times[rounds >> 1] };
}

/** One canary with failure counts looked at after every failure; the request at which it rejects. */
function ratioGridRun(
  random: Random,
  rates: [control: number, treatment: number],
  share: number,
  requests: number,
): number {
  let state = ratioGridTest.start();
  for (let request = 1; request <= requests; request++) {
    const inTreatment = random.next() < share;
    if (random.next() >= rates[inTreatment ? 1 : 0]) continue;
    const [treatmentEvents, controlEvents] = inTreatment ? [1, 0] : [0, 1];
    state = ratioGridTest.update(state, { treatmentEvents, controlEvents, treatmentShare: share });
    if (ratioGridTest.result(state).rejects) return request;
  }
  return Number.POSITIVE_INFINITY;
}

/** At most alpha, with three standard errors of the simulation. */
function bound(alpha: number, rounds: number): number {
  return alpha + 3.29 * Math.sqrt((alpha * (1 - alpha)) / rounds);
}

describe('ratioGridTest', () => {
  const { x, n, share, tolerated, ratioGridLogE } = fixture.events;

  it('agrees with the ratio of binomials', () => {
    const start = ratioGridTest.start({ toleratedRatio: tolerated });
    const state = ratioGridTest.update(start, {
      treatmentEvents: x,
      controlEvents: n - x,
      treatmentShare: share,
    });
    expect(relativeError(ratioGridTest.result(state).logE, ratioGridLogE)).toBeLessThan(1e-12);
    expect(start).toEqual(ratioGridTest.start({ toleratedRatio: tolerated }));
  });

  it('does not depend on how failures are batched, and survives JSON', () => {
    let state = ratioGridTest.start({ toleratedRatio: tolerated });
    for (let i = 0; i < n; i++) {
      const batch = { treatmentEvents: i < x ? 1 : 0, controlEvents: i < x ? 0 : 1, treatmentShare: share };
      state = ratioGridTest.update(JSON.parse(JSON.stringify(state)), batch);
    }
    expect(ratioGridTest.result(state).logE).toBeCloseTo(ratioGridLogE, 10);
    // All treatment failures came first: the wealth was larger then, and a rejection stays.
    expect(ratioGridTest.result(state).pValue).toBeLessThanOrEqual(Math.exp(-ratioGridLogE));
    expect(ratioGridTest.result(state).rejects).toBe(true);
  });

  it('is expected not to grow by one more event under the null, at any share and tolerated ratio', () => {
    const inside = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(
        inside,
        fc.double({ min: 0.5, max: 4, noNaN: true }),
        inside,
        fc.nat(20),
        fc.nat(20),
        (share, r0, part, a, b) => {
          const before = ratioGridTest.update(ratioGridTest.start({ toleratedRatio: r0 }), {
            treatmentEvents: a,
            controlEvents: b,
            treatmentShare: share,
          });
          const ratio = r0 * part;
          const chance = (share * ratio) / (share * ratio + 1 - share);
          const nextLogE = (treatmentEvents: number): number =>
            ratioGridTest.update(before, {
              treatmentEvents,
              controlEvents: 1 - treatmentEvents,
              treatmentShare: share,
            }).logE;
          const growth =
            chance * Math.exp(nextLogE(1) - before.logE) + (1 - chance) * Math.exp(nextLogE(0) - before.logE);
          expect(growth).toBeLessThanOrEqual(1 + 1e-12);
        },
      ),
    );
  });

  it('rolls back a good canary less often than alpha, looked at after every failure', () => {
    const rounds = 1500;
    const { rejected } = play(rounds, (random) => ratioGridRun(random, [0.01, 0.01], 0.1, 20_000));
    expect(rejected).toBeLessThan(bound(0.05, rounds));
  });

  it('finds harm about when the plan says', () => {
    for (const [rates, share] of [
      [[0.01, 0.05], 0.1],
      [[0.01, 0.02], 0.5],
      [[0.01, 0.5], 0.1],
    ] as const) {
      const { rejected, median } = play(120, (random) => ratioGridRun(random, [...rates], share, 40_000));
      const [controlRate, treatmentRate] = rates;
      const planned = expectedSamples({
        test: 'ratio-grid',
        controlRate,
        treatmentRate,
        treatmentShare: share,
      });
      expect(rejected).toBeGreaterThan(0.99);
      expect(median / planned).toBeGreaterThan(0.4);
      expect(median / planned).toBeLessThan(1.6);
    }
  });

  it('refuses impossible options and batches', () => {
    expect(() => ratioGridTest.start({ alpha: 0 })).toThrow(RangeError);
    expect(() => ratioGridTest.start({ ratios: [1] })).toThrow(RangeError);
    expect(() => ratioGridTest.start({ toleratedRatio: 0 })).toThrow(RangeError);
    const batch = { treatmentEvents: 1, controlEvents: -1, treatmentShare: 0.5 };
    expect(() => ratioGridTest.update(ratioGridTest.start(), batch)).toThrow(RangeError);
    expect(() =>
      ratioGridTest.update(ratioGridTest.start(), { ...batch, controlEvents: 0, treatmentShare: 1 }),
    ).toThrow(RangeError);
  });
});

describe('betaShareTest', () => {
  it('agrees with the ratio of beta functions', () => {
    const { x, n, share, betaShareLogE } = fixture.events;
    const state = betaShareTest.update(betaShareTest.start(), {
      treatment: x,
      control: n - x,
      treatmentShare: share,
    });
    expect(relativeError(betaShareTest.result(state).logE, betaShareLogE)).toBeLessThan(1e-11);
  });

  it('is a martingale under the null, also across a change of share', () => {
    const inside = fc.double({ min: 0.02, max: 0.98, noNaN: true });
    fc.assert(
      fc.property(inside, inside, fc.nat(50), fc.nat(50), (first, second, treatment, control) => {
        const before = betaShareTest.update(betaShareTest.start(), {
          treatment,
          control,
          treatmentShare: first,
        });
        for (const share of [first, second]) {
          const nextLogE = (inTreatment: number): number =>
            betaShareTest.update(before, {
              treatment: inTreatment,
              control: 1 - inTreatment,
              treatmentShare: share,
            }).logE;
          const growth =
            share * Math.exp(nextLogE(1) - before.logE) + (1 - share) * Math.exp(nextLogE(0) - before.logE);
          expect(growth).toBeCloseTo(1, 9);
        }
      }),
    );
  });

  it('alarms on a right split less often than alpha and finds a wrong one', () => {
    const run = (random: Random, actual: number): number => {
      let state = betaShareTest.start({ alpha: 0.05 });
      for (let batch = 1; batch <= 400; batch++) {
        const treatmentShare = batch <= 100 ? 0.1 : 0.5;
        let treatment = 0;
        for (let i = 0; i < 10; i++) if (random.next() < treatmentShare * actual) treatment++;
        state = betaShareTest.update(state, { treatment, control: 10 - treatment, treatmentShare });
        if (betaShareTest.result(state).rejects) return batch * 10;
      }
      return Number.POSITIVE_INFINITY;
    };
    expect(play(1500, (random) => run(random, 1)).rejected).toBeLessThan(bound(0.05, 1500));
    expect(play(100, (random) => run(random, 0.85)).rejected).toBeGreaterThan(0.99);
  });
});

describe('boundedMeanTest', () => {
  const { observations, nullMean, logE } = fixture.means;
  const read = (
    options: Parameters<typeof boundedMeanTest.start>[0],
    values: ArrayLike<number>,
  ): SequentialResult =>
    boundedMeanTest.result(boundedMeanTest.update(boundedMeanTest.start(options), values));

  it('agrees with the definition', () => {
    expect(relativeError(read({ nullMean, lower: 0, upper: 1 }, observations).logE, logE)).toBeLessThan(
      1e-12,
    );
  });

  it('scales, mirrors, and does not depend on batches', () => {
    const whole = read({ nullMean, lower: 0, upper: 1 }, observations);
    const scaled = observations.map((value) => 10 * value - 4);
    expect(read({ nullMean: 10 * nullMean - 4, lower: -4, upper: 6 }, scaled).logE).toBeCloseTo(
      whole.logE,
      9,
    );
    const mirrored = observations.map((value) => -value);
    const options = { nullMean: -nullMean, lower: -1, upper: 0, alternative: 'less' } as const;
    expect(read(options, mirrored).logE).toBeCloseTo(whole.logE, 9);
    let state = boundedMeanTest.start({ nullMean, lower: 0, upper: 1 });
    for (const value of observations)
      state = boundedMeanTest.update(JSON.parse(JSON.stringify(state)), [value]);
    expect(boundedMeanTest.result(state)).toEqual(whole);
  });

  it('cuts values outside the bounds and skips NaN, and counts both', () => {
    const start = boundedMeanTest.start({ nullMean: 0 });
    const state = boundedMeanTest.update(start, [3, Number.NaN, -0.5]);
    expect(state).toMatchObject({ n: 2, clipped: 1, missing: 1 });
    expect(boundedMeanTest.update(start, [1, -0.5]).logE).toBe(state.logE);
    expect(() => boundedMeanTest.start({ nullMean: 1 })).toThrow(RangeError);
  });

  const meanRun = (random: Random, draw: (random: Random) => number, nullMean: number, n: number): number => {
    let state = boundedMeanTest.start({ nullMean, lower: 0, upper: 1 });
    for (let i = 1; i <= n; i += 10) {
      state = boundedMeanTest.update(
        state,
        Array.from({ length: 10 }, () => draw(random)),
      );
      if (state.maxLogE >= -Math.log(0.05)) return i + 9;
    }
    return Number.POSITIVE_INFINITY;
  };

  it.each([0.01, 0.1, 0.5, 0.9])('rejects a true mean of %d less often than alpha', (mean) => {
    const { rejected } = play(1000, (random) =>
      meanRun(random, () => (random.next() < mean ? 1 : 0), mean, 3000),
    );
    expect(rejected).toBeLessThan(bound(0.05, 1000));
  });

  it('finds a higher mean about when the plan says', () => {
    for (const [mean, null_] of [
      [0.12, 0.1],
      [0.55, 0.5],
      [0.02, 0.01],
    ] as const) {
      const { rejected, median } = play(100, (random) =>
        meanRun(random, () => (random.next() < mean ? 1 : 0), null_, 30_000),
      );
      const standardDeviation = Math.sqrt(mean * (1 - mean));
      const planned = expectedSamples({ test: 'bounded-mean', effect: mean - null_, standardDeviation });
      expect(rejected).toBeGreaterThan(0.97);
      expect(median / planned).toBeGreaterThan(0.5);
      expect(median / planned).toBeLessThan(2);
    }
  });
});

describe('armContrast', () => {
  it('stays in [−1, 1] and has mean 0 at the margin, whatever the baseline', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    const share = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(unit, unit, unit, share, (treatmentMean, controlMean, baseline, treatmentShare) => {
        const margin = treatmentMean - controlMean;
        const of = (inTreatment: boolean, value: number): number =>
          armContrast({ inTreatment, value, treatmentShare, margin, baseline });
        for (const value of [0, 1]) {
          expect(Math.abs(of(true, value))).toBeLessThanOrEqual(1 + 1e-12);
          expect(Math.abs(of(false, value))).toBeLessThanOrEqual(1 + 1e-12);
        }
        const mean = treatmentShare * of(true, treatmentMean) + (1 - treatmentShare) * of(false, controlMean);
        expect(mean).toBeCloseTo(0, 12);
      }),
    );
  });

  const canaryRun = (
    random: Random,
    rates: readonly [control: number, treatment: number],
    gate: {
      margin: number;
      alternative: 'greater' | 'less';
      shares: readonly [first: number, later: number];
      requests: number;
    },
  ): number => {
    let state = boundedMeanTest.start({ nullMean: 0, alternative: gate.alternative });
    let controlRows = 1;
    let controlSum = 0.5;
    for (let request = 1; request <= gate.requests; request++) {
      const treatmentShare = gate.shares[request > 1000 ? 1 : 0];
      const inTreatment = random.next() < treatmentShare;
      const value = random.next() < rates[inTreatment ? 1 : 0] ? 1 : 0;
      const baseline = controlSum / controlRows;
      state = boundedMeanTest.update(state, [
        armContrast({ inTreatment, value, treatmentShare, baseline, margin: gate.margin }),
      ]);
      if (!inTreatment) {
        controlRows++;
        controlSum += value;
      }
      if (state.maxLogE >= -Math.log(0.05)) return request;
    }
    return Number.POSITIVE_INFINITY;
  };

  it('rolls back a canary at the margin, and promotes one, less often than alpha', () => {
    const gate = { margin: 0.02, shares: [0.1, 0.2], requests: 3000 } as const;
    for (const alternative of ['greater', 'less'] as const) {
      const { rejected } = play(500, (random) => canaryRun(random, [0.05, 0.07], { ...gate, alternative }));
      expect(rejected).toBeLessThan(bound(0.05, 500));
    }
  });

  it('finds harm, and finds an equal canary non-inferior, about when the plan says', () => {
    const cases = [
      { rates: [0.05, 0.15], margin: 0, alternative: 'greater', share: 0.2, effect: 0.1 },
      { rates: [0.05, 0.05], margin: 0.05, alternative: 'less', share: 0.5, effect: 0.05 },
    ] as const;
    for (const { rates, margin, alternative, share, effect } of cases) {
      const gate = { margin, alternative, shares: [share, share], requests: 20_000 } as const;
      const { median } = play(60, (random) => canaryRun(random, rates, gate));
      const standardDeviation = Math.sqrt(rates[1] * (1 - rates[1]));
      const planned = expectedSamples({
        test: 'arm-contrast',
        effect,
        standardDeviation,
        treatmentShare: share,
      });
      expect(median / planned).toBeGreaterThan(0.5);
      expect(median / planned).toBeLessThan(2);
    }
  });
});

describe('confidenceSequence', () => {
  it('agrees with the definition', () => {
    const { observations, lower, upper } = fixture.means;
    const state = confidenceSequence.update(confidenceSequence.start(), observations);
    expect(confidenceSequence.result(state).lower).toBeCloseTo(lower, 12);
    expect(confidenceSequence.result(state).upper).toBeCloseTo(upper, 12);
  });

  it('starts knowing the bounds only, and refuses none', () => {
    const start = confidenceSequence.start({ lower: -2, upper: 4 });
    expect(confidenceSequence.result(start)).toMatchObject({
      estimate: Number.NaN,
      lower: -2,
      upper: 4,
      n: 0,
    });
    expect(() => confidenceSequence.start({ lower: 1, upper: 1 })).toThrow(RangeError);
  });

  it('misses the mean at any time less often than alpha, and narrows', () => {
    let width = 0;
    const { rejected } = play(600, (random) => {
      let state = confidenceSequence.start();
      for (let batch = 1; batch <= 60; batch++) {
        state = confidenceSequence.update(
          state,
          Array.from({ length: 25 }, () => random.beta(1, 4)),
        );
        // The running intersection remembers every look inside the batch.
        if (state.best[0] > 0.2 || state.best[1] < 0.2) return batch;
      }
      width += (state.best[1] - state.best[0]) / 600;
      return Number.POSITIVE_INFINITY;
    });
    expect(rejected).toBeLessThan(bound(0.05, 600));
    expect(width).toBeLessThan(0.06);
  });

  it('says so when the mean cannot have been constant', () => {
    const steps = Array.from({ length: 4000 }, (_, i) => (i < 2000 ? 0.1 : 0.9));
    const state = confidenceSequence.update(confidenceSequence.start(), steps);
    expect(confidenceSequence.result(state).isConsistent).toBe(false);
  });
});

describe('expectedSamples', () => {
  it('is endless without an effect, and falls with effect, share and alpha', () => {
    const plan = { test: 'ratio-grid', controlRate: 0.01, treatmentRate: 0.02, treatmentShare: 0.1 } as const;
    expect(expectedSamples({ ...plan, treatmentRate: 0.01 })).toBe(Number.POSITIVE_INFINITY);
    expect(expectedSamples({ ...plan, toleratedRatio: 3 })).toBe(Number.POSITIVE_INFINITY);
    expect(expectedSamples({ test: 'bounded-mean', effect: 0, standardDeviation: 1 })).toBe(
      Number.POSITIVE_INFINITY,
    );
    expect(expectedSamples({ ...plan, treatmentRate: 0.04 })).toBeLessThan(expectedSamples(plan));
    expect(expectedSamples({ ...plan, treatmentShare: 0.5 })).toBeLessThan(expectedSamples(plan));
    expect(expectedSamples({ ...plan, alpha: 0.2 })).toBeLessThan(expectedSamples(plan));
    expect(() => expectedSamples({ ...plan, controlRate: 2 })).toThrow(RangeError);
  });
});
