import { randomUUID } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Config, dataFolder } from '../config.ts';
import { platformError } from '../errors.ts';
import { errorText, type Logger } from '../log.ts';
import { type WriteOptions, writeHashed } from './hashed-file.ts';
import { currentBoot, openUnflushed } from './unflushed.ts';
import { openUploads, type Uploads } from './uploads.ts';

export type Blob = { digest: string; size: number };

/** Content-addressed bytes: the name is the SHA-256, so equal content is stored once. */
export type BlobStore = {
  /**
   * Stores bytes or a stream in constant memory. What is stored survives the death of the process at once and a power
   * cut a little later. Raises platform.body.too_large beyond `maxBytes`; nothing is kept of a stream that fails.
   * Buffers of a stream stay as they are until the end; those that are `ours` are freed as soon as they are written:
   * nobody else may look at them.
   */
  put(content: Uint8Array | AsyncIterable<Uint8Array>, options?: WriteOptions): Promise<Blob>;
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
  /** Resolves once the device has confirmed all that is stored. */
  flushed(): Promise<void>;
  /** Uploads in parts, which become blobs. */
  readonly uploads: Uploads;
};

/** Larger reads cost less for each byte. */
const blockBytes = 1024 * 1024;

const digestPattern = /^sha256:[0-9a-f]{64}$/;

/**
 * The blob store in a local folder. Bytes are written aside and renamed into place, and flushed to the device after that;
 * what a power cut had spoilt meanwhile is removed here. `boot` names the running of the system.
 */
export function openLocalBlobs(
  config: Config,
  { log, boot = currentBoot() }: { log?: Logger; boot?: string } = {},
): BlobStore {
  const root = dataFolder(config, 'blobs');
  const staging = dataFolder(config, 'blobs', 'staging');

  const pathOf = (sha256: string) => join(root, sha256.slice(0, 2), sha256);
  const path = (digest: string) => {
    if (!digestPattern.test(digest)) throw platformError('platform.blob.not_found', 'This is not a digest.');
    return pathOf(digest.slice(7));
  };
  const unflushed = openUnflushed(dataFolder(config, 'unflushed'), pathOf, {
    boot,
    onFailure: (sha256, error) =>
      log?.error('The disk refused bytes that were stored', { sha256, error: errorText(error) }),
  });
  if (unflushed.lost.length > 0) {
    log?.error('Bytes were lost in a power cut; store them again', { sha256: unflushed.lost });
  }
  const existing = (digest: string) => {
    const file = path(digest);
    if (!existsSync(file))
      throw platformError('platform.blob.not_found', 'No bytes are stored under this digest.');
    return file;
  };
  /** In one turn of the event loop, so that a collector either sees the new time or leaves nothing to be found. */
  const settle = (staged: string, { sha256, size }: { sha256: string; size: number }): Blob => {
    const target = pathOf(sha256);
    const isThere = existsSync(target);
    const now = new Date();
    utimesSync(isThere ? target : staged, now, now);
    if (isThere) unlinkSync(staged);
    else {
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      unflushed.note(sha256);
      renameSync(staged, target);
      unflushed.flush(sha256);
    }
    return { digest: `sha256:${sha256}`, size };
  };

  const put: BlobStore['put'] = async (content, options) => {
    const staged = join(staging, randomUUID());
    try {
      const source = content instanceof Uint8Array ? [content] : content;
      return settle(staged, await writeHashed(staged, source, options));
    } catch (error) {
      await rm(staged, { force: true });
      throw error;
    }
  };

  const store: Omit<BlobStore, 'uploads'> = {
    put,
    putFile: (file) => put(createReadStream(file, { highWaterMark: blockBytes }), { ours: true }),
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
    flushed: unflushed.settled,
  };
  // A folder that cannot be read harms nobody yet: `put` says what is wrong.
  readdir(staging)
    .then((left) => Promise.all(left.map((name) => removeStale(join(staging, name)))))
    .catch(() => undefined);
  return { ...store, uploads: openUploads(config, store, boot) };
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
