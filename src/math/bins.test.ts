import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binLabels, countNumeric, type EdgeBins, freezeNumericBins, unseenBin } from './bins.ts';
import { createRandom } from './random.ts';

describe('freezeNumericBins', () => {
  it('cuts a continuous column at its deciles', () => {
    const random = createRandom(1);
    const values = Float64Array.from({ length: 1000 }, () => random.normal());
    const bins = freezeNumericBins(values);
    expect(bins.kind).toBe('edges');
    expect([...countNumeric(bins, values)]).toEqual([...Array(10).fill(100), 0]);
  });

  it('gives a discrete column one bin per value, and what was not seen the other bin', () => {
    const bins = freezeNumericBins([0, 1, 1, null, 2, 0, 1, 2, 0]);
    expect(bins).toEqual({ kind: 'discrete', values: [0, 1, 2] });
    expect([...countNumeric(bins, [2, 3, Number.NaN, null, -0, 0.5])]).toEqual([1, 0, 1, 2, 2]);
    expect(binLabels(bins)).toEqual(['0', '1', '2', 'other', 'missing']);
    expect(unseenBin(bins)).toBe(3);
  });

  it('does not take a handful of different rows for a discrete column', () => {
    expect(freezeNumericBins([0.3, 1.7, 2.9, 4.1]).kind).toBe('edges');
    expect(freezeNumericBins([20.5])).toEqual({ kind: 'discrete', values: [20.5] });
  });

  it('merges equal edges of a point mass and keeps no bin that the reference cannot fill', () => {
    const random = createRandom(2);
    const values = Float64Array.from({ length: 3000 }, (_, i) =>
      i % 3 === 0 ? 0 : i % 3 === 1 ? 1 : random.next(),
    );
    const bins = freezeNumericBins(values) as EdgeBins;
    expect(bins.edges[0]).toBe(0);
    expect(new Set(bins.edges).size).toBe(bins.edges.length);
    expect(bins.edges.at(-1)).toBeLessThan(1);
    expect(Math.min(...countNumeric(bins, values).subarray(0, -1))).toBeGreaterThan(0);
  });

  it('survives empty, missing and infinite columns', () => {
    for (const values of [[], [null, null], [Number.NaN], [Number.POSITIVE_INFINITY]]) {
      expect(freezeNumericBins(values)).toEqual({ kind: 'edges', edges: [] });
    }
    expect([...countNumeric({ kind: 'edges', edges: [] }, [1, null, Number.NaN])]).toEqual([1, 2]);
    expect(() => freezeNumericBins([1], 1)).toThrow(RangeError);
  });

  it('is plain JSON', () => {
    const bins = freezeNumericBins(Float64Array.from({ length: 99 }, (_, i) => i * 0.1));
    expect(JSON.parse(JSON.stringify(bins))).toEqual(bins);
  });
});

describe('countNumeric', () => {
  it('puts every row into the bin of the edges below it', () => {
    const value = fc.double();
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 60 }),
        fc.uniqueArray(value, { minLength: 1, maxLength: 12 }),
        (values, cuts) => {
          const edges = cuts.filter((cut) => Number.isFinite(cut)).sort((a, b) => a - b);
          const expected = new Float64Array(edges.length + 2);
          for (const x of values) {
            expected[Number.isNaN(x) ? edges.length + 1 : edges.filter((edge) => edge < x).length]++;
          }
          expect(countNumeric({ kind: 'edges', edges }, Float64Array.from(values))).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('adds up over parts', () => {
    const random = createRandom(4);
    const values = Float64Array.from({ length: 500 }, () => random.normal());
    const bins = freezeNumericBins(values, 7);
    const [left, right] = [
      countNumeric(bins, values.subarray(0, 200)),
      countNumeric(bins, values.subarray(200)),
    ];
    expect(left.map((count, i) => count + right[i])).toEqual(countNumeric(bins, values));
  });
});

describe('binLabels', () => {
  it('names every interval', () => {
    expect(binLabels({ kind: 'edges', edges: [0.1 + 0.2, 5] })).toEqual([
      '≤ 0.3',
      '(0.3, 5]',
      '> 5',
      'missing',
    ]);
    expect(binLabels({ kind: 'edges', edges: [] })).toEqual(['any value', 'missing']);
  });
});
