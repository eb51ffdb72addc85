import type { Explanation } from '../../api/types.ts';

/** One bar of the waterfall: from where the ones before it ended to where it ends. */
export type Step = {
  label: string;
  value: number | null;
  /** A feature; false for the sum of those that have no bar of their own. */
  isFeature: boolean;
  contribution: number;
  standardError: number;
  start: number;
  end: number;
};

/** The waterfall from base to output: the strongest features first, those after the first `most` as one bar. */
export function stepsOf({ base, features }: Pick<Explanation, 'base' | 'features'>, most = 12): Step[] {
  const strongest = features
    .filter(({ contribution }) => contribution !== 0)
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  const shown = strongest.length > most + 1 ? strongest.slice(0, most) : strongest;
  const rest = strongest.slice(shown.length);
  const parts = shown.map(({ name, value, contribution, standardError }) => ({
    label: name,
    value,
    isFeature: true,
    contribution,
    standardError,
  }));
  if (rest.length > 0) {
    parts.push({
      label: `${rest.length} further features`,
      value: null,
      isFeature: false,
      contribution: rest.reduce((sum, { contribution }) => sum + contribution, 0),
      standardError: 0,
    });
  }
  let at = base;
  return parts.map((part) => {
    const start = at;
    at += part.contribution;
    return { ...part, start, end: at };
  });
}

/** Place of a value among all ends of bars, in percent, with a little room at both sides. */
export function scaleOf(steps: readonly Step[], ends: readonly number[]): (value: number) => number {
  const all = [...ends, ...steps.flatMap(({ start, end }) => [start, end])];
  const low = Math.min(...all);
  const span = Math.max(...all) - low;
  return (value) => (span > 0 ? 2 + (96 * (value - low)) / span : 50);
}
