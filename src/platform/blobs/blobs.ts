import { createHash, randomUUID } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { copyFile, type FileHandle, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Config, dataFolder } from '../config.ts';
import { platformError } from '../errors.ts';
import { openUploads, type Uploads } from './uploads.ts';

export type Blob = { digest: string; size: number };

export type PutOptions = { maxBytes?: number; ours?: boolean };

/** Content-addressed bytes: the name is the SHA-256, so equal content is stored once. */
export type BlobStore = {
  /**
   * Stores bytes or a stream in constant memory. Raises platform.body.too_large beyond `maxBytes`;
   * nothing is kept of a stream that fails. Buffers of a stream that are `ours` are freed as soon as they are written,
   * and not when a collector comes round: nobody else may look at them.
   */
  put(content: Uint8Array | AsyncIterable<Uint8Array>, options?: PutOptions): Promise<Blob>;
  /** Takes a file into the store (a copy; the original stays). */
  putFile(path: string): Promise<Blob>;
  get(digest: string): Promise<Buffer>;
  stream(digest: string): Readable;
  has(digest: string): boolean;
  /** Path of the bytes on this machine, for readers such as DuckDB and ONNX Runtime. */
  path(digest: string): string;
  size(digest: string): Promise<number>;
  remove(digest: string): Promise<void>;
  /** What is stored whose digest begins with these two hex characters. */
  list(prefix: string): Promise<Blob[]>;
  /** Removes bytes that nobody has put since `time` (in milliseconds); false when they stay. */
  removeUntouchedSince(digest: string, time: number): boolean;
  /** Uploads in parts, which become blobs. */
  readonly uploads: Uploads;
};

/** Bytes on their way to the disk while as many are hashed; larger reads and writes cost less for each byte. */
const blockBytes = 1024 * 1024;

const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** The blob store in a local folder. Bytes are written aside, flushed, and renamed into place. */
export function openLocalBlobs(config: Config): BlobStore {
  const root = dataFolder(config, 'blobs');
  const staging = dataFolder(config, 'blobs', 'staging');

  const path = (digest: string) => {
    if (!digestPattern.test(digest)) throw platformError('platform.blob.not_found', 'This is not a digest.');
    const hex = digest.slice(7);
    return join(root, hex.slice(0, 2), hex);
  };
  const existing = (digest: string) => {
    const file = path(digest);
    if (!existsSync(file))
      throw platformError('platform.blob.not_found', 'No bytes are stored under this digest.');
    return file;
  };
  /** In one turn of the event loop, so that a collector either sees the new time or leaves nothing to be found. */
  const settle = (staged: string, blob: Blob) => {
    const target = path(blob.digest);
    const isThere = existsSync(target);
    const now = new Date();
    utimesSync(isThere ? target : staged, now, now);
    if (isThere) unlinkSync(staged);
    else {
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      renameSync(staged, target);
    }
    return blob;
  };

  const store: Omit<BlobStore, 'uploads'> = {
    async put(content, options = {}) {
      const staged = join(staging, randomUUID());
      const source = content instanceof Uint8Array ? [content] : content;
      try {
        return settle(staged, await writeHashed(staged, source, options));
      } catch (error) {
        await rm(staged, { force: true });
        throw error;
      }
    },
    async putFile(file) {
      const staged = join(staging, randomUUID());
      await copyFile(file, staged);
      const hash = createHash('sha256');
      let size = 0;
      for await (const chunk of createReadStream(staged, { highWaterMark: blockBytes })) {
        hash.update(chunk);
        size += chunk.length;
      }
      return settle(staged, { digest: `sha256:${hash.digest('hex')}`, size });
    },
    get: async (digest) => readFile(existing(digest)),
    stream: (digest) => createReadStream(existing(digest), { highWaterMark: blockBytes }),
    has: (digest) => digestPattern.test(digest) && existsSync(path(digest)),
    path: existing,
    size: async (digest) => (await stat(existing(digest))).size,
    remove: async (digest) => rm(path(digest), { force: true }),
    list: (prefix) => listBlobs(join(root, /^[0-9a-f]{2}$/.exec(prefix)?.[0] ?? '-')),
    removeUntouchedSince(digest, time) {
      const found = statSync(path(digest), { throwIfNoEntry: false });
      if (found && found.mtimeMs >= time) return false;
      if (found) unlinkSync(path(digest));
      return true;
    },
  };
  void readdir(staging).then((left) => Promise.all(left.map((name) => removeStale(join(staging, name)))));
  return { ...store, uploads: openUploads(config, store) };
}

