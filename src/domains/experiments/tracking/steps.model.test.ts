import { expect, it } from 'vitest';
import { distinctSteps, placesOf, spreadOver } from './steps.model.ts';

const steps = (...list: number[]) => Float64Array.from(list);

it('names each step once', () => {
  expect([...distinctSteps(steps(0, 0, 1, 4, 4, 4))]).toEqual([0, 1, 4]);
  const all = steps(0, 1, 2);
  expect(distinctSteps(all)).toBe(all);
  expect(distinctSteps(steps()).length).toBe(0);
});

it('spreads over the steps of all columns and keeps the first and the last', () => {
  expect([...spreadOver([steps(0, 10, 20), steps(5, 10, 15)], 10)]).toEqual([0, 5, 10, 15, 20]);
  const many = Float64Array.from({ length: 1001 }, (_, i) => i);
  expect([...spreadOver([many], 5)]).toEqual([0, 250, 500, 750, 1000]);
  expect([...spreadOver([many, many], 1)]).toEqual([0]);
  expect(spreadOver([], 5).size).toBe(0);
});

it('finds the points of wanted steps, up to a number of them', () => {
  const column = steps(0, 0, 0, 1, 2, 2);
  expect(placesOf(column, new Set([0, 2]), 100)).toEqual([
    [0, 3],
    [4, 6],
  ]);
  expect(placesOf(column, new Set([0, 2]), 4)).toEqual([
    [0, 3],
    [4, 5],
  ]);
  expect(placesOf(column, [7, 0, 0, 3], 2)).toEqual([[0, 2]]);
});
