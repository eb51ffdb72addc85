import { describe, expect, it } from 'vitest';
import { readFixture } from '../../test/fixtures/math/read-fixture.ts';
import { bootstrapInterval, meanInterval, wilson } from './intervals.ts';
import { createRandom } from './random.ts';

const fixture = readFixture<{ wilson: number[][]; means: { values: number[]; interval: number[] }[] }>(
  'intervals',
);

describe('wilson', () => {
  it('agrees with statsmodels', () => {
    for (const [successes, n, confidence, lower, upper] of fixture.wilson) {
      const interval = wilson(successes, n, confidence);
      expect(interval.lower).toBeCloseTo(lower, 13);
      expect(interval.upper).toBeCloseTo(upper, 13);
    }
  });

  it('covers the truth about as often as it says', () => {
    const random = createRandom(1);
    let covered = 0;
    for (let round = 0; round < 4000; round++) {
      let successes = 0;
      for (let i = 0; i < 40; i++) if (random.next() < 0.2) successes++;
      const { lower, upper } = wilson(successes, 40);
      if (lower <= 0.2 && upper >= 0.2) covered++;
    }
    expect(covered / 4000).toBeGreaterThan(0.91);
    expect(covered / 4000).toBeLessThan(0.98);
  });

  it('says NaN without rows and refuses a confidence of 1', () => {
    expect(wilson(0, 0).lower).toBeNaN();
    expect(() => wilson(1, 2, 1)).toThrow(RangeError);
  });
});

describe('meanInterval', () => {
  it('agrees with scipy', () => {
    for (const { values, interval } of fixture.means) {
      const actual = meanInterval(Float64Array.from(values));
      expect(actual.lower).toBeCloseTo(interval[0], 12);
      expect(actual.upper).toBeCloseTo(interval[1], 12);
    }
  });

  it('drops NaN, collapses on a constant and is endless for one value', () => {
    expect(meanInterval([2, Number.NaN, 2])).toMatchObject({ estimate: 2, lower: 2, upper: 2 });
    expect(meanInterval([2]).upper).toBe(Number.POSITIVE_INFINITY);
    expect(meanInterval([]).estimate).toBeNaN();
  });
});

describe('bootstrapInterval', () => {
  const random = createRandom(2);
  const values = Float64Array.from({ length: 200 }, () => random.normal());
  const meanOf = (rows: Uint32Array): number => rows.reduce((sum, row) => sum + values[row], 0) / rows.length;

  it('comes near Student’s interval for a mean', () => {
    const bootstrap = bootstrapInterval(meanOf, 200, { resamples: 4000, seed: 3 });
    const student = meanInterval(values);
    expect(bootstrap.estimate).toBeCloseTo(student.estimate, 12);
    expect(Math.abs(bootstrap.lower - student.lower)).toBeLessThan(0.02);
    expect(Math.abs(bootstrap.upper - student.upper)).toBeLessThan(0.02);
    expect(bootstrap.standardError).toBeCloseTo(1 / Math.sqrt(200), 1);
  });

  it('repeats with its seed and leaves out undefined resamples', () => {
    const options = { resamples: 50, seed: 4 };
    expect(bootstrapInterval(meanOf, 200, options)).toEqual(bootstrapInterval(meanOf, 200, options));
    const sometimes = bootstrapInterval((rows) => (rows[0] === 0 ? 1 : Number.NaN), 2, options);
    expect(sometimes).toMatchObject({ estimate: 1, lower: 1, upper: 1, standardError: 0 });
    expect(bootstrapInterval(meanOf, 0, options).lower).toBeNaN();
  });
});
