import { giveBlock, takeBlock } from '../../../platform/http/large-bodies.ts';
import type { NamedTensor, TensorData } from './tensors.ts';

/** Below this many bytes a copy by the runtime costs no more than one of ours. */
const leastBytes = 64 * 1024;
/** Feeds as they are posted, and what gives their memory back. */
export type SharedFeeds = { feeds: readonly NamedTensor[]; free: () => void };

const nothingToFree = () => {};

/**
 * The feeds of a run in another thread, large ones in memory that it shares, so that a picture is copied at most once; those
 * that came in such memory (see `large-bodies.ts`) are handed on as they are. `free` is to be called when it has answered.
 */
export function shareFeeds(feeds: readonly NamedTensor[]): SharedFeeds {
  if (!feeds.some(needsCopy)) return { feeds, free: nothingToFree };
  const blocks: SharedArrayBuffer[] = [];
  const shared = feeds.map((feed) => {
    if (!needsCopy(feed)) return feed;
    const data = feed.data as Float32Array;
    const block = takeBlock(data.byteLength);
    blocks.push(block);
    const view = new (data.constructor as typeof Float32Array)(block, 0, data.length);
    view.set(data);
    return { ...feed, data: view as TensorData };
  });
  return { feeds: shared, free: () => blocks.forEach(giveBlock) };
}

function needsCopy(feed: NamedTensor): boolean {
  return isLarge(feed) && !((feed.data as Float32Array).buffer instanceof SharedArrayBuffer);
}

function isLarge({ data }: NamedTensor): boolean {
  return !Array.isArray(data) && data.byteLength >= leastBytes;
}

/** The buffers of large outputs, which go to the other thread instead of a copy. */
export function buffersOf(outputs: readonly NamedTensor[]): ArrayBuffer[] {
  const large = outputs.filter(isLarge).map(({ data }) => (data as Float32Array).buffer as ArrayBuffer);
  return [...new Set(large)];
}
