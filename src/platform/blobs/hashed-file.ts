import { createHash } from 'node:crypto';
import { close, open, writev } from 'node:fs';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { platformError } from '../errors.ts';

/** How a stream is written: `maxBytes` is a limit, buffers that are `ours` are freed as soon as they are written. */
export type WriteOptions = { maxBytes?: number; ours?: boolean };

/** What waits, while a write is under way, for the next one; larger writes cost less for each byte. */
const waitingBytes = 2 * 1024 * 1024;

/**
 * Writes a new file and hashes it on the way, in constant memory: one write is under way while the bytes before it are
 * hashed and the next ones come in. It does not wait for the device. Buffers must stay as they are until the end.
 * @returns SHA-256 as hex, and bytes
 * @throws platform.body.too_large; whatever the stream or the disk failed with
 */
export async function writeHashed(
  path: string,
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: WriteOptions = {},
): Promise<{ sha256: string; size: number }> {
  const file = new HashedFile(path, options);
  await pipeline(source, file);
  return { sha256: file.hash.digest('hex'), size: file.size };
}

class HashedFile extends Writable {
  readonly hash = createHash('sha256');
  size = 0;
  readonly #path: string;
  readonly #options: WriteOptions;
  #fd: number | undefined;

  constructor(path: string, options: WriteOptions) {
    super({ highWaterMark: waitingBytes, decodeStrings: false });
    this.#path = path;
    this.#options = options;
  }

  override _construct(done: (error?: Error | null) => void): void {
    open(this.#path, 'wx', 0o600, (error, fd) => {
      this.#fd = fd;
      done(error);
    });
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#add([chunk], done);
  }

  override _writev(chunks: { chunk: Uint8Array }[], done: (error?: Error | null) => void): void {
    this.#add(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#fd === undefined) done(error);
    else close(this.#fd, (failure) => done(error ?? failure));
  }

  #add(chunks: readonly Uint8Array[], done: (error?: Error | null) => void): void {
    const { maxBytes = Number.POSITIVE_INFINITY, ours = false } = this.#options;
    for (const { byteLength } of chunks) this.size += byteLength;
    if (this.size > maxBytes) {
      done(platformError('platform.body.too_large', `The body is larger than ${maxBytes} bytes.`));
      return;
    }
    this.#write(chunks, (error) => {
      if (ours) for (const chunk of chunks) free(chunk);
      done(error);
    });
    for (const chunk of chunks) this.hash.update(chunk);
  }

  /** All of the bytes, also when the system takes fewer at a time. */
  #write(chunks: readonly Uint8Array[], done: (error?: Error | null) => void): void {
    writev(this.#fd!, chunks, (error, written) => {
      if (error) return done(error);
      const rest = after(chunks, written);
      if (rest.length === 0) done();
      else this.#write(rest, done);
    });
  }
}

/** What is left of buffers behind so many bytes. */
function after(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let passed = 0;
  return chunks.flatMap((chunk) => {
    const from = Math.max(0, bytes - passed);
    passed += chunk.byteLength;
    return from < chunk.byteLength ? [chunk.subarray(from)] : [];
  });
}

/** Gives the memory of a buffer back that is the whole of its own, and not when a collector comes round. */
function free({ buffer, byteOffset, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength)
    buffer.transfer(0);
}
