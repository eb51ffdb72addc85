import { expect, test } from 'vitest';
import { fixed } from './numbers.ts';

test.each([
  [fixed(-0.0312, 3), '−0.031'],
  [fixed(2, 1), '2.0'],
])('%s', (shown, expected) => expect(shown).toBe(expected));
