import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createHashTable, type HashTable } from './hash-table.ts';

/**
 * Which prediction ids a log holds, as 53-bit hashes with the number of rows of each request, in bounded memory:
 * those of the open segment in a table, those of older segments in sorted files, read when asked for and kept up to
 * `memoryBytes` in all (least recently used goes first). Two ids share a hash about once in
 * 10^8 pairs of 10^4; the price of that is one piece of feedback accepted for an id that was never given.
 */
export type IdIndex = {
  add(id: string, rows: number): void;
  /** Closes the open segment: its ids move to `path`, and a new one begins. */
  seal(path: string): void;
  /** Adds a sealed file; builds it from `ids` when it is missing. */
  attach(path: string, ids: () => Iterable<[string, number]>): void;
  /** Makes the sealed file hold these ids only; without ids it goes. */
  replace(path: string, ids: Iterable<[string, number]> | null): void;
  /** Whether the id is among the newest: the open segment and the one before it. Cheap, for every request. */
  isRecent(id: string): boolean;
  /** Rows of the request with this id, and the sealed file that holds it (undefined: the open segment). */
  find(id: string): { rows: number; path: string | undefined } | undefined;
  size(): number;
};

type Sealed = { hashes: Float64Array; rows: Uint32Array };

/** Creates an empty index. */
export function createIdIndex(memoryBytes = 32 * 1024 * 1024): IdIndex {
  const open = createHashTable();
  const paths: string[] = [];
  const cache = new Map<string, Sealed>();
  let cached = 0;

  const load = (path: string): Sealed => {
    const hit = cache.get(path);
    if (hit) {
      cache.delete(path);
      cache.set(path, hit);
      return hit;
    }
    const sealed = readIndex(path);
    cache.set(path, sealed);
    cached += sealed.hashes.length * 12;
    for (const [oldest, entry] of cache) {
      if (cached <= memoryBytes || oldest === path) break;
      cache.delete(oldest);
      cached -= entry.hashes.length * 12;
    }
    return sealed;
  };

  return {
    add: (id, rows) => open.set(hash53(id), rows),
    seal(path) {
      writeIndex(path, open);
      open.clear();
      paths.push(path);
    },
    attach(path, ids) {
      if (!existsSync(path)) {
        const table = createHashTable();
        for (const [id, rows] of ids()) table.set(hash53(id), rows);
        writeIndex(path, table);
      }
      paths.push(path);
    },
    replace(path, ids) {
      const entry = cache.get(path);
      if (entry) cached -= entry.hashes.length * 12;
      cache.delete(path);
      if (ids === null) {
        const at = paths.indexOf(path);
        if (at >= 0) paths.splice(at, 1);
        rmSync(path, { force: true });
        return;
      }
      const table = createHashTable();
      for (const [id, rows] of ids) table.set(hash53(id), rows);
      writeIndex(path, table);
    },
    isRecent(id) {
      const hash = hash53(id);
      if (open.get(hash) !== undefined) return true;
      const newest = paths.at(-1);
      return newest !== undefined && search(load(newest).hashes, hash) >= 0;
    },
    find(id) {
      const hash = hash53(id);
      const rows = open.get(hash);
      if (rows !== undefined) return { rows, path: undefined };
      for (let i = paths.length - 1; i >= 0; i--) {
        const sealed = load(paths[i]);
        const at = search(sealed.hashes, hash);
        if (at >= 0) return { rows: sealed.rows[at], path: paths[i] };
      }
      return undefined;
    },
    size: () => open.size(),
  };
}

/** A 53-bit hash of a text as a number: two FNV-1a streams of 32 bits, mixed and cut. */
export function hash53(text: string): number {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
    high ^= high >>> 13;
  }
  low ^= low >>> 16;
  low = Math.imul(low, 0x7feb352d);
  low ^= low >>> 15;
  low = Math.imul(low, 0x846ca68b);
  low ^= low >>> 16;
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0);
}

function search(hashes: Float64Array, hash: number): number {
  let low = 0;
  let high = hashes.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    if (hashes[middle] === hash) return middle;
    if (hashes[middle] < hash) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function writeIndex(path: string, table: HashTable): void {
  const size = table.size();
  const bytes = new Uint8Array(size * 12);
  const hashes = new Float64Array(bytes.buffer, 0, size);
  const rows = new Uint32Array(bytes.buffer, size * 8, size).fill(1);
  let i = 0;
  table.each((hash) => {
    hashes[i++] = hash;
  });
  // The typed sort is many times faster than one of pairs, and this happens between two requests.
  hashes.sort();
  table.each((hash, count) => {
    if (count !== 1) rows[search(hashes, hash)] = count;
  });
  writeFileSync(`${path}.tmp`, bytes);
  renameSync(`${path}.tmp`, path);
}

function readIndex(path: string): Sealed {
  const file = readFileSync(path);
  const bytes = new Uint8Array(file).buffer;
  const count = Math.floor(bytes.byteLength / 12);
  return { hashes: new Float64Array(bytes, 0, count), rows: new Uint32Array(bytes, count * 8, count) };
}
