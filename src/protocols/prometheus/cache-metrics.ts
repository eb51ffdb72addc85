import type { RevisionMeter, ServingDoor } from '../../domains/serving/index.ts';
import { type Labels, metric } from './exposition.ts';

type Route = ReturnType<ServingDoor['liveRoutes']>[number];
type CacheSums = RevisionMeter['cache'];
type Held = NonNullable<Route['cache']>;

/** Looks into the caches, in Houston's names and Triton's; nothing where no cache was ever asked. */
export function cacheMetrics(
  own: readonly [RevisionMeter, Labels][],
  triton: readonly [Pick<RevisionMeter, 'cache'>, Labels][],
  routes: readonly Route[],
): string[] {
  const asked = own.filter(([{ cache }]) => cache.hits + cache.misses > 0);
  const alias = triton.filter(([{ cache }]) => cache.hits + cache.misses > 0);
  const caches = routes.flatMap(({ deployment, cache }) =>
    cache ? [{ labels: { deployment }, cache }] : [],
  );
  const counter = (name: string, help: string, value: (cache: CacheSums) => number) =>
    metric(
      name,
      'counter',
      help,
      (name.startsWith('nv_') ? alias : asked).map(([{ cache }, labels]) => ({
        labels,
        value: value(cache),
      })),
    );
  const held = (name: string, type: string, help: string, value: (cache: Held) => number) =>
    metric(
      name,
      type,
      help,
      caches.map(({ labels, cache }) => ({ labels, value: value(cache) })),
    );
  const micros = (ms: number) => Math.round(ms * 1000);
  return [
    counter('houston_inference_cache_hits_total', 'Requests that the cache answered', ({ hits }) => hits),
    counter('houston_inference_cache_misses_total', 'Requests that it did not know', ({ misses }) => misses),
    counter(
      'houston_inference_cache_saved_seconds_total',
      'Time of the runs that the cache has spared',
      ({ savedMs }) => savedMs / 1000,
    ),
    held('houston_inference_cache_bytes', 'gauge', 'Memory of cached answers', (cache) => cache.bytes()),
    held('houston_inference_cache_entries', 'gauge', 'Cached answers', (cache) => cache.entries()),
    held(
      'houston_inference_cache_evictions_total',
      'counter',
      'Cached answers that gave their room to others',
      ({ counts }) => counts.evicted,
    ),
    counter('nv_cache_num_hits_per_model', 'Requests that the cache answered', ({ hits }) => hits),
    counter('nv_cache_num_misses_per_model', 'Requests that it did not know', ({ misses }) => misses),
    counter('nv_cache_hit_duration_per_model', 'Time of the hits, microseconds', ({ hitMs }) =>
      micros(hitMs),
    ),
    counter('nv_cache_miss_duration_per_model', 'Time of the misses, microseconds', ({ missMs }) =>
      micros(missMs),
    ),
  ];
}
