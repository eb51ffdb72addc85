import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHashTable } from './hash-table.ts';

test('holds what a map holds, through growth, collisions and clearing', () => {
  // Hashes that share their low bits meet in one slot.
  const hash = fc.oneof(
    fc.integer({ min: 0, max: 2 ** 53 - 1 }),
    fc.integer({ min: 0, max: 2000 }).map((i) => i * 2 ** 33 + 5),
  );
  const entries = fc.array(fc.tuple(hash, fc.integer({ min: 0, max: 2 ** 32 - 2 })), { maxLength: 3000 });
  fc.assert(
    fc.property(entries, entries, (first, second) => {
      const table = createHashTable();
      for (const [key, count] of first) table.set(key, count);
      if (first.length % 2 === 0) table.clear();
      const map = new Map(first.length % 2 === 0 ? [] : first);
      for (const [key, count] of second) {
        table.set(key, count);
        map.set(key, count);
      }
      expect(table.size()).toBe(map.size);
      for (const [key] of first) expect(table.get(key)).toBe(map.get(key));
      const seen = new Map<number, number>();
      table.each((key, count) => seen.set(key, count));
      expect(seen).toEqual(map);
    }),
    { numRuns: 30 },
  );
});
