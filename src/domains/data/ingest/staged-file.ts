import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Config, dataFolder } from '../../../platform/config.ts';
import { HoustonError } from '../../../platform/errors.ts';
import { dataError } from '../data.errors.ts';

const folder = (config: Config) => dataFolder(config, 'staging', 'data');
const staleAfter = 24 * 3_600_000;

/** A path for a file that lives until `dispose`, outside the blob store. */
export function stagedPath(config: Config, extension: string): string {
  return join(folder(config), `${randomUUID()}.${extension}`);
}

export type StagedFile = { path: string; digest: string; size: number };

/**
 * Writes a stream to a staged file in constant memory. Raises data.file.too_large beyond `maxBytes` and
 * data.upload.interrupted when the caller goes away; then nothing is left behind.
 */
export async function stage(
  config: Config,
  source: AsyncIterable<Uint8Array>,
  options: { extension: string; maxBytes: number },
): Promise<StagedFile> {
  const path = stagedPath(config, options.extension);
  const hash = createHash('sha256');
  let size = 0;
  try {
    await pipeline(
      source,
      async function* measured(chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          size += chunk.byteLength;
          if (size > options.maxBytes) {
            throw dataError('data.file.too_large', `The file is larger than ${options.maxBytes} bytes.`);
          }
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(path, { mode: 0o600 }),
    );
  } catch (error) {
    await rm(path, { force: true });
    if (error instanceof HoustonError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE') {
      throw dataError('data.upload.interrupted', 'The connection ended before the file did.');
    }
    throw error;
  }
  return { path, digest: `sha256:${hash.digest('hex')}`, size };
}

/** Removes staged files that an interrupted process left behind. */
export async function sweepStaged(config: Config, now: number): Promise<void> {
  const root = folder(config);
  for (const name of await readdir(root)) {
    const path = join(root, name);
    const modified = await stat(path)
      .then((found) => found.mtimeMs)
      .catch(() => now);
    if (now - modified > staleAfter) await rm(path, { force: true });
  }
}
