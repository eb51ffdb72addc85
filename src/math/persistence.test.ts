import { describe, expect, it } from 'vitest';
import { persists } from './persistence.ts';

describe('persists', () => {
  it('wants m of the last k', () => {
    expect(persists([true, true, true, false, false], 3, 5)).toBe(true);
    expect(persists([true, true, true, false, false, false], 3, 5)).toBe(false);
    expect(persists([true, true], 2, 5)).toBe(true);
    expect(persists([], 1, 1)).toBe(false);
    expect(() => persists([], 4, 3)).toThrow(RangeError);
  });
});
