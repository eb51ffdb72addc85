import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFixture, relativeError } from '../../test/fixtures/math/read-fixture.ts';
import * as distances from './distances.ts';
import { falseAlarms } from './false-alarms.testing.ts';
import { createRandom } from './random.ts';

interface Binned {
  p: number[];
  q: number[];
  psi: number;
  jensenShannon: number;
  hellinger: number;
  totalVariation: number;
  lInfinity: number;
  kullbackLeibler: number;
  jensenShannonOfScipy: number;
  kullbackLeiblerOfScipy: number;
}
const fixture = readFixture<{
  binned: Binned[];
  samples: { a: number[]; b: number[]; wasserstein1: number }[];
  psiNullQuantile: number[][];
}>('distances');

const measures = [
  ['psi', distances.psi],
  ['jensenShannon', distances.jensenShannonDistance],
  ['hellinger', distances.hellinger],
  ['totalVariation', distances.totalVariation],
  ['lInfinity', distances.lInfinity],
  ['kullbackLeibler', distances.kullbackLeibler],
] as const;

const counts = fc.array(fc.tuple(fc.nat(500), fc.nat(500)), { minLength: 1, maxLength: 20 }).map((pairs) => ({
  p: [...pairs.map(([count]) => count), 1],
  q: [...pairs.map(([, count]) => count), 1],
}));

describe('binned distances', () => {
  for (const [name, measure] of measures) {
    it(`${name} agrees with the reference`, () => {
      for (const row of fixture.binned)
        expect(relativeError(measure(row.p, row.q), row[name])).toBeLessThan(1e-13);
    });

    it(`${name} is 0 for equal shares, NaN for an empty side, and refuses other bins`, () => {
      expect(measure([3, 0, 9], [3, 0, 9])).toBe(0);
      expect(measure([0, 0], [1, 2])).toBeNaN();
      expect(() => measure([1], [1, 2])).toThrow(RangeError);
    });
  }

  it('agree with scipy to its own precision', () => {
    for (const { p, q, jensenShannonOfScipy, kullbackLeiblerOfScipy } of fixture.binned) {
      expect(distances.jensenShannonDistance(p, q)).toBeCloseTo(jensenShannonOfScipy, 12);
      expect(distances.kullbackLeibler(p, q)).toBeCloseTo(kullbackLeiblerOfScipy, 14);
    }
  });

  it('are symmetric and within their ranges', () => {
    fc.assert(
      fc.property(counts, ({ p, q }) => {
        for (const [name, measure] of measures) {
          const value = measure(p, q);
          expect(value).toBeGreaterThanOrEqual(0);
          if (name !== 'kullbackLeibler') expect(measure(q, p)).toBeCloseTo(value, 12);
          if (name !== 'psi' && name !== 'kullbackLeibler') expect(value).toBeLessThanOrEqual(1 + 1e-12);
        }
        const parts = distances.psiContributions(p, q);
        expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('tie together for small shifts: KL ≈ PSI/2, JS² ≈ PSI/8 nats, Hellinger² ≈ PSI/8', () => {
    const p = Array(10).fill(1e6);
    const q = p.map((count, i) => count * (1 + 0.02 * Math.cos(i)));
    const psi = distances.psi(p, q);
    expect(distances.kullbackLeibler(p, q) / (psi / 2)).toBeCloseTo(1, 1);
    expect((distances.jensenShannonDistance(p, q) ** 2 * Math.LN2) / (psi / 8)).toBeCloseTo(1, 2);
    expect(distances.hellinger(p, q) ** 2 / (psi / 8)).toBeCloseTo(1, 2);
  });

  it('reach their maximum on disjoint samples', () => {
    expect(distances.jensenShannonDistance([5, 0], [0, 2])).toBe(1);
    expect(distances.totalVariation([5, 0], [0, 2])).toBe(1);
    expect(distances.kullbackLeibler([5, 0], [0, 2])).toBe(Number.POSITIVE_INFINITY);
    expect(Number.isFinite(distances.psi([5, 0], [0, 2]))).toBe(true);
  });
});

describe('psi', () => {
  it('is not moved by bins empty on both sides', () => {
    const [p, q] = [
      [5000, 5000],
      [40, 60],
    ];
    expect(distances.psi([...p, 0, 0], [...q, 0, 0])).toBe(distances.psi(p, q));
    expect(distances.occupiedBins([1, 0, 0], [0, 0, 2])).toBe(2);
  });

  it('has the null quantile of the reference, and its p-value undoes it', () => {
    for (const [bins, n, m, alpha, expected] of fixture.psiNullQuantile) {
      const critical = distances.psiNullQuantile(bins, n, m, alpha);
      expect(relativeError(critical, expected)).toBeLessThan(1e-12);
      expect(distances.psiPValue(critical, bins, n, m)).toBeCloseTo(alpha, 12);
    }
    expect(distances.psiPValue(0, 1, 10, 10)).toBe(1);
    expect(distances.psiPValue(Number.NaN, 5, 10, 10)).toBeNaN();
  });

  it.each([
    [200, 200],
    [1000, 1000],
    [10_000, 500],
  ])('raises false alarms at its level, n = %i and m = %i', (n, m) => {
    const random = createRandom(n + m);
    const sample = (size: number): Float64Array => {
      const bins = new Float64Array(10);
      for (let i = 0; i < size; i++) bins[random.int(10)]++;
      return bins;
    };
    const pairs = 2000;
    const alarms = falseAlarms(pairs, 0.05, () => {
      return distances.psiPValue(distances.psi(sample(n), sample(m)), 10, n, m);
    });
    expect(alarms.isCalibrated, `${alarms.rate} of ${pairs}`).toBe(true);
  });
});

describe('wasserstein1', () => {
  it('agrees with scipy', () => {
    for (const { a, b, wasserstein1 } of fixture.samples) {
      expect(relativeError(distances.wasserstein1(a, b), wasserstein1)).toBeLessThan(1e-12);
    }
  });

  it('is the shift for a shifted sample, symmetric, and blind to NaN', () => {
    const values = fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(values, values, fc.integer({ min: -20, max: 20 }), (a, b, shift) => {
        const moved = a.map((value) => value + shift);
        expect(distances.wasserstein1(a, moved)).toBeCloseTo(Math.abs(shift), 9);
        expect(distances.wasserstein1(a, b)).toBeCloseTo(distances.wasserstein1(b, a), 9);
        expect(distances.wasserstein1([...a, Number.NaN], b)).toBe(distances.wasserstein1(a, b));
      }),
    );
    expect(distances.wasserstein1([], [1])).toBeNaN();
  });
});
