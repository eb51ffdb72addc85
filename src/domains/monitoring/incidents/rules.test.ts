import { describe, expect, it } from 'vitest';
import { nextMove } from './rules.ts';

const persistence = { windows: 2, of: 3 };
const flags = (text: string) => [...text].map((one) => one === '1');

describe('alerts', () => {
  it.each([
    [null, '0', 'none'],
    [null, '1', 'pend'],
    [null, '11', 'fire'],
    ['pending', '101', 'fire'],
    ['pending', '10', 'keep'],
    ['pending', '1000', 'drop'],
    ['firing', '1', 'keep'],
    ['firing', '110', 'keep'],
    ['firing', '1100', 'resolve'],
    ['firing', '11001', 'keep'],
  ] as const)('from %s with %s: %s', (state, series, move) => {
    expect(nextMove(state, flags(series), persistence)).toBe(move);
  });
});
