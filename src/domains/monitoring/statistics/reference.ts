import type { NumericBins } from '../../../math/bins.ts';
import type { HourSums, Ranking } from './performance.ts';

/** Frozen bins of one column and the counts of the reference rows in them. */
export type ColumnProfile = { bins: NumericBins; counts: number[] };

/** A stretch of event time of the rows that a model was judged on, counted like a window. */
export type ReferenceChunk = {
  start: number;
  rows: number;
  features: Record<string, number[]>;
  score: number[];
  hours: HourSums[];
  ranking: Ranking;
};

/** What windows are compared with: one champion's inputs and scores, frozen. */
export type ReferenceProfile = {
  features: Record<string, ColumnProfile>;
  score: ColumnProfile;
  /** Share of positive labels; null when the reference had none. */
  labelRate: number | null;
  rows: number;
  /** The same rows by stretches of `length` milliseconds, where the evaluation knew their time. */
  chunks?: { length: number; items: ReferenceChunk[]; leftOut?: number } | null;
};

/** Name under which the score stands among the features of a window. */
export const scoreColumn = '__score';

/** Every column of a reference, the score last. */
export function columnsOf(profile: ReferenceProfile): [name: string, column: ColumnProfile][] {
  return [...Object.entries(profile.features), [scoreColumn, profile.score]];
}

/** Fewest chunks that a reference can rest on when the others are left out. */
const fewestUsual = 3;

/**
 * A reference without the chunks that were unusual when they were live: neither their rows nor their spread are counted.
 * When fewer than three chunks would be left, unusual is what is usual now, and the reference stays as it is.
 */
export function withoutUnusual(
  profile: ReferenceProfile,
  isUnusual: (start: number) => boolean,
): ReferenceProfile {
  const { chunks } = profile;
  const unusual = chunks?.items.filter(({ start }) => isUnusual(start)) ?? [];
  if (!chunks || unusual.length === 0 || chunks.items.length - unusual.length < fewestUsual) return profile;
  const rest = ({ bins, counts }: ColumnProfile, of: (chunk: ReferenceChunk) => number[] | undefined) => ({
    bins,
    counts: counts.map((count, bin) =>
      unusual.reduce((left, chunk) => Math.max(0, left - (of(chunk)?.[bin] ?? 0)), count),
    ),
  });
  return {
    ...profile,
    features: Object.fromEntries(
      Object.entries(profile.features).map(([name, column]) => [
        name,
        rest(column, ({ features }) => features[name]),
      ]),
    ),
    score: rest(profile.score, ({ score }) => score),
    rows: unusual.reduce((left, { rows }) => left - rows, profile.rows),
    chunks: {
      length: chunks.length,
      items: chunks.items.filter((chunk) => !unusual.includes(chunk)),
      leftOut: unusual.length,
    },
  };
}

/**
 * The chunks of the evaluation that can teach limits: of the windows' length, with enough rows each, and enough of
 * them; null when there are none or too few. Where unusual ones were left out fewer are enough: the former champion,
 * by whose limits they were unusual, lends its spread.
 */
export function teachingChunks(
  { chunks }: ReferenceProfile,
  { window, minimumRows, learningWindows }: { window: number; minimumRows: number; learningWindows: number },
): ReferenceChunk[] | null {
  if (!chunks || chunks.length !== window) return null;
  const whole = chunks.items.filter(({ rows }) => rows >= minimumRows);
  const enough = chunks.leftOut ? Math.min(fewestUsual, learningWindows) : learningWindows;
  return whole.length >= enough ? whole : null;
}
