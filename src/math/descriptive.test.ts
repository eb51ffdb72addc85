import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFixture, relativeError } from '../../test/fixtures/math/read-fixture.ts';
import { betweenShare, describe as describeColumn, quantile } from './descriptive.ts';

interface Case {
  values: number[];
  mean: number;
  std: number;
  skewness: number;
  levels: number[];
  quantiles: number[];
}
const { cases } = readFixture<{ cases: Case[] }>('descriptive');

describe('describe', () => {
  it('agrees with numpy and scipy', () => {
    for (const expected of cases) {
      const actual = describeColumn(Float64Array.from(expected.values));
      expect(relativeError(actual.mean, expected.mean)).toBeLessThan(1e-15);
      expect(relativeError(actual.std, expected.std)).toBeLessThan(1e-12);
      expect(relativeError(actual.skewness, expected.skewness)).toBeLessThan(1e-6);
      expect(actual.quantiles.p25).toBe(expected.quantiles[expected.levels.indexOf(0.25)]);
      expect(actual.quantiles.p95).toBe(expected.quantiles[expected.levels.indexOf(0.95)]);
    }
  });

  it('counts missing, infinite and zero values apart', () => {
    const column = Float32Array.of(0, Number.NaN, 2, Number.POSITIVE_INFINITY, 0, -4);
    expect(describeColumn(column)).toMatchObject({
      n: 4,
      missing: 1,
      infinite: 1,
      zeros: 2,
      min: -4,
      max: 2,
      mean: -0.5,
    });
  });

  it('says NaN for an empty column and 0 spread for a constant one', () => {
    const empty = describeColumn(new Float64Array(0));
    expect([empty.n, empty.mean, empty.std, empty.min, empty.quantiles.p50]).toEqual([0, NaN, NaN, NaN, NaN]);
    const constant = describeColumn(new Float64Array(7).fill(0.1));
    expect(constant).toMatchObject({ mean: 0.1, std: 0, skewness: Number.NaN, min: 0.1, max: 0.1 });
    expect(describeColumn(Float64Array.of(3))).toMatchObject({ mean: 3, std: Number.NaN });
  });

  it('shifts and scales with the column', () => {
    const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 50 });
    fc.assert(
      fc.property(values, fc.integer({ min: -50, max: 50 }), (column, shift) => {
        const before = describeColumn(Float64Array.from(column));
        const after = describeColumn(Float64Array.from(column, (value) => 4 * value + shift));
        expect(after.mean).toBeCloseTo(4 * before.mean + shift, 8);
        expect(after.std).toBeCloseTo(4 * before.std, 8);
        expect(after.quantiles.p75).toBeCloseTo(4 * before.quantiles.p75 + shift, 8);
      }),
    );
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
