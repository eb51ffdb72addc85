import type { NumericBins } from '../../../math/bins.ts';

/** Frozen bins of one column and the counts of the reference rows in them. */
export type ColumnProfile = { bins: NumericBins; counts: number[] };

/** What windows are compared with: one champion's inputs and scores, frozen. */
export type ReferenceProfile = {
  features: Record<string, ColumnProfile>;
  score: ColumnProfile;
  /** Share of positive labels; null when the reference had none. */
  labelRate: number | null;
  rows: number;
};

/** Name under which the score stands among the features of a window. */
export const scoreColumn = '__score';

/** Every column of a reference, the score last. */
export function columnsOf(profile: ReferenceProfile): [name: string, column: ColumnProfile][] {
  return [...Object.entries(profile.features), [scoreColumn, profile.score]];
}
