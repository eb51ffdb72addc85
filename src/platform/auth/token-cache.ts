import type { Platform } from '../platform.ts';
import { afterCommit, type Scope } from '../scope.ts';
import type { Caller } from './auth.ts';

/** A caller whose token was found good, and until when the token lives. */
type Known = { caller: Caller; expiresAt: number | null; checkedAt: number };
type Cache = { epoch: number; known: Map<string, Known> };

/** How long another server on the same database may still honour a token that was taken away. */
const freshMs = 5000;
/** And how long one is honoured while the database cannot be asked: predictions go on in an outage. */
const awayMs = 15 * 60_000;
const mostKnown = 10_000;
const caches = new WeakMap<Platform, Cache>();

function cacheOf(platform: Platform): Cache {
  let cache = caches.get(platform);
  if (!cache) {
    cache = { epoch: 0, known: new Map() };
    caches.set(platform, cache);
  }
  return cache;
}

/**
 * The caller behind the hash of a token that was checked within the last seconds, or minutes while the database is away;
 * only good tokens are remembered.
 */
export function rememberedCaller(platform: Platform, hash: string, isAway = false): Caller | undefined {
  const known = cacheOf(platform).known.get(hash);
  if (!known || performance.now() - known.checkedAt > (isAway ? awayMs : freshMs)) return undefined;
  return known.expiresAt !== null && known.expiresAt < platform.now() ? undefined : known.caller;
}

/** Begins a check; what it returns remembers the outcome, unless users or tokens have changed meanwhile. */
export function beginCheck(
  platform: Platform,
  hash: string,
): (caller: Caller, expiresAt: number | null) => void {
  const cache = cacheOf(platform);
  const { epoch } = cache;
  return (caller, expiresAt) => {
    if (cache.epoch !== epoch) return;
    if (cache.known.size >= mostKnown) cache.known.clear();
    cache.known.set(hash, { caller, expiresAt, checkedAt: performance.now() });
  };
}

/** Forgets all callers once the open transaction has committed. Every change of users and tokens calls it. */
export function forgetCallers(tx: Scope): void {
  afterCommit(tx, () => {
    const cache = cacheOf(tx.platform);
    cache.epoch++;
    cache.known.clear();
  });
}
