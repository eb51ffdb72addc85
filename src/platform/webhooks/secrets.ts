import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { webhookError } from './webhooks.errors.ts';

const keyBytes = 32;

/** The key of this data folder: made at the first use, readable by its owner only. */
function keyOf(config: Config): Buffer {
  const path = join(config.dataDir, 'webhooks.key');
  try {
    writeFileSync(path, randomBytes(keyBytes), { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const key = readFileSync(path);
  if (key.length !== keyBytes) throw unreadable();
  return key;
}

const unreadable = () =>
  webhookError(
    'webhooks.secret.unreadable',
    'A kept secret cannot be read with the key of this data folder.',
  );

/** Encrypts a secret for rest with AES-256-GCM, bound to what it belongs to. */
export function seal(config: Config, secret: string, owner: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(config), nonce).setAAD(Buffer.from(owner));
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return `v1.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')}`;
}

/** The secret again. @throws webhooks.secret.unreadable with another key, another owner or changed bytes */
export function unseal(config: Config, text: string, owner: string): string {
  const bytes = Buffer.from(text.replace(/^v1\./, ''), 'base64url');
  try {
    const nonce = bytes.subarray(0, 12);
    const plain = createDecipheriv('aes-256-gcm', keyOf(config), nonce)
      .setAAD(Buffer.from(owner))
      .setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([plain.update(bytes.subarray(28)), plain.final()]).toString('utf8');
  } catch {
    throw unreadable();
  }
}
