import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../math/random.ts';
import { learnLimits, type Taught } from './control.ts';

const rule = { needed: [7, 7], alpha: 0.01 };
const exact = (values: number[]): Taught[] => values.map((value) => ({ value, error: 0 }));
const week = [3, 5, 4, 6, 2, 5, 3];
const reachOf = (limits: ReturnType<typeof learnLimits>) =>
  limits ? limits.upper - limits.centre : Number.NaN;

describe('limits', () => {
  it('are not known before enough windows have taught', () => {
    expect(learnLimits([exact(week.slice(1))], 1, rule)).toBeNull();
    expect(learnLimits([exact([...week.slice(1), Number.NaN])], 1, rule)).toBeNull();
    expect(learnLimits([exact(week)], 1, rule)).toMatchObject({ windows: 7, centre: 4 });
  });

  it('take the centre of the first own group that is complete, and the spread of all', () => {
    const chunks = exact(week);
    const live = exact(week.map((value) => value + 10));
    expect(learnLimits([live.slice(0, 6), chunks], 2, rule)?.centre).toBe(4);
    expect(learnLimits([live, chunks], 2, rule)?.centre).toBe(14);
    expect(learnLimits([live.slice(0, 6), chunks], 1, rule)).toBeNull();
    const alone = learnLimits([live], 1, rule);
    expect(reachOf(learnLimits([live, chunks], 2, rule))).toBeLessThan(reachOf(alone));
    const storm = exact([0, 40, 3, 55, 8, 61, 20]);
    expect(reachOf(learnLimits([storm, chunks, chunks], 1, rule))).toBeLessThan(
      reachOf(learnLimits([storm], 1, rule)),
    );
  });

  it('are wider for a window with fewer rows than those that taught, never narrower', () => {
    const taught = week.map((value) => ({ value, error: 0.5 }));
    const usual = reachOf(learnLimits([taught], 1, { ...rule, error: 0.5, degrees: 23 }));
    expect(reachOf(learnLimits([taught], 1, { ...rule, error: 0.1, degrees: 23 }))).toBe(usual);
    expect(reachOf(learnLimits([taught], 1, { ...rule, error: 3, degrees: 23 }))).toBeGreaterThan(usual);
    const still = week.map(() => ({ value: 4, error: 0.5 }));
    expect(reachOf(learnLimits([still], 1, rule))).toBeGreaterThan(0.5 * 2.3);
  });

  it('are passed by a new window of correlated days about as often as they say', () => {
    const random = createRandom(11);
    let beyond = 0;
    const runs = 4000;
    for (let run = 0; run < runs; run++) {
      let level = random.normal() / Math.sqrt(1 - 0.3 ** 2);
      const next = () => {
        level = 0.3 * level + random.normal();
        return level;
      };
      const limits = learnLimits([exact(Array.from({ length: 7 }, next))], 1, rule);
      for (let day = 0; day < 20; day++) next();
      if (limits && next() > limits.upper) beyond++;
    }
    expect(beyond / runs).toBeGreaterThan(0.005);
    expect(beyond / runs).toBeLessThan(0.015);
  });
});
