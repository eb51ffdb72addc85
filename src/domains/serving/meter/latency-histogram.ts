/**
 * A histogram of durations with logarithmic buckets: about 6 % wide, from 1 µs to 1000 s. Mergeable, fixed memory.
 */
export type LatencyHistogram = { counts: Uint32Array; count: number; sumMs: number };

const perOctave = 12;
const buckets = 30 * perOctave;

/** An empty histogram. */
export function createHistogram(): LatencyHistogram {
  return { counts: new Uint32Array(buckets), count: 0, sumMs: 0 };
}

/** Adds one duration in milliseconds. */
export function addLatency(histogram: LatencyHistogram, ms: number): void {
  const bucket = ms <= 0.001 ? 0 : Math.min(buckets - 1, Math.floor(Math.log2(ms * 1000) * perOctave));
  histogram.counts[bucket]++;
  histogram.count++;
  histogram.sumMs += ms;
}

/** Adds another histogram to the first. */
export function mergeHistogram(into: LatencyHistogram, from: LatencyHistogram): void {
  for (let i = 0; i < buckets; i++) into.counts[i] += from.counts[i];
  into.count += from.count;
  into.sumMs += from.sumMs;
}

/** The duration in milliseconds below which a share `q` of the observations lies; null when there are none. */
export function latencyQuantile(histogram: LatencyHistogram, q: number): number | null {
  if (histogram.count === 0) return null;
  const rank = Math.max(1, Math.ceil(q * histogram.count));
  let seen = 0;
  for (let i = 0; i < buckets; i++) {
    seen += histogram.counts[i];
    if (seen >= rank) return 2 ** ((i + 0.5) / perOctave) / 1000;
  }
  return null;
}

/** Observations at or below a bound in milliseconds, to the width of a bucket. */
export function countBelow(histogram: LatencyHistogram, ms: number): number {
  const last = Math.floor(Math.log2(ms * 1000) * perOctave);
  let seen = 0;
  for (let i = 0; i < last && i < buckets; i++) seen += histogram.counts[i];
  return seen;
}
