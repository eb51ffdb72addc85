import { expect, it } from 'vitest';
import type { Curve } from '../../../api/types.ts';
import { aligned, smoothed } from './curves.ts';

const curve = (steps: number[], values: (number | null)[], startedAt = 0): Curve => ({
  run: 'r',
  count: steps.length,
  isSampled: false,
  startedAt,
  steps,
  times: steps.map((step) => step * 10),
  values,
});

it('puts curves on one axis and leaves gaps where a curve has no point', () => {
  const { x, lines } = aligned([curve([0, 2], [1, 3]), curve([1, 2], [5, null])], 'step', 0, false);
  expect(x).toEqual([0, 1, 2]);
  expect(lines).toEqual([
    [1, undefined, 3],
    [undefined, 5, null],
  ]);
});

it('tells time from time since the start', () => {
  const late = curve([0, 1], [1, 2], 500);
  expect(aligned([late], 'time', 0, false).x).toEqual([500, 510]);
  expect(aligned([late], 'relative', 0, false).x).toEqual([0, 10]);
});

it('draws no logarithm of what is not positive', () => {
  expect(aligned([curve([0, 1], [0, 2])], 'step', 0, true).lines).toEqual([[null, 2]]);
});

it('smooths without bias: a constant stays as it is, and gaps stay gaps', () => {
  for (const value of smoothed([4, 4, 4], 0.9)) expect(value).toBeCloseTo(4, 12);
  const [first, gap, last] = smoothed([0, null, 10], 0.5);
  expect([first, gap]).toEqual([0, null]);
  expect(last).toBeCloseTo(6.667, 3);
});
