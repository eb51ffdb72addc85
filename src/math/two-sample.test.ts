import { describe, expect, it } from 'vitest';
import { readFixture, relativeError } from '../../test/fixtures/math/read-fixture.ts';
import { falseAlarms } from './false-alarms.testing.ts';
import { createRandom } from './random.ts';
import { chiSquareHomogeneity } from './two-sample.ts';

const { tables } = readFixture<{ tables: { p: number[]; q: number[]; df: number; chiSquare: number[] }[] }>(
  'two-sample',
);

describe('chiSquareHomogeneity', () => {
  it('agrees with scipy’s contingency table', () => {
    for (const { p, q, df, chiSquare } of tables) {
      const result = chiSquareHomogeneity(p, q);
      expect(relativeError(result.statistic, chiSquare[0])).toBeLessThan(1e-12);
      expect(relativeError(result.pValue, chiSquare[1])).toBeLessThan(1e-12);
      expect(result.degreesOfFreedom).toBe(df);
    }
  });

  it('sees no difference in one column, and nothing in an empty sample', () => {
    expect(chiSquareHomogeneity([9, 0], [4, 0])).toEqual({ statistic: 0, pValue: 1, degreesOfFreedom: 0 });
    expect(chiSquareHomogeneity([0, 0], [4, 1]).pValue).toBeNaN();
    expect(() => chiSquareHomogeneity([1], [1, 2])).toThrow(RangeError);
  });

  it('keeps a finite p-value for a category the reference never had', () => {
    expect(chiSquareHomogeneity([500, 500, 0], [249, 250, 1]).pValue).toBeGreaterThan(0.05);
  });

  it.each([
    [1000, 1000],
    [500, 2000],
    [50, 200],
  ])('raises false alarms at its level, n = %i and m = %i', (n, m) => {
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
