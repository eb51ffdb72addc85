import type { RunOutputs } from '../runtime/runner.ts';
import type { NamedTensor } from '../runtime/tensors.ts';

/** What a deployment declares about its cache, with the defaults that hold. */
export type CacheSettings = {
  maxBytes: number;
  maxEntries: number;
  /** Age at which an answer is made anew, in milliseconds; null: only room and new revisions end it. */
  ttlMs: number | null;
};

/** Bytes in the caches of all deployments of a process, and how many there may be. */
export type CacheRoom = { bytes: number; readonly most: number };

/** What a run has given. Whoever is handed the outputs must not write into them. */
export type Answer = {
  readonly outputs: RunOutputs;
  /** What the run took, in milliseconds. */
  readonly computeMs: number;
};

type Entry = Answer & { readonly bytes: number; readonly madeAt: number };

/**
 * Answers of one deployment by key, least recently used out first. It knows nothing of revisions: the key has to say
 * whose answer it is.
 */
export type ResultCache = {
  settings: CacheSettings;
  readonly counts: { evicted: number; expired: number };
  /** Changes with every `clear`, so that a run from before it leaves nothing behind. */
  generation(): number;
  bytes(): number;
  entries(): number;
  find(key: string, now: number): Answer | null;
  /** Keeps a copy of an answer and returns it; where it does not fit or the cache was cleared meanwhile, it is not kept. */
  put(key: string, answer: Answer, now: number, generation: number): Answer;
  /** A run that is under way for this key: its answer, or null when it had none that may be kept. */
  awaited(key: string): Promise<Answer | null> | undefined;
  /** Announces a run for a key; what it returns must be called with the end of that run. */
  announce(key: string): (answer: Answer | null) => void;
  /** Makes what is kept fit the settings. */
  fit(): void;
  clear(): { entries: number; bytes: number };
};

/** Measured: what an answer takes beside its key and its numbers, and what each of its tensors adds. */
const entryBytes = 300;
const tensorBytes = 200;

/** An empty cache that takes its bytes from `room`. */
export function createResultCache(room: CacheRoom, settings: CacheSettings): ResultCache {
  const known = new Map<string, Entry>();
  const flights = new Map<string, Promise<Answer | null>>();
  const counts = { evicted: 0, expired: 0 };
  let bytes = 0;
  let generation = 0;

  const remove = (key: string, entry: Entry) => {
    known.delete(key);
    bytes -= entry.bytes;
    room.bytes -= entry.bytes;
  };
  const isFull = (more: number) =>
    known.size + (more > 0 ? 1 : 0) > cache.settings.maxEntries ||
    bytes + more > cache.settings.maxBytes ||
    room.bytes + more > room.most;
  const makeRoom = (more: number) => {
    for (const [key, entry] of known) {
      if (!isFull(more)) return;
      remove(key, entry);
      counts.evicted++;
    }
  };

  const cache: ResultCache = {
    settings,
    counts,
    generation: () => generation,
    bytes: () => bytes,
    entries: () => known.size,
    find(key, now) {
      const entry = known.get(key);
      if (!entry) return null;
      const { ttlMs } = cache.settings;
      if (ttlMs !== null && now - entry.madeAt >= ttlMs) {
        remove(key, entry);
        counts.expired++;
        return null;
      }
      // The order of a map is that of insertion: the oldest use stands first.
      known.delete(key);
      known.set(key, entry);
      return entry;
    },
    put(key, { outputs, computeMs }, now, since) {
      const copy: RunOutputs = outputs.map(copyOf);
      if (outputs.path !== undefined) copy.path = outputs.path;
      const entry: Entry = { outputs: copy, computeMs, bytes: sizeOf(key, copy), madeAt: now };
      if (since !== generation) return entry;
      const before = known.get(key);
      if (before) remove(key, before);
      if (entry.bytes > Math.min(cache.settings.maxBytes, room.most)) return entry;
      makeRoom(entry.bytes);
      if (isFull(entry.bytes)) return entry;
      known.set(key, entry);
      bytes += entry.bytes;
      room.bytes += entry.bytes;
      return entry;
    },
    awaited: (key) => flights.get(key),
    announce(key) {
      let land: (answer: Answer | null) => void = () => {};
      const flight = new Promise<Answer | null>((resolve) => {
        land = resolve;
      });
      flights.set(key, flight);
      return (answer) => {
        if (flights.get(key) === flight) flights.delete(key);
        land(answer);
      };
    },
    fit: () => makeRoom(0),
    clear() {
      const was = { entries: known.size, bytes };
      room.bytes -= bytes;
      bytes = 0;
      known.clear();
      flights.clear();
      generation++;
      return was;
    },
  };
  return cache;
}

/** The kept tensors are their own: outputs may be views into larger buffers, or be written into by whoever made them. */
function copyOf({ name, datatype, shape, data }: NamedTensor): NamedTensor {
  return { name, datatype, shape: [...shape], data: data.slice() };
}

function sizeOf(key: string, outputs: readonly NamedTensor[]): number {
  let sum = entryBytes + key.length;
  for (const { data } of outputs) {
    sum += tensorBytes;
    if (!Array.isArray(data)) sum += data.byteLength;
    else for (const text of data) sum += 24 + 2 * text.length;
  }
  return sum;
}
