import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFixture, relativeError } from '../../test/fixtures/math/read-fixture.ts';
import * as distances from './distances.ts';
import { falseAlarms } from './false-alarms.testing.ts';
import { createRandom } from './random.ts';
import { chiSquareSf } from './special.ts';

interface Binned {
  p: number[];
  q: number[];
  psi: number;
  jensenShannon: number;
  jensenShannonOfScipy: number;
}
const fixture = readFixture<{ binned: Binned[] }>('distances');

const measures = [
  ['psi', distances.psi],
  ['jensenShannon', distances.jensenShannonDistance],
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
    for (const { p, q, jensenShannonOfScipy } of fixture.binned) {
      expect(distances.jensenShannonDistance(p, q)).toBeCloseTo(jensenShannonOfScipy, 12);
    }
  });

  it('are symmetric and within their ranges', () => {
    fc.assert(
      fc.property(counts, ({ p, q }) => {
        for (const [name, measure] of measures) {
          const value = measure(p, q);
          expect(value).toBeGreaterThanOrEqual(0);
          expect(measure(q, p)).toBeCloseTo(value, 12);
          if (name !== 'psi') expect(value).toBeLessThanOrEqual(1 + 1e-12);
        }
        const parts = distances.psiContributions(p, q);
        expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('tie together for small shifts: JS² ≈ PSI/8 nats', () => {
    const p = Array(10).fill(1e6);
    const q = p.map((count, i) => count * (1 + 0.02 * Math.cos(i)));
    const psi = distances.psi(p, q);
    expect((distances.jensenShannonDistance(p, q) ** 2 * Math.LN2) / (psi / 8)).toBeCloseTo(1, 2);
  });

  it('reach their maximum on disjoint samples', () => {
    expect(distances.jensenShannonDistance([5, 0], [0, 2])).toBe(1);
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

  // Yurdakul (2018): what chance alone makes of it, as the limits of drift take it.
  it.each([
    [200, 200],
    [1000, 1000],
    [10_000, 500],
  ])('is χ²(B − 1)·(1/n + 1/m) when nothing moved, n = %i and m = %i', (n, m) => {
    const random = createRandom(n + m);
    const sample = (size: number): Float64Array => {
      const bins = new Float64Array(10);
      for (let i = 0; i < size; i++) bins[random.int(10)]++;
      return bins;
    };
    const pairs = 2000;
    const alarms = falseAlarms(pairs, 0.05, () => {
      return chiSquareSf(distances.psi(sample(n), sample(m)) / (1 / n + 1 / m), 9);
    });
    expect(alarms.isCalibrated, `${alarms.rate} of ${pairs}`).toBe(true);
  });
});
