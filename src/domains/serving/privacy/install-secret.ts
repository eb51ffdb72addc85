import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../../platform/config.ts';

const keyBytes = 32;

/** Keyed hashes of recorded values; who has not the key of this data folder cannot try values out. */
export type FieldHash = (field: string, value: string) => string;

/** The key is made at the first use, readable by its owner only. */
export function fieldHash(config: Config): FieldHash {
  let key: Buffer | undefined;
  return (field, value) => {
    key ??= keyOf(config);
    const digest = createHmac('sha256', key).update(`${field}\0${value}`).digest('base64url');
    return `hmac:${digest.slice(0, 22)}`;
  };
}

function keyOf(config: Config): Buffer {
  const path = join(config.dataDir, 'recording.key');
  try {
    writeFileSync(path, randomBytes(keyBytes), { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const key = readFileSync(path);
  if (key.length !== keyBytes) throw new Error('The file recording.key is not the key of this data folder.');
  return key;
}
