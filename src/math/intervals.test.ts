import { describe, expect, it } from 'vitest';
import { readFixture } from '../../test/fixtures/math/read-fixture.ts';
import { wilson } from './intervals.ts';
import { createRandom } from './random.ts';

const fixture = readFixture<{ wilson: number[][] }>('intervals');

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