/**
 * Writes a file and flushes it to the device, and hashes it on the way: one block is written while the next one is
 * filled, and what is written is on its way to the device long before the end. What comes in is copied, so that the
 * many small buffers of a request die young.
 * @throws platform.body.too_large
 */
async function writeHashed(
  path: string,
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { maxBytes = Number.POSITIVE_INFINITY, ours = false }: PutOptions,
): Promise<Blob> {
  const hash = createHash('sha256');
  const file = await open(path, 'wx', 0o600);
  let size = 0;
  let block: Buffer = Buffer.allocUnsafeSlow(blockBytes);
  let spare: Buffer | undefined;
  let filled = 0;
  let writing: Promise<unknown> = Promise.resolve();
  const flushing = createFlushing(file);
  const flush = async () => {
    await writing;
    const full = block.subarray(0, filled);
    block = spare ?? Buffer.allocUnsafeSlow(blockBytes);
    spare = full.length === blockBytes ? full : undefined;
    filled = 0;
    hash.update(full);
    writing = writeAll(file, full).then(() => flushing.written(full.length));
    // Whoever waits for it next hears of a failure.
    writing.catch(() => undefined);
  };
  try {
    for await (const chunk of source) {
      size += chunk.byteLength;
      if (size > maxBytes)
        throw platformError('platform.body.too_large', `The body is larger than ${maxBytes} bytes.`);
      for (let at = 0; at < chunk.byteLength; ) {
        const part = chunk.subarray(at, at + blockBytes - filled);
        block.set(part, filled);
        filled += part.byteLength;
        at += part.byteLength;
        if (filled === blockBytes) await flush();
      }
      if (ours) free(chunk);
    }
    await flush();
    await writing;
    await flushing.all();
  } finally {
    await writing.catch(() => undefined);
    await flushing.settled();
    await file.close();
  }
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

const flushEvery = 64 * blockBytes;

/** Sends to the device what was written of a file, every so often and beside the writing. */
function createFlushing(file: FileHandle) {
  let waiting = 0;
  let under: Promise<void> | undefined;
  const settled = async () => under?.catch(() => undefined);
  return {
    written(bytes: number) {
      waiting += bytes;
      if (under || waiting < flushEvery) return;
      waiting = 0;
      under = file.datasync();
      under.then(
        () => {
          under = undefined;
        },
        // The promise stays, and with it the failure, which the end must hear of.
        () => undefined,
      );
    },
    /** Flushes the rest. A device that has failed once is not asked again: it might forget and say yes. */
    async all() {
      await under;
      await file.datasync();
    },
    settled,
  };
}

/** Gives the memory of a buffer back that is the whole of its own. */
function free({ buffer, byteOffset, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength)
    buffer.transfer(0);
}

/** All of the bytes, also when the system takes fewer at a time. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, at);
    at += bytesWritten;
  }
}

async function listBlobs(folder: string): Promise<Blob[]> {
  const names = await readdir(folder).catch(() => []);
  const found: Blob[] = [];
  for (const name of names) {
    const file = await stat(join(folder, name)).catch(() => undefined);
    if (file) found.push({ digest: `sha256:${name}`, size: file.size });
  }
  return found;
}

/** Removes what an interrupted upload left behind more than an hour ago. */
async function removeStale(file: string): Promise<void> {
  const age = await stat(file)
    .then((found) => Date.now() - found.mtimeMs)
    .catch(() => 0);
  if (age > 3_600_000) await rm(file, { force: true });
}
