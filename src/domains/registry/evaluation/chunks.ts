import { countNumeric } from '../../../math/bins.ts';
import { rocAuc } from '../../../math/classification.ts';
import type { FeatureProfile, ProfileChunk } from '../registry.door.ts';
import { orNull } from './figures.ts';
import type { TestTable } from './test-table.ts';

/** The newest ones are kept. */
const mostChunks = 400;
/** Scores are held so far from 0 and 1, as in the windows of monitoring. */
const scoreEdge = 1e-6;

export type ChunkColumn = { name: string; values: Float32Array; profile: FeatureProfile };

/**
 * Cuts rows into stretches of event time, each counted as monitoring counts a live window: on the frozen
 * bins, with outcomes in sums by hour (a 24th of the length). Stretches begin at whole multiples of `length`
 * (milliseconds) of UTC. A stretch with less than half the rows of the middle one is left out: it was cut by an end of
 * the table. Null where the table has no `__time`.
 */
export function chunksOf(
  { times, labels }: Pick<TestTable, 'times' | 'labels'>,
  columns: readonly ChunkColumn[],
  score: Omit<ChunkColumn, 'name'>,
  length: number,
): ProfileChunk[] | null {
  if (!times) return null;
  const groups = new Map<number, number[]>();
  for (let row = 0; row < times.length; row++) {
    const start = Math.floor(times[row]! / length) * length;
    const group = groups.get(start);
    if (group) group.push(row);
    else groups.set(start, [row]);
  }
  const sizes = [...groups.values()].map((rows) => rows.length).sort((a, b) => a - b);
  const fewest = (sizes[Math.floor((sizes.length - 1) / 2)] ?? 0) / 2;
  const whole = [...groups].filter(([, rows]) => rows.length >= fewest).sort(([a], [b]) => a - b);
  return whole.slice(-mostChunks).map(([start, rows]): ProfileChunk => {
    const own = Float32Array.from(rows, (row) => score.values[row]!);
    const count = ({ values, profile }: Omit<ChunkColumn, 'name'>) =>
      Array.from(
        countNumeric(
          profile.bins,
          Float32Array.from(rows, (row) => values[row]!),
        ),
      );
    const outcomes = Uint8Array.from(rows, (row) => labels[row]!);
    const positives = outcomes.reduce((sum, label) => sum + label, 0);
    return {
      start,
      rows: rows.length,
      features: Object.fromEntries(columns.map((column) => [column.name, count(column)])),
      score: count(score),
      hours: hourSums(
        rows.map((row) => times[row]!),
        outcomes,
        own,
        length,
      ),
      ranking: { auc: orNull(rocAuc(outcomes, own)), positives, negatives: rows.length - positives },
    };
  });
}

function hourSums(
  times: readonly number[],
  labels: Uint8Array,
  scores: Float32Array,
  length: number,
): ProfileChunk['hours'] {
  const hour = Math.max(1000, Math.min(3_600_000, Math.floor(length / 24)));
  const hours = new Map<number, ProfileChunk['hours'][number]>();
  for (const [row, time] of times.entries()) {
    const key = Math.floor(time / hour);
    const sums = hours.get(key) ?? { n: 0, labels: 0, scores: 0, logLoss: 0, excess: 0, brier: 0 };
    const y = labels[row]!;
    const p = Math.min(1 - scoreEdge, Math.max(scoreEdge, scores[row]!));
    sums.n++;
    sums.labels += y;
    sums.scores += p;
    sums.logLoss -= Math.log(y === 1 ? p : 1 - p);
    sums.excess += (p - y) * Math.log(p / (1 - p));
    sums.brier += (p - y) ** 2;
    hours.set(key, sums);
  }
  const short = (value: number) => Number(value.toPrecision(7));
  return [...hours]
    .sort(([a], [b]) => a - b)
    .map(([, { n, labels, ...sums }]) => ({
      n,
      labels,
      scores: short(sums.scores),
      logLoss: short(sums.logLoss),
      excess: short(sums.excess),
      brier: short(sums.brier),
    }));
}

const unitMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** What `chunk` of registry/evaluate may be: a length as in the settings of monitors. */
export const chunkPattern = '^[1-9][0-9]{0,4}(m|h|d|w)$';

/** Milliseconds of a chunk length such as `1d`. */
export function chunkLength(text: string): number {
  return Number(text.slice(0, -1)) * unitMs[text.slice(-1)]!;
}
