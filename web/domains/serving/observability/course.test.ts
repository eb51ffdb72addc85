import { describe, expect, it } from 'vitest';
import { courseOf, latencyRows, microseconds } from './course.ts';

const point = (time: string, latency: Record<string, number>) => ({
  time,
  requests: 1,
  failed: 0,
  refused: 0,
  waited: 0,
  meanWaitMs: null,
  waiting: 0,
  latency,
});
const history = {
  step: 10,
  from: '2026-01-01T00:00:03.000Z',
  to: '2026-01-01T00:00:56.000Z',
  points: [point('2026-01-01T00:00:10.000Z', { 512: 2 }), point('2026-01-01T00:00:40.000Z', { 4096: 1 })],
};

describe('the course of a deployment', () => {
  it('has every whole step of its range, those without requests too', () => {
    const course = courseOf(history);
    expect(course.times.map((time) => new Date(time).toISOString().slice(17, 19))).toEqual([
      '00',
      '10',
      '20',
      '30',
      '40',
    ]);
    expect(course.points.map((one) => one?.requests ?? null)).toEqual([null, 1, null, null, 1]);
  });

  it('shows the bins between the fastest and the slowest request, slowest first', () => {
    expect(latencyRows(courseOf(history)).map(({ key }) => key)).toEqual(['4096', '2048', '1024', '512']);
    expect(latencyRows(courseOf({ ...history, points: [] }))).toEqual([]);
  });

  it.each([
    [256, '256 µs'],
    [1024, '1.0 ms'],
    [131_072, '131 ms'],
    [2 ** 21, '2.1 s'],
  ])('%d microseconds are %s', (us, text) => {
    expect(microseconds(us)).toBe(text);
  });
});
