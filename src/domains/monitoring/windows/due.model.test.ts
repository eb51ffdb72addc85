import { describe, expect, it } from 'vitest';
import { type Census, dueWindows } from './due.model.ts';

const settings = { window: 10, labelHorizon: 10 };
const none = new Map<number, 'provisional' | 'final'>();
const steady = (windows: number, rows = 100): Census =>
  Array.from({ length: windows }, (_, i) => ({ start: i * 10, rows }));
const shape = (due: ReturnType<typeof dueWindows>) => due.map(({ start, phase }) => `${start} ${phase}`);

describe('due windows', () => {
  it('closes what event time has passed and settles what has its outcomes, in order', () => {
    expect(shape(dueWindows(steady(3), none, settings, false))).toEqual(['0 close', '0 settle', '10 close']);
    expect(shape(dueWindows(steady(4), none, settings, false))).toEqual([
      '0 close',
      '0 settle',
      '10 close',
      '10 settle',
      '20 close',
    ]);
  });

  it('leaves alone what is done', () => {
    const known = new Map<number, 'provisional' | 'final'>([
      [0, 'final'],
      [10, 'provisional'],
    ]);
    expect(shape(dueWindows(steady(3), known, settings, false))).toEqual([]);
    expect(shape(dueWindows(steady(4), known, settings, false))).toEqual(['10 settle', '20 close']);
  });

  it('is not moved by a stray row with a time far ahead', () => {
    const stray = [...steady(1), { start: 1_000_000, rows: 1 }];
    expect(shape(dueWindows(stray, none, settings, false))).toEqual([]);
  });

  it('closes the last windows when traffic has stopped', () => {
    expect(shape(dueWindows(steady(1), none, settings, true))).toEqual(['0 close', '0 settle']);
  });

  it('needs three rows beyond a window of few rows', () => {
    expect(shape(dueWindows(steady(3, 1), none, settings, false))).toEqual([]);
    expect(shape(dueWindows(steady(4, 1), none, settings, false))).toEqual(['0 close']);
  });

  it('does not take the first rows of a day for the whole day', () => {
    const morning = [
      { start: 0, rows: 10 },
      { start: 1_000_000, rows: 5 },
    ];
    expect(shape(dueWindows(morning, none, settings, false, 1000))).toEqual([]);
  });
});
