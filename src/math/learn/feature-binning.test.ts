import fc from 'fast-check';
import { expect, it } from 'vitest';
import { binTable, binThresholds, MISSING_BIN } from './feature-binning.ts';

const float = fc.float({ noDefaultInfinity: true, noNaN: true });

it('puts thresholds between the values when there are few', () => {
  expect([...binThresholds(Float32Array.of(3, 1, 1, 2), 255)]).toEqual([1.5, 2.5]);
  expect([...binThresholds(Float32Array.of(7, 7), 255)]).toEqual([]);
  expect([...binThresholds(new Float32Array(0), 255)]).toEqual([]);
});

it('puts thresholds at averaged quantiles when there are many', () => {
  // numpy.percentile(range(10), [25, 50, 75], method='averaged_inverted_cdf')
  expect([
    ...binThresholds(
      Float32Array.from({ length: 10 }, (_, i) => 9 - i),
      4,
    ),
  ]).toEqual([2, 4.5, 7]);
});

it('separates neighbouring float32 values', () => {
  const low = 1;
  const high = 1 + 2 ** -23;
  const [threshold] = binThresholds(Float32Array.of(low, high), 255);
  expect(low <= threshold && threshold < high).toBe(true);
});

it('bins every value between the thresholds around it', () => {
  fc.assert(
    fc.property(
      fc.array(float, { minLength: 1, maxLength: 400 }),
      fc.integer({ min: 2, max: 255 }),
      (values, bins) => {
        const column = Float32Array.from([...values, Number.NaN]);
        const table = binTable([column], Int32Array.from(column.keys()), bins, 1);
        const [thresholds] = table.thresholds;
        expect(thresholds.length).toBeLessThan(bins);
        expect(table.hasMissing).toEqual([true]);
        values.forEach((_, i) => {
          const bin = table.groups[0][i] & 255;
          expect(bin).toBe(thresholds.filter((t) => t < column[i]).length);
        });
        expect(table.groups[0][values.length] & 255).toBe(MISSING_BIN);
      },
    ),
  );
});
