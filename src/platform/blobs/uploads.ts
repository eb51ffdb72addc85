import { randomBytes, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, dataFolder } from '../config.ts';
import { defineErrors } from '../errors.ts';
import type { Blob, BlobStore } from './blobs.ts';
import { writeHashed } from './hashed-file.ts';

export const uploadError = defineErrors({
  'platform.upload.not_found': { status: 404, next: 'Begin the upload anew; it may have been abandoned.' },
  'platform.upload.incomplete': {
    status: 400,
    next: 'Send every part of the upload, then complete it with the ETag of each.',
  },
  'platform.upload.too_many': { status: 409, next: 'Complete or abort uploads that are under way first.' },
});

export type UploadPart = { number: number; etag: string };

/**
 * Uploads that arrive in parts, at once and in any order, and become one blob. Parts are files of this server, named
 * by number and SHA-256, so an upload outlives a restart of this program, but not of the system, which may lose what was
 * not flushed; what nobody touches for a day is thrown away.
 */
export type Uploads = {
  /** Begins an upload of so many parts; `label` says what it is for and must be the same at every later call. */
  begin(label: string, parts: number): Promise<string>;
  /** Stores one part in constant memory; the same number again replaces it. Returns its ETag. */
  putPart(id: string, label: string, part: number, content: AsyncIterable<Uint8Array>): Promise<string>;
  /** Joins all parts into the store. Again it returns the same blob. */
  complete(id: string, label: string, parts: readonly UploadPart[]): Promise<Blob>;
  /** Forgets an upload and its parts; one that is not there is no error. */
  abort(id: string, label: string): Promise<void>;
  /** Throws away what was not touched for `ms` milliseconds; returns how many uploads. */
  sweep(ms: number): Promise<number>;
};

export const MOST_PARTS = 10_000;
const mostUploads = 1000;
const day = 86_400_000;

type Manifest = { label: string; parts: number; boot: string };

/** `boot` names the running of the system. */
export function openUploads(config: Config, blobs: Pick<BlobStore, 'put' | 'has'>, boot: string): Uploads {
  const root = dataFolder(config, 'uploads');
  const joining = new Map<string, Promise<Blob>>();
  const folderOf = (id: string) => {
    if (!/^[0-9a-f]{64}$/.test(id)) throw notFound();
    return join(root, id);
  };
  /** The upload, if it is there and for this purpose: who may write one artifact learns nothing of another. */
  const open = async (id: string, label: string): Promise<{ folder: string; parts: number }> => {
    const folder = folderOf(id);
    const manifest = await readJson<Manifest>(join(folder, 'upload.json'));
    if (manifest?.label !== label || manifest.boot !== boot) throw notFound();
    return { folder, parts: manifest.parts };
  };
  const sweep = async (ms: number) => {
    let swept = 0;
    for (const id of await readdir(root)) {
      const touched = await stat(join(root, id)).then(
        ({ mtimeMs }) => mtimeMs,
        () => Number.POSITIVE_INFINITY,
      );
      if (joining.has(id) || Date.now() - touched < ms) continue;
      await rm(join(root, id), { recursive: true, force: true });
      swept++;
    }
    return swept;
  };
  // One that cannot read its folder harms nobody yet: `begin` sweeps again, and says what is wrong.
  sweep(day).catch(() => undefined);

  return {
    async begin(label, parts) {
      await sweep(day);
      if ((await readdir(root)).length >= mostUploads) {
        throw uploadError('platform.upload.too_many', `There are ${mostUploads} uploads under way.`);
      }
      const id = randomBytes(32).toString('hex');
      await mkdir(folderOf(id), { mode: 0o700 });
      await writeFile(
        join(folderOf(id), 'upload.json'),
        JSON.stringify({ label, parts, boot } satisfies Manifest),
      );
      return id;
    },
    async putPart(id, label, part, content) {
      const { folder, parts } = await open(id, label);
      if (!Number.isInteger(part) || part < 1 || part > parts) {
        throw uploadError('platform.upload.incomplete', `The parts of this upload are 1 to ${parts}.`);
      }
      return writePart(folder, part, content);
    },
    async complete(id, label, wanted) {
      const { folder, parts } = await open(id, label);
      const under = joining.get(id) ?? joinOnce(blobs, folder, parts, wanted);
      joining.set(id, under);
      try {
        return await under;
      } finally {
        joining.delete(id);
      }
    },
    async abort(id, label) {
      const found = await open(id, label).catch(() => undefined);
      if (found) await rm(found.folder, { recursive: true, force: true });
    },
    sweep,
  };
}

const notFound = () => uploadError('platform.upload.not_found', 'There is no such upload.');

const readJson = <T>(file: string): Promise<T | undefined> =>
  readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as T,
    () => undefined,
  );

/** Number and SHA-256 of each part that has arrived. */
async function partFiles(folder: string): Promise<{ number: number; etag: string; name: string }[]> {
  return (await readdir(folder)).flatMap((name) => {
    const [, number, etag] = /^(\d+)\.([0-9a-f]{64})$/.exec(name) ?? [];
    return number === undefined ? [] : [{ number: Number(number), etag: etag!, name }];
  });
}

async function writePart(folder: string, part: number, content: AsyncIterable<Uint8Array>): Promise<string> {
  const staged = join(folder, `staged-${randomUUID()}`);
  let etag: string;
  try {
    etag = (await writeHashed(staged, content, { ours: true })).sha256;
  } catch (error) {
    await rm(staged, { force: true });
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? notFound() : error;
  }
  const before = (await partFiles(folder)).filter(({ number }) => number === part);
  await rename(staged, join(folder, `${part}.${etag}`));
  for (const { name, etag: old } of before) if (old !== etag) await rm(join(folder, name), { force: true });
  return etag;
}

/** What an earlier call has joined, or else one blob of all parts. */
async function joinOnce(
  blobs: Pick<BlobStore, 'put' | 'has'>,
  folder: string,
  parts: number,
  wanted: readonly UploadPart[],
): Promise<Blob> {
  const done = await readJson<Blob>(join(folder, 'done.json'));
  return done && blobs.has(done.digest) ? done : joinParts(blobs, folder, parts, wanted);
}

/** One blob of all parts in their order; the parts go once the blob is kept. */
async function joinParts(
  blobs: Pick<BlobStore, 'put'>,
  folder: string,
  parts: number,
  wanted: readonly UploadPart[],
): Promise<Blob> {
  const files = await partFiles(folder);
  const etags = new Map(wanted.map(({ number, etag }) => [number, etag.replaceAll('"', '')]));
  const ordered = Array.from({ length: parts }, (_, i) =>
    files.find(({ number, etag }) => number === i + 1 && etag === etags.get(number)),
  );
  const missing = ordered.indexOf(undefined) + 1;
  if (missing > 0 || etags.size !== parts) {
    throw uploadError(
      'platform.upload.incomplete',
      `Part ${missing || parts + 1} of ${parts} is not as named.`,
    );
  }
  const blob = await blobs.put(
    (async function* joined() {
      for (const file of ordered)
        yield* createReadStream(join(folder, file!.name), { highWaterMark: 1 << 20 });
    })(),
    { ours: true },
  );
  await writeFile(join(folder, 'done.json'), JSON.stringify(blob));
  for (const { name } of files) await rm(join(folder, name), { force: true });
  return blob;
}
