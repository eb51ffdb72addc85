import { describe, expect, it } from 'vitest';
import { readFixture } from '../../test/fixtures/math/read-fixture.ts';
import { controlLimits, persists } from './control-limits.ts';
import { falseAlarms } from './false-alarms.testing.ts';
import { createRandom } from './random.ts';

const { cases } = readFixture<{ cases: { values: number[]; alpha: number; lower: number; upper: number }[] }>(
  'control-limits',
);

describe('controlLimits', () => {
  it('agrees with the t quantiles of scipy', () => {
    for (const { values, alpha, lower, upper } of cases) {
      const limits = controlLimits(values, alpha);
      expect(limits.lower).toBeCloseTo(lower, 13);
      expect(limits.upper).toBeCloseTo(upper, 13);
    }
  });

  it('keeps its false-alarm rate with few chunks, where mean + 3 std does not', () => {
    const random = createRandom(1);
    const alpha = 0.01;
    const alarms = falseAlarms(4000, 0.5, () => {
      const limits = controlLimits(
        Float64Array.from({ length: 6 }, () => random.normal()),
        alpha,
      );
      return random.normal() > limits.upper ? 0 : 1;
    });
    expect(Math.abs(alarms.rate - alpha)).toBeLessThan(3.29 * Math.sqrt((alpha * (1 - alpha)) / 4000));
  });

  it('has no limits with fewer than two chunks', () => {
    expect(controlLimits([0.3]).upper).toBeNaN();
    expect(controlLimits([]).mean).toBeNaN();
    expect(controlLimits([0.3, 0.3, Number.NaN])).toMatchObject({ chunks: 2, lower: 0.3, upper: 0.3 });
    expect(() => controlLimits([1, 2], 0.7)).toThrow(RangeError);
  });
});

describe('persists', () => {
  it('wants m of the last k', () => {
    expect(persists([true, true, true, false, false], 3, 5)).toBe(true);
    expect(persists([true, true, true, false, false, false], 3, 5)).toBe(false);
    expect(persists([true, true], 2, 5)).toBe(true);
    expect(persists([], 1, 1)).toBe(false);
    expect(() => persists([], 4, 3)).toThrow(RangeError);
  });
});
