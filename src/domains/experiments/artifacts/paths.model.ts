import { experimentsError } from '../experiments.contract.ts';

/** A file or folder of the artifact store: whose it is, and its path below. Both are labels, never paths on disk. */
export type ArtifactPlace = { owner: string; path: string };

const ownerPattern = /^(?:[0-9a-f]{32}|m-[\w-]{1,64}|tr-[\w-]{1,64})$/;
const badPath = () =>
  experimentsError(
    'experiments.input.invalid',
    "Invalid path: it is relative, and without '..', '#', backslashes and control characters, however encoded.",
  );

/**
 * Checks a path that clients will join to their own folders. Escapes are undone again and again for the check, so
 * that what is hidden behind two or three encodings is refused too. Returns the path without empty parts.
 * @throws experiments.input.invalid
 */
export function checkArtifactPath(path: string): string {
  let seen = path;
  for (let depth = 0; depth < 8; depth++) {
    checkOnce(seen);
    const decoded = decode(seen);
    if (decoded === seen) break;
    seen = decoded;
  }
  if (path.length > 4000) throw badPath();
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

function checkOnce(path: string): void {
  const parts = path.split('/');
  const isOutside = parts.some((part) => /^\s*\.\.\s*(?:;|$)|^[A-Za-z]:|^file:/i.test(part));
  if (isOutside || /[#\\\ufffd]|\p{Cc}|^\/|\/\/|%(?:c[01]|f[5-9a-f])/iu.test(path) || !path.isWellFormed())
    throw badPath();
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/%(2e|2f|5c|23|00)/gi, (sign) => decodeURIComponent(sign));
  }
}

/**
 * Finds out whose file a path of the store names: `…/RUN/artifacts/PATH`, `…/models/MODEL/artifacts/PATH` and
 * `…/traces/TRACE/artifacts/PATH` belong to their run, model or trace; what is left belongs to nobody.
 * @throws experiments.input.invalid
 */
export function placeOf(storePath: string): ArtifactPlace {
  const path = checkArtifactPath(storePath);
  const parts = path.split('/');
  const at = parts.findIndex((part, i) => ownerPattern.test(part) && parts[i + 1] === 'artifacts');
  if (at < 0) return { owner: '', path };
  return { owner: parts[at]!, path: parts.slice(at + 2).join('/') };
}
