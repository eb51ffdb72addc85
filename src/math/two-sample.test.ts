import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFixture, relativeError } from '../../test/fixtures/math/read-fixture.ts';
import { falseAlarms } from './false-alarms.testing.ts';
import { kolmogorovSf, twoSampleKolmogorovSf } from './kolmogorov.ts';
import { createRandom } from './random.ts';
import {
  chiSquareHomogeneity,
  gTestHomogeneity,
  ksTwoSample,
  mannWhitneyU,
  sampleMoments,
  welchT,
  welchTFromMoments,
  zTwoProportions,
} from './two-sample.ts';

interface Case {
  a: number[];
  b: number[];
  ks: { statistic: number; exact: number; asymptotic: number };
  mannWhitney: { statistic: number; pValue: number };
  welch: { statistic: number; pValue: number; df: number; interval: number[] };
}
interface Table {
  p: number[];
  q: number[];
  df: number;
  chiSquare: number[];
  gTest: number[];
}
const fixture = readFixture<{ cases: Case[]; kstwo: number[][]; tables: Table[]; proportions: number[][] }>(
  'two-sample',
);

const sample = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 25 });

describe('ksTwoSample', () => {
  it('agrees with scipy, exact and asymptotic', () => {
    for (const { a, b, ks } of fixture.cases) {
      const exact = ksTwoSample(a, b);
      expect(relativeError(exact.statistic, ks.statistic)).toBeLessThan(1e-15);
      expect(relativeError(exact.pValue, ks.exact)).toBeLessThan(1e-12);
      expect(relativeError(ksTwoSample(a, b, 'asymptotic').pValue, ks.asymptotic)).toBeLessThan(1e-9);
    }
  });

  it('has the one-sample distribution of scipy’s kstwo', () => {
    for (const [d, n, p] of fixture.kstwo) {
      expect(relativeError(kolmogorovSf(d, n), p), `d = ${d}, n = ${n}`).toBeLessThan(1e-9);
    }
    expect([kolmogorovSf(0, 9), kolmogorovSf(1, 9), kolmogorovSf(0.5, 3000)]).toEqual([1, 0, 0]);
  });

  it('counts lattice paths, by both routes', () => {
    // n = m = 3: of 20 paths, 2 reach distance 3 and 12 reach distance 2.
    expect(twoSampleKolmogorovSf(1, 3, 3)).toBeCloseTo(2 / 20, 15);
    expect(twoSampleKolmogorovSf(2 / 3, 3, 3)).toBeCloseTo(12 / 20, 15);
    expect(twoSampleKolmogorovSf(1, 2, 3)).toBeCloseTo(2 / 10, 15);
  });

  it('depends on order only, and not on which sample comes first', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const result = ksTwoSample(a, b);
        expect(ksTwoSample(b, a).statistic).toBeCloseTo(result.statistic, 14);
        expect(
          ksTwoSample(
            a.map((x) => x ** 3 - 7),
            b.map((x) => x ** 3 - 7),
          ),
        ).toEqual(result);
        expect(result.pValue).toBeGreaterThanOrEqual(0);
        expect(result.pValue).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('gives p = 1 for all ties, NaN for an empty sample, and drops NaN', () => {
    expect(ksTwoSample([2, 2], [2, 2, 2])).toEqual({ statistic: 0, pValue: 1 });
    expect(ksTwoSample([], [1]).pValue).toBeNaN();
    expect(ksTwoSample([1, Number.NaN, 5], [2])).toEqual(ksTwoSample([1, 5], [2]));
  });

  it.each([
    [50, 50],
    [200, 130],
    [1000, 200],
  ])('raises false alarms at its level, n = %i and m = %i', (n, m) => {
    const random = createRandom(n * m);
    const draw = (size: number): Float64Array => Float64Array.from({ length: size }, () => random.next());
    const alarms = falseAlarms(2000, 0.05, () => ksTwoSample(draw(n), draw(m)).pValue);
    // D is discrete: at small n the attainable level is below alpha.
    expect(n > 50 ? alarms.isCalibrated : alarms.isValid, String(alarms.rate)).toBe(true);
  });
});

describe('homogeneity tests', () => {
  it('agree with scipy’s contingency table', () => {
    for (const { p, q, df, chiSquare, gTest } of fixture.tables) {
      for (const [test, [statistic, pValue]] of [
        [chiSquareHomogeneity, chiSquare],
        [gTestHomogeneity, gTest],
      ] as const) {
        const result = test(p, q);
        expect(relativeError(result.statistic, statistic)).toBeLessThan(1e-12);
        expect(relativeError(result.pValue, pValue)).toBeLessThan(1e-12);
        expect(result.degreesOfFreedom).toBe(df);
      }
    }
  });

  it('see no difference in one column, and nothing in an empty sample', () => {
    for (const test of [chiSquareHomogeneity, gTestHomogeneity]) {
      expect(test([9, 0], [4, 0])).toEqual({ statistic: 0, pValue: 1, degreesOfFreedom: 0 });
      expect(test([0, 0], [4, 1]).pValue).toBeNaN();
      expect(() => test([1], [1, 2])).toThrow(RangeError);
    }
  });

  it('keep a finite p-value for a category the reference never had', () => {
    expect(chiSquareHomogeneity([500, 500, 0], [249, 250, 1]).pValue).toBeGreaterThan(0.05);
  });

  it.each([
    [1000, 1000],
    [500, 2000],
    [50, 200],
  ])('raise false alarms at their level, n = %i and m = %i', (n, m) => {
    const random = createRandom(n + 7 * m);
    const shares = [0.4, 0.7, 0.85, 0.95, 1];
    const draw = (size: number): Float64Array => {
      const counts = new Float64Array(5);
      for (let i = 0; i < size; i++) {
        const u = random.next();
        counts[shares.findIndex((share) => u < share)]++;
      }
      return counts;
    };
    const alarms = falseAlarms(2000, 0.05, () => chiSquareHomogeneity(draw(n), draw(m)).pValue);
    expect(alarms.isCalibrated, String(alarms.rate)).toBe(true);
  });
});

describe('welchT', () => {
  it('agrees with scipy', () => {
    for (const { a, b, welch } of fixture.cases) {
      const result = welchT(a, b);
      expect(relativeError(result.statistic, welch.statistic)).toBeLessThan(1e-11);
      expect(relativeError(result.pValue, welch.pValue)).toBeLessThan(1e-9);
      expect(relativeError(result.degreesOfFreedom, welch.df)).toBeLessThan(1e-11);
      expect(result.interval[0]).toBeCloseTo(welch.interval[0], 10);
      expect(result.interval[1]).toBeCloseTo(welch.interval[1], 10);
      expect(welchTFromMoments(sampleMoments(a), sampleMoments(b))).toEqual(result);
    }
  });

  it('decides constant samples without dividing by zero', () => {
    expect(welchT([2, 2], [2, 2, 2]).pValue).toBe(1);
    expect(welchT([2, 2], [3, 3]).pValue).toBe(0);
    expect(welchT([2], [3, 4]).pValue).toBeNaN();
  });
});

describe('mannWhitneyU', () => {
  it('agrees with scipy, exact and normal', () => {
    for (const { a, b, mannWhitney } of fixture.cases) {
      const result = mannWhitneyU(a, b);
      expect(result.statistic).toBe(mannWhitney.statistic);
      expect(relativeError(result.pValue, mannWhitney.pValue)).toBeLessThan(1e-12);
    }
  });

  it('sees a shift in either direction alike', () => {
    const random = createRandom(8);
    const base = Float64Array.from({ length: 800 }, () => random.normal());
    const lower = base.map((value) => value - 0.5);
    expect(mannWhitneyU(base, lower).pValue).toBeLessThan(1e-15);
    expect(mannWhitneyU(lower, base).pValue).toBe(mannWhitneyU(base, lower).pValue);
  });

  it('gives p = 1 for all ties and NaN for an empty sample', () => {
    expect(mannWhitneyU([1, 1, 1], [1, 1]).pValue).toBe(1);
    expect(mannWhitneyU([], [1, 1]).pValue).toBeNaN();
  });
});

describe('zTwoProportions', () => {
  it('agrees with statsmodels, interval by Newcombe included', () => {
    for (const [xa, na, xb, nb, z, p, lower, upper] of fixture.proportions) {
      const result = zTwoProportions(xa, na, xb, nb);
      expect(relativeError(result.statistic, z)).toBeLessThan(1e-12);
      expect(relativeError(result.pValue, p)).toBeLessThan(1e-12);
      expect(result.interval[0]).toBeCloseTo(lower, 12);
      expect(result.interval[1]).toBeCloseTo(upper, 12);
    }
  });

  it('gives p = 1 when nobody or everybody succeeds, NaN without rows', () => {
    expect(zTwoProportions(0, 10, 0, 20).pValue).toBe(1);
    expect(zTwoProportions(10, 10, 20, 20).pValue).toBe(1);
    expect(zTwoProportions(0, 0, 1, 2).pValue).toBeNaN();
  });
});
