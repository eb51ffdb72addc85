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

/** Observations at or below each of some ascending bounds in milliseconds, to the width of a bucket. */
export function countsBelow(histogram: LatencyHistogram, bounds: readonly number[]): number[] {
  let seen = 0;
  let i = 0;
  return bounds.map((bound) => {
    const last = Math.min(buckets, Math.floor(Math.log2(bound * 1000) * perOctave));
    for (; i < last; i++) seen += histogram.counts[i];
    return seen;
  });
}

/** Observations by powers of two: bin i holds 2^i to 2^(i+1) microseconds. */
export function octavesOf(histogram: LatencyHistogram | null): Uint32Array {
  const bins = new Uint32Array(buckets / perOctave);
  if (histogram === null) return bins;
  for (let i = 0; i < buckets; i++) bins[Math.floor(i / perOctave)] += histogram.counts[i];
  return bins;
}
