import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type Columns,
  inOrder,
  lowerBound,
  makeColumns,
  packColumns,
  unpackInto,
  withinSteps,
} from './columns.model.ts';

const columns = (rows: readonly (readonly [number, number, number])[]): Columns => ({
  steps: Float64Array.from(rows, ([step]) => step),
  times: Float64Array.from(rows, ([, time]) => time),
  values: Float64Array.from(rows, ([, , value]) => value),
});
const rowsOf = ({ steps, times, values }: Columns) =>
  Array.from(steps, (step, i): [number, number, number] => [step, times[i]!, values[i]!]);
const unpack = (bytes: Uint8Array, count: number) => {
  const target = makeColumns(count + 2);
  unpackInto(target, 1, bytes, count);
  return rowsOf(target).slice(1, -1);
};

const row = fc.tuple(fc.maxSafeInteger(), fc.maxSafeNat(), fc.double());
const few = fc.tuple(
  fc.integer({ min: -3, max: 3 }),
  fc.nat(2),
  fc.constantFrom(0, 1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);

it('gives back every point, wherever the bytes lie in memory', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1 }), fc.nat(7), (rows, shift) => {
      const bytes = packColumns(columns(rows));
      const moved = new Uint8Array(bytes.length + shift);
      moved.set(bytes, shift);
      expect(unpack(moved.subarray(shift), rows.length)).toEqual(rows);
    }),
  );
});

it('keeps steps and times of one distance in four numbers', () => {
  const even = Array.from({ length: 100 }, (_, i): [number, number, number] => [i * 5, 1e12 + i, i / 3]);
  const bytes = packColumns(columns(even));
  expect(bytes.length).toBe(8 * (1 + 4 + 100));
  expect(unpack(bytes, 100)).toEqual(even);
});

it('orders points by step or by time, each once', () => {
  fc.assert(
    fc.property(fc.array(few), (rows) => {
      const key = ([step, time, value]: readonly number[]) => `${step} ${time} ${value}`;
      const wanted = new Map(rows.map((one) => [key(one), one]));
      const order = (first: number, second: number) =>
        [...wanted.values()].sort((a, b) => a[first]! - b[first]! || a[second]! - b[second]!);
      const known = (list: readonly (readonly number[])[], at: readonly number[]) =>
        list.map((one) => at.map((i) => one[i]));
      for (const [by, first, second] of [['step', 0, 1] as const, ['time', 1, 0] as const]) {
        const ordered = rowsOf(inOrder(columns(rows), by));
        expect(known(ordered, [0, 1])).toEqual(known(order(first, second), [0, 1]));
        expect(new Set(ordered.map(key))).toEqual(new Set(wanted.keys()));
        expect(ordered.length).toBe(wanted.size);
      }
    }),
  );
});

it('puts NaN where 0 is, and infinities at the ends', () => {
  const values = [Number.NaN, 1, Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY, -1];
  const ordered = inOrder(columns(values.map((value) => [0, 0, value] as const)), 'step');
  expect([...ordered.values]).toEqual([
    Number.NEGATIVE_INFINITY,
    -1,
    0,
    Number.NaN,
    1,
    Number.POSITIVE_INFINITY,
  ]);
});

it('leaves alone what is in order', () => {
  const points = columns([
    [0, 5, 1],
    [1, 4, 1],
  ]);
  expect(inOrder(points, 'step')).toBe(points);
  expect(inOrder(points, 'time')).not.toBe(points);
});

it('cuts a range of steps', () => {
  const points = columns([0, 1, 1, 2, 5].map((step, i) => [step, i, i] as const));
  expect(rowsOf(withinSteps(points, { from: 1, to: 4 })).map(([step]) => step)).toEqual([1, 1, 2]);
  expect(withinSteps(points, { from: 6, to: 9 }).steps.length).toBe(0);
  expect(lowerBound(points.steps, 3)).toBe(4);
});
