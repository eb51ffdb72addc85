import { type PermissionTable, scopeOf } from '../../platform/http/app.ts';
import { identify } from '../../platform/http/callers.ts';
import type { Platform } from '../../platform/platform.ts';
import { authorise, type Scope } from '../../platform/scope.ts';

/** Checks who calls, by the header `authorization` of one call; the scope of that caller. */
export type Admission = (authorization: string | undefined) => Scope | Promise<Scope>;

/**
 * Admits the callers of a method as its REST route does: the same bearer token, as metadata `authorization`, and the
 * same permission of the one table.
 */
export function admissionOf(platform: Platform, permissions: PermissionTable, route: string): Admission {
  const permission = permissions[route];
  if (permission === undefined) throw new Error(`No permission is named for the route ${route}.`);
  return (authorization) => {
    if (permission === 'public') return { ...platform.systemScope('user:anonymous'), permissions: new Set() };
    const caller = identify(platform, { headers: authorization === undefined ? {} : { authorization } });
    const admit = (known: Awaited<typeof caller>) => {
      const scope = scopeOf(platform, known);
      authorise(scope, permission);
      return scope;
    };
    return caller instanceof Promise ? caller.then(admit) : admit(caller);
  };
}
