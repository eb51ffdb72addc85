/** Counts by 53-bit hash, in typed arrays: no object for each entry, nothing for the collector to walk through. */
export type HashTable = {
  /** `count` is 0 … 2^32 − 2. */
  set(hash: number, count: number): void;
  get(hash: number): number | undefined;
  size(): number;
  each(visit: (hash: number, count: number) => void): void;
  clear(): void;
};

const startSlots = 1024;

/** An empty table: open addressing with linear probing, at most half full. */
export function createHashTable(): HashTable {
  let hashes = new Float64Array(startSlots);
  /** Count + 1 of each slot; 0 where it is free. */
  let counts = new Uint32Array(startSlots);
  let size = 0;

  const slotOf = (hash: number) => {
    const mask = hashes.length - 1;
    let slot = (hash >>> 0) & mask;
    while (counts[slot] !== 0 && hashes[slot] !== hash) slot = (slot + 1) & mask;
    return slot;
  };
  const grow = () => {
    const [oldHashes, oldCounts] = [hashes, counts];
    hashes = new Float64Array(oldHashes.length * 2);
    counts = new Uint32Array(hashes.length);
    for (let i = 0; i < oldHashes.length; i++) {
      if (oldCounts[i] === 0) continue;
      const slot = slotOf(oldHashes[i]);
      hashes[slot] = oldHashes[i];
      counts[slot] = oldCounts[i];
    }
  };
  return {
    set(hash, count) {
      if (size * 2 >= hashes.length) grow();
      const slot = slotOf(hash);
      if (counts[slot] === 0) size++;
      hashes[slot] = hash;
      counts[slot] = count + 1;
    },
    get(hash) {
      const slot = slotOf(hash);
      return counts[slot] === 0 ? undefined : counts[slot] - 1;
    },
    size: () => size,
    each(visit) {
      for (let i = 0; i < hashes.length; i++) if (counts[i] !== 0) visit(hashes[i], counts[i] - 1);
    },
    clear() {
      counts.fill(0);
      size = 0;
    },
  };
}
