import { expect, test } from 'vitest';
import { between, errorBound, isFine, isOver } from './health.model.ts';

test('a share is over its bound only with enough bad ones', () => {
  expect(isOver({ of: 20, bad: 19 }, errorBound)).toBe(false);
  expect(isOver({ of: 20, bad: 20 }, errorBound)).toBe(true);
  expect(isOver({ of: 10_000, bad: 400 }, errorBound)).toBe(false);
  expect(isOver({ of: 10_000, bad: 600 }, errorBound)).toBe(true);
  expect(isOver({ of: 0, bad: 0 }, errorBound)).toBe(false);
});

test('it is fine again well below the bound, and with enough to tell', () => {
  expect(isFine({ of: 10, bad: 0 }, errorBound)).toBe(false);
  expect(isFine({ of: 1000, bad: 30 }, errorBound)).toBe(false);
  expect(isFine({ of: 1000, bad: 20 }, errorBound)).toBe(true);
});

test('shares are of what happened between two looks', () => {
  const before = { requests: 100, errors: 5, rows: 200, invalid: 1 };
  const after = { requests: 150, errors: 15, rows: 300, invalid: 1 };
  expect(between(before, after)).toEqual({ errors: { of: 50, bad: 10 }, invalid: { of: 100, bad: 0 } });
});
