import { describe, expect, test } from 'vitest';
import { defaultSettings, planOf, reasonCodes } from './explanation.model.ts';

const feature = (
  name: string,
  contribution: number,
  value: number | null = 1,
  usual: number | null = 0.5,
) => ({
  name,
  value,
  usual,
  contribution,
  standardError: 0,
});

describe('the method', () => {
  const plan = (more: object, players: number, rowMs = 0.001) =>
    planOf({ ...defaultSettings, ...more }, players, 100, rowMs);

  test('is exact for few features, sampled for many or where a row is dear', () => {
    expect(plan({}, 12)).toMatchObject({ method: 'exact', coalitions: 4096 });
    expect(plan({}, 13)).toMatchObject({ method: 'permutation', pairs: 83 });
    expect(plan({}, 13).reason).toMatch(/13 features vary, more than the 12/);
    expect(plan({}, 10, 1)).toMatchObject({ method: 'permutation' });
    expect(plan({}, 10, 1).reason).toMatch(/All 1024 coalitions would not fit the time limit/);
    expect(plan({}, 1)).toMatchObject({ method: 'exact', coalitions: 2 });
    expect(plan({}, 0)).toMatchObject({ method: 'exact', coalitions: 1 });
  });

  test('is what was asked for, within the budget', () => {
    expect(plan({ method: 'exact' }, 13, 1)).toMatchObject({ method: 'exact', coalitions: 8192 });
    expect(plan({ method: 'permutation' }, 3)).toMatchObject({ method: 'permutation', pairs: 499 });
    expect(plan({ method: 'kernel' }, 5)).toMatchObject({ method: 'kernel', coalitions: 32 });
    expect(plan({ method: 'kernel' }, 40)).toMatchObject({ coalitions: 2000 });
    const tight = plan({ method: 'kernel', budget: 1000 }, 40);
    expect(tight.coalitions).toBe(160);
    expect(plan({ budget: 1000 }, 40)).toMatchObject({ pairs: 2, coalitions: 2 + 2 * 2 * 39 });
    for (const players of [2, 13, 40, 500]) {
      expect(plan({}, players).coalitions * 100).toBeLessThanOrEqual(
        Math.max(409_600, defaultSettings.budget),
      );
    }
  });
});

describe('reason codes', () => {
  test('come the strongest first, with value, share, direction and the declared text', () => {
    const codes = reasonCodes(
      [feature('b', 0.1, 2475), feature('none', 0), feature('a', -0.3, null, 12.34567)],
      'identity',
      { a: 'Too little is known', none: 'Never said' },
    );
    expect(codes).toMatchObject([
      { rank: 1, feature: 'a', direction: 'lowers', text: 'Too little is known', value: null },
      { rank: 2, feature: 'b', direction: 'raises', text: null, value: 2475 },
    ]);
    expect(codes[0].share).toBeCloseTo(0.75, 12);
    expect(codes.map(({ sentence }) => sentence)).toEqual([
      'a is missing, which lowers the score by 0.3 (75 % of all effects); usual is 12.35.',
      'b = 2475 raises the score by 0.1 (25 % of all effects); usual is 0.5.',
    ]);
  });

  test('name the scale, small shares, and no more than there is', () => {
    const [, small] = reasonCodes([feature('x', 5), feature('y', -0.001, 1, null)], 'logit', {});
    expect(small.sentence).toBe('y = 1 lowers the log-odds by 0.001 (under 1 % of all effects).');
    expect(reasonCodes([feature('x', 0)], 'identity', {})).toEqual([]);
    expect(reasonCodes([feature('toString', 1)], 'identity', {})[0].text).toBeNull();
  });
});
