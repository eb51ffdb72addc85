import type { NamedTensor, TensorData } from './tensors.ts';

/** Below this many bytes a copy by the runtime costs no more than one of ours. */
const leastBytes = 64 * 1024;
/** Blocks kept for the next runs of a worker: one that runs, one that waits. */
const mostKept = 2;

/**
 * Memory that a worker's large inputs are handed over in: shared with it and used again, so that a picture is copied
 * once and neither side has anything to collect.
 */
export type SharedFeeds = {
  /** The feeds with large ones in shared memory; `free` is called when the worker has answered. */
  share(feeds: readonly NamedTensor[]): { feeds: readonly NamedTensor[]; free: () => void };
};

const nothingToFree = () => {};

/** Shared memory for the runs of one worker. */
export function createSharedFeeds(): SharedFeeds {
  const kept: SharedArrayBuffer[] = [];
  const take = (bytes: number) => {
    const at = kept.findIndex((block) => block.byteLength >= bytes);
    return at < 0 ? new SharedArrayBuffer(Math.ceil(bytes / 4096) * 4096) : kept.splice(at, 1)[0];
  };
  const give = (block: SharedArrayBuffer) => {
    kept.push(block);
    // The largest fit the most.
    kept.sort((a, b) => b.byteLength - a.byteLength).splice(mostKept);
  };
  return {
    share(feeds) {
      if (!feeds.some(isLarge)) return { feeds, free: nothingToFree };
      const blocks: SharedArrayBuffer[] = [];
      const shared = feeds.map((feed) => {
        if (!isLarge(feed)) return feed;
        const data = feed.data as Float32Array;
        const block = take(data.byteLength);
        blocks.push(block);
        const view = new (data.constructor as typeof Float32Array)(block, 0, data.length);
        view.set(data);
        return { ...feed, data: view as TensorData };
      });
      return { feeds: shared, free: () => blocks.forEach(give) };
    },
  };
}

function isLarge({ data }: NamedTensor): boolean {
  return !Array.isArray(data) && data.byteLength >= leastBytes;
}

/** The buffers of large outputs, which go to the other thread instead of a copy. */
export function buffersOf(outputs: readonly NamedTensor[]): ArrayBuffer[] {
  const large = outputs.filter(isLarge).map(({ data }) => (data as Float32Array).buffer as ArrayBuffer);
  return [...new Set(large)];
}
