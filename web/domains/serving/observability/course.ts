import type { ServingHistory } from '../../../api/types.ts';

/** A history on an axis without gaps: a step without requests is there, and empty. */
export type Course = {
  step: number;
  times: number[];
  points: (ServingHistory['points'][number] | undefined)[];
};

const lookMs = 5_000;

/** Lays the points on their time axis. */
export function courseOf({ step, from, to, points }: ServingHistory): Course {
  const width = step * 1000;
  const first = Math.floor(Date.parse(from) / width) * width;
  const byTime = new Map(points.map((point) => [Date.parse(point.time), point]));
  const times: number[] = [];
  // A step that is still filling would look like a drop; the server looks every few seconds.
  for (let time = first; time + width + lookMs <= Date.parse(to); time += width) times.push(time);
  return { step, times, points: times.map((time) => byTime.get(time)) };
}

export type LatencyRow = { key: string; label: string; range: string };

/** The bins of latency that are in use, without holes, slowest first; their keys are microseconds. */
export function latencyRows({ points }: Course): LatencyRow[] {
  const used = points.flatMap((point) => Object.keys(point?.latency ?? {}).map(Number));
  if (used.length === 0) return [];
  const rows: LatencyRow[] = [];
  for (let from = Math.max(...used); from >= Math.min(...used); from /= 2) {
    const [low, high] = [microseconds(from), microseconds(from * 2)];
    rows.push({ key: String(from), label: `≥ ${low}`, range: `${low} to ${high}` });
  }
  return rows;
}

/** 512 → "0.51 ms", 2048 → "2.0 ms", 131072 → "131 ms". */
export function microseconds(us: number): string {
  if (us < 1000) return `${us} µs`;
  const [value, unit] = us < 1_000_000 ? [us / 1000, 'ms'] : [us / 1_000_000, 's'];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}
