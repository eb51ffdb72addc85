import { timingSafeEqual } from 'node:crypto';

/** What is looked at to tell who calls. */
export type Asking = { headers: { authorization?: string; cookie?: string } };

/** A token, and the user whose it must be when the caller named one. */
export type Credentials = { token: string; user?: string };

export const cookieName = 'houston_session';

/**
 * Credentials of a request: a bearer token; or, where `basic` is taken, a user's name with a token as the password;
 * or the session cookie.
 */
export function credentialsOf({ headers }: Asking, basic: boolean): Credentials | undefined {
  const { authorization, cookie: cookies } = headers;
  if (authorization === undefined && cookies === undefined) return undefined;
  const bearer = authorization?.match(/^Bearer\s+(\S+)$/i)?.[1];
  if (bearer) return { token: bearer };
  const pair = basic ? authorization?.match(/^Basic\s+([A-Za-z0-9+/=_-]{1,1000})$/i)?.[1] : undefined;
  if (pair) return readBasic(pair);
  const cookie = cookies?.match(new RegExp(`(?:^|;\\s*)${cookieName}=([^;\\s]+)`))?.[1];
  return cookie === undefined ? undefined : { token: cookie };
}

function readBasic(pair: string): Credentials {
  const text = Buffer.from(pair, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? { token: text, user: '' } : { token: text.slice(colon + 1), user: text.slice(0, colon) };
}

/** Whether two names are equal, in a time that does not tell where they differ. */
export function sameName(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
