/** A page token: where a list goes on, as text that callers hand back unread. */
export function writePageToken(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** What a page token holds, to be checked by who wrote it; undefined for text that is no token. */
export function readPageToken(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    return undefined;
  }
}
