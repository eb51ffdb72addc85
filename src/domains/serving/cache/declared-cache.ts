import type { Route } from '../routing/route.ts';
import type { DeploymentSpecInput } from '../serving.contract.ts';
import { type CacheRoom, type CacheSettings, createResultCache } from './result-cache.ts';

const defaults = { maxBytes: 64_000_000, maxEntries: 1_000_000 };

/** The cache that holds for what is declared; null when there is none. */
export function cacheSettings(declared: DeploymentSpecInput['cache']): CacheSettings | null {
  if (declared === undefined || declared === false) return null;
  const { maxBytes, maxEntries, ttlSeconds } = declared === true ? {} : declared;
  return {
    maxBytes: maxBytes ?? defaults.maxBytes,
    maxEntries: maxEntries ?? defaults.maxEntries,
    ttlMs: ttlSeconds === undefined ? null : ttlSeconds * 1000,
  };
}

/** Makes the declared cache hold from the next request on; what is kept stays, as far as it fits. */
export function declareCache(room: CacheRoom, route: Route, declared: DeploymentSpecInput['cache']): void {
  const settings = cacheSettings(declared);
  if (settings === null) {
    route.cache?.clear();
    route.cache = null;
    return;
  }
  route.cache ??= createResultCache(room, settings);
  route.cache.settings = settings;
  route.cache.fit();
}
