import { createHash, randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Which blobs have not been confirmed by the device, and the work of flushing them, one at a time and off anybody's
 * way. Each has an empty file `BOOT/SHA256`, made before the blob gets its name and removed after the flush, so a file
 * system that keeps the order of names, as journals do, never keeps a blob's name without it.
 */
export type Unflushed = {
  /** Notes a blob that is about to get its name. */
  note(sha256: string): void;
  /** Has a noted blob flushed, now that it has its name. */
  flush(sha256: string): void;
  /** Resolves once nothing waits to be flushed. */
  settled(): Promise<void>;
  /** Digests of what a power cut had spoilt and this start has removed. */
  readonly lost: readonly string[];
};

export type UnflushedOptions = {
  /** Names the running of the system within which what was written is not lost. */
  boot?: string;
  /** Hears of blobs that the device refused. */
  onFailure?: (sha256: string, error: unknown) => void;
};

/**
 * Takes up what an earlier process left unflushed. After the death of the process alone the system still has the bytes;
 * after a power cut, which shows in another boot, each of them is read, and removed when it does not match its name.
 */
export function openUnflushed(
  root: string,
  pathOf: (sha256: string) => string,
  { boot = currentBoot(), onFailure = () => undefined }: UnflushedOptions = {},
): Unflushed {
  const folder = join(root, boot);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const earlier = readdirSync(root).filter((name) => name !== boot);
  const lost = earlier.flatMap((name) => verify(join(root, name), folder, pathOf));
  mkdirSync(join(root, refused), { recursive: true, mode: 0o700 });
  const waiting = new Set(readdirSync(folder));
  let under: Promise<void> | undefined;

  const flushOne = async (sha256: string) => {
    try {
      await flushFile(pathOf(sha256));
      await rm(join(folder, sha256), { force: true });
    } catch (error) {
      // A device that has failed is not asked again: it might forget and say yes. The next start reads the bytes.
      onFailure(sha256, error);
      await rename(join(folder, sha256), join(root, refused, sha256)).catch(() => undefined);
    }
  };
  const flushAll = async () => {
    for (const sha256 of waiting) {
      waiting.delete(sha256);
      await flushOne(sha256);
    }
    under = undefined;
  };
  const start = () => {
    if (waiting.size > 0) under ??= flushAll();
  };
  start();

  return {
    lost,
    note: (sha256) => closeSync(openSync(join(folder, sha256), 'w', 0o600)),
    flush(sha256) {
      waiting.add(sha256);
      start();
    },
    settled: async () => under,
  };
}

const refused = 'refused';

/** The running of the system that this process is part of; what cannot be told is never the same twice. */
export function currentBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return randomUUID();
  }
}

/** The file and its name; a file that has been removed meanwhile needs nothing. */
async function flushFile(path: string): Promise<void> {
  const file = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  try {
    await file?.sync();
  } finally {
    await file?.close();
  }
}

/** Reads what another boot left unflushed: what matches its name is to be flushed now, the rest is removed. */
function verify(from: string, to: string, pathOf: (sha256: string) => string): string[] {
  const lost: string[] = [];
  for (const sha256 of readdirSync(from)) {
    const path = pathOf(sha256);
    if (existsSync(path) && hashFile(path) !== sha256) {
      rmSync(path);
      lost.push(sha256);
    }
    if (existsSync(path)) renameSync(join(from, sha256), join(to, sha256));
  }
  rmSync(from, { recursive: true });
  return lost;
}

function hashFile(path: string): string {
  const hash = createHash('sha256');
  const block = Buffer.allocUnsafe(1024 * 1024);
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const bytes = readSync(file, block);
      if (bytes === 0) return hash.digest('hex');
      hash.update(block.subarray(0, bytes));
    }
  } finally {
    closeSync(file);
  }
}
