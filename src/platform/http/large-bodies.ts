/**
 * Memory of large bodies. It is shared, so that a worker thread reads a tensor where the socket's bytes were put, and it
 * is used again: left to the collector, a few dozen pictures are enough to make it look through all the memory of the
 * server, and new memory costs as much as the copy into it.
 */

/** From this size on a body's memory is given back as soon as it is answered. */
export const largeBody = 64 * 1024;

/** What lies at a multiple of eight can be looked at as elements of any type, in place. */
const alignment = 8;
const pageBytes = 4096;
/** Kept for the next bodies, all together. */
const mostKeptBytes = 16 * 1024 * 1024;

const kept: SharedArrayBuffer[] = [];
let keptBytes = 0;
/** Blocks that are out; giving one back twice would give it to two. */
const lent = new WeakSet<SharedArrayBuffer>();

/** A block of at least so many bytes, with whatever was in it before. */
export function takeBlock(bytes: number): SharedArrayBuffer {
  const at = kept.findIndex(({ byteLength }) => byteLength >= bytes && byteLength <= 2 * bytes + pageBytes);
  const block =
    at < 0 ? new SharedArrayBuffer(Math.ceil(bytes / pageBytes) * pageBytes) : kept.splice(at, 1)[0];
  if (at >= 0) keptBytes -= block.byteLength;
  lent.add(block);
  return block;
}

/** Takes a block back; nobody may look at it any more. */
export function giveBlock(block: SharedArrayBuffer): void {
  if (!lent.delete(block) || block.byteLength > mostKeptBytes) return;
  kept.push(block);
  keptBytes += block.byteLength;
  while (keptBytes > mostKeptBytes) keptBytes -= (kept.shift() as SharedArrayBuffer).byteLength;
}

/** Room for a body of this length that ends at a multiple of eight, where the tensors at its end are aligned. */
export function roomFor(length: number): Buffer {
  if (length >= largeBody) {
    const block = takeBlock(length);
    return Buffer.from(block, block.byteLength - length);
  }
  const padding = (alignment - (length % alignment)) % alignment;
  return Buffer.allocUnsafeSlow(padding + length).subarray(padding);
}

/** Gives back the memory of bytes that have a buffer of their own; they, and views of them, are not to be read afterwards. */
export function release(bytes: Buffer): void {
  const { buffer, byteOffset, length } = bytes;
  if (byteOffset + length !== buffer.byteLength) return;
  if (buffer instanceof SharedArrayBuffer) giveBlock(buffer);
  else if (byteOffset < alignment) buffer.transfer(0);
}
