import { type RevisionMeter, runtimeRuns } from '../meter/meter.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import { whyNotCached } from './known-answers.ts';
import type { ResultCache } from './result-cache.ts';

/** What a deployment's cache holds and has spared since the start; null when none is declared. */
export function cacheView(cache: ResultCache | null | undefined, meters: readonly RevisionMeter[]) {
  if (!cache) return null;
  const sum = (of: (meter: RevisionMeter) => number) => meters.reduce((total, meter) => total + of(meter), 0);
  const hits = sum((meter) => meter.cache.hits);
  const misses = sum((meter) => meter.cache.misses);
  const { maxBytes, maxEntries, ttlMs } = cache.settings;
  return {
    entries: cache.entries(),
    bytes: cache.bytes(),
    maxBytes,
    maxEntries,
    ttlSeconds: ttlMs === null ? null : ttlMs / 1000,
    hits,
    misses,
    hitShare: hits + misses === 0 ? null : hits / (hits + misses),
    savedMs: sum((meter) => meter.cache.savedMs),
    evicted: cache.counts.evicted,
    expired: cache.counts.expired,
  };
}

/** What joining runs that come together has spared since the start. */
export function batchingView(meters: readonly RevisionMeter[]) {
  const sum = (of: (meter: RevisionMeter) => number) => meters.reduce((total, meter) => total + of(meter), 0);
  const requests = sum((meter) => meter.executions);
  const runs = sum(runtimeRuns);
  return {
    requests,
    runs,
    rowsPerRun: runs === 0 ? null : sum((meter) => meter.ranRows) / runs,
    joinedShare: requests === 0 ? null : sum((meter) => meter.joined.runs) / requests,
  };
}

/** Why the answers of one arm are not cached although the deployment declares a cache; null where they are, or none is. */
export function uncachedReason(cache: ResultCache | null | undefined, live: LiveRevision): string | null {
  return cache ? whyNotCached(cache, live) : null;
}
