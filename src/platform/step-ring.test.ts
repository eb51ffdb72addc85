import { describe, expect, it } from 'vitest';
import { createStepRing } from './step-ring.ts';

const sum = (points: readonly number[]) => points.reduce((a, b) => a + b, 0);
const ring = (most?: number) =>
  createStepRing<number>({
    fineSeconds: 5,
    fineFor: 60,
    coarseSeconds: 20,
    coarseFor: 300,
    join: sum,
    ...(most !== undefined && { most }),
  });

describe('a history in steps', () => {
  it('keeps fine steps for a while, joins them, and forgets', () => {
    const history = ring();
    for (let second = 5; second <= 1000; second += 5) history.push(second * 1000, 1);
    const all = history.range(0, 2_000_000);
    const seconds = new Set(all.map((step) => step.seconds));
    expect([...seconds].sort((a, b) => a - b)).toEqual([5, 20]);
    expect(all.filter((step) => step.seconds === 20).every((step) => step.point === 4)).toBe(true);
    const starts = all.map(({ time }) => time);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    expect(starts[0]).toBeGreaterThanOrEqual(700_000 - 20_000);
    expect(history.latest()).toEqual({ time: 995_000, seconds: 5, point: 1 });
    // Nothing is counted twice and nothing between the ends is missing.
    expect(sum(all.map((step) => step.point)) * 5).toBe(1000 - starts[0] / 1000);
  });

  it('gives the steps that touch a range', () => {
    const history = ring();
    for (let second = 5; second <= 30; second += 5) history.push(second * 1000, second);
    expect(history.range(7000, 16_000).map(({ point }) => point)).toEqual([10, 15, 20]);
  });

  it('has a bound on what it holds', () => {
    const history = ring(3);
    for (let second = 5; second <= 50; second += 5) history.push(second * 1000, second);
    expect(history.range(0, 1e9).map(({ point }) => point)).toEqual([40, 45, 50]);
  });
});
