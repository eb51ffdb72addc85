import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sampleRows, stratifiedSplit } from './row-sample.ts';

it('draws distinct rows in ascending order, the same for the same seed', () => {
  fc.assert(
    fc.property(fc.nat(300), fc.nat(400), fc.integer(), (rows, size, seed) => {
      const sample = sampleRows(rows, size, seed);
      expect(sample.length).toBe(Math.min(rows, size));
      sample.forEach((row, k) => {
        expect(row).toBeGreaterThan(k === 0 ? -1 : sample[k - 1]);
        expect(row).toBeLessThan(rows);
      });
      expect(sampleRows(rows, size, seed)).toEqual(sample);
    }),
  );
});

it('draws every row equally often', () => {
  const hits = new Float64Array(10);
  for (let seed = 0; seed < 4000; seed++) for (const row of sampleRows(10, 3, seed)) hits[row]++;
  // Binomial with mean 1200 and standard deviation 29.
  for (const count of hits) expect(Math.abs(count - 1200)).toBeLessThan(150);
});

it('keeps the share of each class in both parts', () => {
  const labels = Uint8Array.from({ length: 1000 }, (_, i) => (i % 10 === 0 ? 1 : 0));
  const { training, validation } = stratifiedSplit(labels, 0.2, 5);
  expect([...training, ...validation].sort((a, b) => a - b)).toEqual([...labels.keys()]);
  expect(validation.filter((row) => labels[row] === 1)).toHaveLength(20);
  expect(validation.filter((row) => labels[row] === 0)).toHaveLength(180);
});

it('refuses a class too small for both parts', () => {
  expect(() => stratifiedSplit(Uint8Array.of(0, 0, 0, 0, 0, 0, 1), 0.5, 0)).toThrow(
    /Class 1 has only 1 rows/,
  );
});
