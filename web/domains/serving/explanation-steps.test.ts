import { describe, expect, it } from 'vitest';
import { scaleOf, stepsOf } from './explanation-steps.ts';

const feature = (name: string, contribution: number) => ({
  name,
  value: 1,
  usual: 0,
  contribution,
  standardError: 0,
});

describe('the steps of a waterfall', () => {
  it('go from the base to the output, the strongest first, without what does nothing', () => {
    const features = [feature('a', 0.1), feature('none', 0), feature('b', -0.4), feature('c', 0.2)];
    const steps = stepsOf({ base: 0.5, features });
    expect(steps.map(({ label }) => label)).toEqual(['b', 'c', 'a']);
    expect(steps[0]?.start).toBe(0.5);
    expect(steps[0]?.end).toBeCloseTo(0.1, 12);
    expect(steps[2]?.end).toBeCloseTo(0.4, 12);
  });

  it('put many small ones together, but never a single one', () => {
    const features = Array.from({ length: 14 }, (_, i) => feature(`f${i}`, 1 / (i + 1)));
    const steps = stepsOf({ base: 0, features });
    expect(steps).toHaveLength(13);
    expect(steps[12]).toMatchObject({ label: '2 further features', isFeature: false });
    expect(steps[12]?.end).toBeCloseTo(
      features.reduce((sum, { contribution }) => sum + contribution, 0),
      12,
    );
    expect(stepsOf({ base: 0, features: features.slice(0, 13) }).every(({ isFeature }) => isFeature)).toBe(
      true,
    );
  });

  it('lie within the picture', () => {
    const steps = stepsOf({ base: 3, features: [feature('a', -5), feature('b', 1)] });
    const place = scaleOf(steps, [3, -1]);
    expect(place(3)).toBeCloseTo(98, 9);
    expect(place(-2)).toBeCloseTo(2, 9);
    expect(scaleOf([], [1, 1])(1)).toBe(50);
  });
});
