import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from './random.ts';
import { argsort, midranks, sortedPresent } from './ranks.ts';

function referenceOrder(values: Float64Array): number[] {
  const key = (value: number): number => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value);
  const isLast = (value: number): number => (Number.isNaN(value) ? 1 : 0);
  return [...values.keys()].sort((i, j) => {
    const gap = key(values[i]) - key(values[j]);
    return isLast(values[i]) - isLast(values[j]) || (Number.isNaN(gap) ? 0 : gap) || i - j;
  });
}

describe('argsort', () => {
  it('orders any doubles, stably, NaN last', () => {
    fc.assert(
      fc.property(fc.float64Array({ maxLength: 40 }), (values) => {
        expect([...argsort(values)]).toEqual(referenceOrder(values));
      }),
    );
  });

  it('does the same by radix sort on long columns', () => {
    const random = createRandom(3);
    const special = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, -1e308];
    const mixed = Float64Array.from({ length: 6000 }, (_, i) =>
      i % 5 === 0 ? special[random.int(special.length)] : random.normal() * 10 ** random.int(30),
    );
    expect([...argsort(mixed)]).toEqual(referenceOrder(mixed));
    const few = Float64Array.from({ length: 5000 }, () => random.int(3));
    expect([...argsort(few)]).toEqual(referenceOrder(few));
    expect([...argsort(new Float64Array(3000))]).toEqual([...Array(3000).keys()]);
  });
});

describe('midranks', () => {
  it('shares ranks between ties and sums to n(n + 1)/2', () => {
    expect([...midranks([3, 1, 3, 2]).ranks]).toEqual([3.5, 1, 3.5, 2]);
    expect(midranks([3, 1, 3, 3]).tieTerm).toBe(24);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 })), (values) => {
        const sum = midranks(values).ranks.reduce((total, rank) => total + rank, 0);
        expect(sum).toBe((values.length * (values.length + 1)) / 2);
      }),
    );
  });
});

describe('sortedPresent', () => {
  it('drops NaN and leaves the input alone', () => {
    const values = Float64Array.of(2, Number.NaN, 1);
    expect([...sortedPresent(values)]).toEqual([1, 2]);
    expect([...values]).toEqual([2, Number.NaN, 1]);
  });
});
