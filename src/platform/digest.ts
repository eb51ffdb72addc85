import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from './json.ts';

/** `sha256:` and the hex digest of bytes or of a UTF-8 text. */
export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Digest of a JSON value by its canonical form. */
export function digestJson(value: Json): string {
  return sha256(canonicalJson(value));
}

/** The first 12 hex characters of a digest, for subjects and pages. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}
