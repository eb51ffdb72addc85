import type { FastifyRequest } from 'fastify';
import { type Caller, callerOfToken, localCaller } from '../auth/auth.ts';
import { isLoopback } from '../config.ts';
import { platformError } from '../errors.ts';
import type { Platform } from '../platform.ts';
import { type Asking, cookieName, credentialsOf, sameName } from './credentials.ts';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** A cookie that scripts cannot read and other sites cannot send. */
export function sessionCookie(token: string, maxAge = 30 * 86_400): string {
  return `${cookieName}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAge}`;
}

/**
 * The caller of a request. A token is checked on every request. Without one, a server without login takes
 * the person at this machine; a server with login raises platform.auth.required.
 */
export function identify(platform: Platform, request: Asking): Caller | Promise<Caller> {
  const credentials = credentialsOf(request, platform.config.auth);
  if (credentials !== undefined) {
    const { token, user } = credentials;
    const check = (caller: Caller | undefined) => {
      if (caller && (user === undefined || sameName(user, caller.user.id))) return caller;
      throw platformError('platform.auth.required', 'The token is not valid or no longer valid.');
    };
    const caller = callerOfToken(platform.systemScope('system:auth'), token);
    return caller instanceof Promise ? caller.then(check) : check(caller);
  }
  if (platform.config.auth) throw platformError('platform.auth.required', 'This server asks for a login.');
  return localCaller;
}

const hostName = (host: string) => host.replace(/:\d+$/, '').toLowerCase();

/** Hosts that a guard remembers to be good; a server has few names, and nobody may grow the list without end. */
const mostKnownHosts = 32;

/**
 * Refuses requests whose Host is none of this server's names (DNS rebinding), and unsafe requests that a
 * page of another origin makes (cross-site request forgery).
 */
export function createOriginGuard({
  config,
}: Platform): (request: Pick<FastifyRequest, 'headers' | 'method'>) => void {
  const good = new Set<string>();
  const ownName = config.host.toLowerCase();
  const checkHost = (host: string) => {
    const name = hostName(host);
    const known = isLoopback(name) || name === ownName || config.allowedHosts.includes(name);
    if (!known) throw platformError('platform.host.refused', 'The Host header names another server.');
    if (good.size < mostKnownHosts) good.add(host);
  };
  return (request) => {
    const { host = '', origin } = request.headers;
    if (!good.has(host)) checkHost(host);
    if (origin === undefined || safeMethods.has(request.method)) return;
    if (URL.parse(origin)?.host !== host)
      throw platformError('platform.origin.refused', 'Another origin made this request.');
  };
}
