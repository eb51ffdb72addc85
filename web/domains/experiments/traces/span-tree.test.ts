import { expect, it } from 'vitest';
import type { SpanColumns } from '../../../api/types.ts';
import {
  criticalPath,
  endOf,
  failures,
  lengthOf,
  matches,
  opened,
  openRows,
  selfTimes,
} from './span-tree.ts';

/** [depth, start, duration, name], in the order of the tree. */
function columnsOf(rows: [number, number, number | null, string][]): SpanColumns {
  const last: number[] = [];
  return {
    names: rows.map(([, , , name]) => name),
    types: ['LLM'],
    statuses: ['OK', 'ERROR'],
    id: rows.map((_, at) => `id${at}`),
    parent: rows.map(([depth], at) => {
      last[depth] = at;
      return depth === 0 ? -1 : (last[depth - 1] ?? -1);
    }),
    depth: rows.map(([depth]) => depth),
    name: rows.map((_, at) => at),
    type: rows.map(() => 0),
    status: rows.map(([, , , name]) => (name === 'bad' ? 1 : 0)),
    start: rows.map(([, start]) => start),
    duration: rows.map(([, , duration]) => duration),
    tokens: rows.map(() => null),
    cost: rows.map(() => null),
  };
}

const tree = columnsOf([
  [0, 0, 100, 'root'],
  [1, 10, 30, 'read'],
  [2, 15, 10, 'deep'],
  [1, 20, 40, 'write'],
  [1, 70, 20, 'bad'],
  [1, 72, null, 'open'],
]);

it('hides what stands below closed spans and opens the way to one', () => {
  expect([...openRows(tree, new Set())]).toEqual([0, 1, 2, 3, 4, 5]);
  expect([...openRows(tree, new Set([1]))]).toEqual([0, 1, 3, 4, 5]);
  expect([...openRows(tree, new Set([0, 1]))]).toEqual([0]);
  expect([...opened(tree, new Set([0, 1, 3]), 2)]).toEqual([3]);
  expect(endOf(tree, 1)).toBe(3);
  expect(lengthOf(tree)).toBe(100);
});

it('counts time with several children at work once', () => {
  // 10–60 and 70–90 are covered.
  expect(selfTimes(tree)).toEqual([30, 20, 10, 40, 20, null]);
  const outside = columnsOf([
    [0, 10, 10, 'root'],
    [1, 0, 15, 'early'],
    [1, 12, 30, 'late'],
  ]);
  expect(selfTimes(outside)[0]).toBe(0);
});

it('finds what the end waited for', () => {
  expect([...criticalPath(tree)].sort()).toEqual([0, 3, 4]);
  const skewed = columnsOf([
    [0, 0, 100, 'root'],
    [1, 50, 60, 'ends after its parent'],
    [1, 0, 55, 'overlaps'],
    [1, 0, 40, 'before'],
  ]);
  expect([...criticalPath(skewed)].sort()).toEqual([0, 1, 3]);
  expect(criticalPath(columnsOf([])).size).toBe(0);
});

it('finds spans by name, type, status and id, and those that failed', () => {
  expect(matches(tree, 'REA')).toEqual([1]);
  expect(matches(tree, 'llm')).toHaveLength(6);
  expect(matches(tree, 'error')).toEqual([4]);
  expect(matches(tree, 'id5')).toEqual([5]);
  expect(matches(tree, ' ')).toEqual([]);
  expect(failures(tree)).toEqual([4]);
});
