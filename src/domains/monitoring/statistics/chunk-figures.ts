import { unseenBin } from '../../../math/bins.ts';
import { psi } from '../../../math/distances.ts';
import { cliffsDelta } from './drift.ts';
import { measurePerformance, type PerformanceName } from './performance.ts';
import { columnsOf, type ReferenceChunk, type ReferenceProfile, scoreColumn } from './reference.ts';

/** What one chunk of the evaluation shows. */
export type ChunkFigures = {
  start: number;
  rows: number;
  performance: Record<PerformanceName, number | null>;
  /** PSI and Cliff's delta against the rest of the reference, by column. */
  drift: Record<string, { effect: number; shift: number }>;
};

/** The figures of the chunks that teach the limits, oldest first. */
export function chunkFigures(profile: ReferenceProfile, chunks: readonly ReferenceChunk[]): ChunkFigures[] {
  return chunks.map(({ start, rows, features, score, hours, ranking }) => {
    const measured = Object.entries(measurePerformance(hours, ranking));
    const drift = columnsOf(profile).map(([name, { bins, counts }]) => {
      const own = (name === scoreColumn ? score : features[name]) ?? [];
      const rest = counts.map((count, bin) => Math.max(0, count - (own[bin] ?? 0)));
      const unseen = unseenBin(bins);
      const values = rest.slice(0, unseen < 0 ? -1 : unseen);
      return [name, { effect: psi(rest, own), shift: cliffsDelta(values, own) }] as const;
    });
    return {
      start,
      rows,
      performance: Object.fromEntries(
        measured.map(([name, { value }]) => [name, value]),
      ) as ChunkFigures['performance'],
      drift: Object.fromEntries(drift),
    };
  });
}
