import { describe, expect, it } from 'vitest';
import { readFixture, relativeError } from '../../test/fixtures/math/read-fixture.ts';
import { betweenShare, quantile, sampleMoments } from './descriptive.ts';

interface Case {
  values: number[];
  mean: number;
  std: number;
  levels: number[];
  quantiles: number[];
}
const { cases } = readFixture<{ cases: Case[] }>('descriptive');

describe('sampleMoments', () => {
  it('agrees with numpy', () => {
    for (const { values, mean, std } of cases) {
      const moments = sampleMoments(values);
      expect(relativeError(moments.mean, mean)).toBeLessThan(1e-15);
      expect(relativeError(Math.sqrt(moments.variance), std)).toBeLessThan(1e-12);
    }
  });

  it('drops NaN, and says NaN without values', () => {
    expect(sampleMoments([2, Number.NaN, 4])).toEqual({ n: 2, mean: 3, variance: 2 });
    expect(sampleMoments([]).mean).toBeNaN();
  });
});

describe('quantile', () => {
  it('gives numpy’s linear quantiles bit for bit', () => {
    for (const { values, levels, quantiles } of cases) {
      const sorted = Float64Array.from(values).sort();
      expect(levels.map((level) => quantile(sorted, level))).toEqual(quantiles);
    }
  });

  it('refuses a level outside [0, 1]', () => {
    expect(() => quantile([1], 1.5)).toThrow(RangeError);
  });
});

describe('betweenShare', () => {
  it('is 1 where each group holds one value, and 0 where all are alike', () => {
    expect(
      betweenShare([
        [9, 0, 0],
        [0, 0, 4],
        [0, 7, 0],
      ]),
    ).toBeCloseTo(1, 12);
    expect(
      betweenShare([
        [2, 4, 2],
        [20, 40, 20],
      ]),
    ).toBeCloseTo(0, 12);
  });

  it('is the correlation ratio of the values', () => {
    // scipy.stats.f_oneway([0, 0, 1, 1], [1, 1, 2, 2]) gives F = 6 with 1 and 6 degrees: η² = 6 / (6 + 6).
    const groups = [
      [2, 2, 0, 0],
      [0, 2, 2, 0],
    ];
    expect(betweenShare(groups)).toBeCloseTo(0.5, 12);
    expect(betweenShare(groups.map((counts) => counts.map((count) => 30 * count)))).toBeCloseTo(0.5, 12);
  });

  it('is not defined for fewer than two groups, or where nothing varies', () => {
    expect(betweenShare([[1, 2]])).toBeNaN();
    expect(
      betweenShare([
        [0, 5],
        [0, 9],
        [0, 0],
      ]),
    ).toBeNaN();
  });
});
