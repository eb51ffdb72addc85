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
  chunks?: { length: number; items: ReferenceChunk[] } | null;
};

/** Name under which the score stands among the features of a window. */
export const scoreColumn = '__score';

/** Every column of a reference, the score last. */
export function columnsOf(profile: ReferenceProfile): [name: string, column: ColumnProfile][] {
  return [...Object.entries(profile.features), [scoreColumn, profile.score]];
}

/**
 * The chunks of the evaluation that can teach limits: of the windows' length, with enough rows each, and enough of
 * them; null when there are none or too few.
 */
export function teachingChunks(
  { chunks }: ReferenceProfile,
  { window, minimumRows, learningWindows }: { window: number; minimumRows: number; learningWindows: number },
): ReferenceChunk[] | null {
  if (!chunks || chunks.length !== window) return null;
  const whole = chunks.items.filter(({ rows }) => rows >= minimumRows);
  return whole.length >= learningWindows ? whole : null;
}
