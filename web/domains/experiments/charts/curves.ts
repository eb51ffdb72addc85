import type { Curve } from '../../../api/types.ts';

export type XAxis = 'step' | 'time' | 'relative';
/** x ascending and shared by all lines; a line's values are undefined where it has no point of its own. */
export type Aligned = {
  x: number[];
  lines: (number | null | undefined)[][];
  raw: (number | null | undefined)[][];
};

/** Where a point of a curve stands: its step, its time in ms UTC, or ms since the run's first point. */
export function xOf(curve: Curve, at: number, axis: XAxis): number {
  if (axis === 'step') return curve.steps[at] ?? 0;
  const time = curve.times[at] ?? 0;
  return axis === 'time' ? curve.startedAt + time : time;
}

/**
 * Exponential moving average with weight `strength` (0 to below 1) on the past, without bias at the start, as
 * training dashboards smooth. Missing values stay missing.
 */
export function smoothed(values: (number | null)[], strength: number): (number | null)[] {
  if (strength <= 0) return values;
  let last = 0;
  let weight = 0;
  return values.map((value) => {
    if (value === null) return null;
    last = last * strength + (1 - strength) * value;
    weight = weight * strength + (1 - strength);
    return last / weight;
  });
}

/** Curves on one ascending x. Of several points at one x the last stays. */
export function aligned(curves: Curve[], axis: XAxis, smoothing: number, isLog: boolean): Aligned {
  const places = new Set<number>();
  for (const curve of curves)
    for (let at = 0; at < curve.steps.length; at++) places.add(xOf(curve, at, axis));
  const x = [...places].sort((left, right) => left - right);
  const index = new Map(x.map((place, at) => [place, at]));
  const lines: Aligned['lines'] = [];
  const raw: Aligned['raw'] = [];
  for (const curve of curves) {
    const smooth = smoothed(curve.values, smoothing);
    const line = new Array<number | null | undefined>(x.length).fill(undefined);
    const own = new Array<number | null | undefined>(x.length).fill(undefined);
    curve.values.forEach((value, at) => {
      const place = index.get(xOf(curve, at, axis)) ?? 0;
      const next = smooth[at] ?? null;
      own[place] = value;
      // A logarithm takes positive values only.
      line[place] = isLog && next !== null && next <= 0 ? null : next;
    });
    lines.push(line);
    raw.push(own);
  }
  return { x, lines, raw };
}
