import fastifySwagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type onRequestHookHandler,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify';
import type { Caller } from '../auth/auth.ts';
import type { Permission } from '../auth/roles.ts';
import type { Platform } from '../platform.ts';
import { authorise, everything, type Scope } from '../scope.ts';
import { createOriginGuard, identify } from './callers.ts';
import { replyNotFound, replyWithError } from './failures.ts';
import { installFastLane, type LaneHandler } from './fast-lane.ts';
import { createLazySchemas } from './lazy-schemas.ts';
import type { RequestHead } from './request-head.ts';
import './request-traces.ts';

export type HoustonApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression<RawServerDefault>,
  RawReplyDefaultExpression<RawServerDefault>,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** `'GET /api/data/datasets': 'read'`, for every route of the server. */
export type PermissionTable = Readonly<Record<string, Permission>>;

/** A tag that routes carry, and what they are about. */
export type ApiGroup = { name: string; description: string };

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
    /** The caller's scope: database, actor, permissions, clock, log. */
    readonly scope: Scope;
  }
  interface FastifyInstance {
    /** `METHOD /path` of every route, as the permission table names them. */
    routeKeys: string[];
    /** Compiles the schemas of all routes, which otherwise happens when each is first used. */
    compileSchemas(): void;
    /** Lets plain requests to a route, whose paths begin with `prefix`, take the fast lane. */
    fastLane(routeKey: string, prefix: string, open: OpenLane): void;
  }
}

/** How requests with this head are answered, or undefined to leave them to the route itself. */
export type OpenLane = (head: RequestHead) => Omit<LaneHandler, 'admit'> | undefined;

const tokenHint = 'An access token: an admin makes it in the settings. Not needed where nobody signs in.';
const keepAliveMs = 72_000;
const megabyte = 1024 * 1024;
const streamed = [
  'application/octet-stream',
  'application/vnd.apache.parquet',
  'application/x-ndjson',
  'text/csv',
];

/**
 * The HTTP server: one error form, Host and Origin guards, the caller's scope on each request, and a
 * permission per route from one table — a route that the table does not name stops the start.
 * Bodies of `application/octet-stream`, Parquet, CSV and NDJSON arrive as streams.
 */
export async function createApp(
  platform: Platform,
  options: { permissions: PermissionTable; version: string; groups?: ApiGroup[] },
): Promise<HoustonApp> {
  const schemas = createLazySchemas();
  const app = fastify({
    logger: false,
    bodyLimit: 16 * megabyte,
    exposeHeadRoutes: false,
    requestTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    return503OnClosing: true,
    // Names of experiments have up to 500 characters.
    routerOptions: { maxParamLength: 600 },
    frameworkErrors: (error, request, reply) => void replyWithError(platform, error, request, reply),
    schemaController: { compilersFactory: schemas.compilers },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: 'array', allErrors: false } },
  }).withTypeProvider<TypeBoxTypeProvider>();

  app.decorate('routeKeys', []);
  app.decorate('compileSchemas', schemas.compileAll);
  app.decorateRequest('caller', null as unknown as Caller);
  app.decorateRequest('trace', undefined);
  app.decorateRequest('scope', {
    getter(): Scope {
      return scopeOf(platform, this.caller ?? anonymous);
    },
  });
  app.addContentTypeParser(streamed, (_request, payload, done) => done(null, payload));
  app.setErrorHandler((error, request, reply) => replyWithError(platform, error, request, reply));
  const patterns = new Map<string, Set<string>>();
  app.setNotFoundHandler((request, reply) => replyNotFound(patterns, request, reply));

  app.addHook('onRoute', (route) => {
    for (const method of [route.method].flat()) {
      const key = `${method} ${route.url}`;
      if (!(key in options.permissions)) throw new Error(`No permission is named for the route ${key}.`);
      app.routeKeys.push(key);
      patterns.set(route.url, (patterns.get(route.url) ?? new Set()).add(method));
    }
    const wanted = new Map(
      [route.method]
        .flat()
        .map((method) => [method as string, options.permissions[`${method} ${route.url}`]]),
    );
    const own = [route.onRequest ?? []].flat();
    route.onRequest = [admission(platform, wanted), ...own];
  });
  const guard = createOriginGuard(platform);
  const lane = installFastLane(app.server, keepAliveMs);
  app.addHook('preClose', (done) => {
    lane.close();
    done();
  });
  app.decorate('fastLane', (key: string, prefix: string, open: OpenLane) => {
    const permission = options.permissions[key];
    lane.add(prefix, (head) => {
      const handler = permission && isGuarded(guard, head) ? open(head) : undefined;
      return handler && { ...handler, admit: laneAdmission(platform, permission, head) };
    });
  });
  app.addHook('onRequest', (request, reply, done) => {
    guard(request);
    reply.header('x-content-type-options', 'nosniff');
    done();
  });

  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Houston',
        version: options.version,
        description:
          'Mission control for machine learning. Errors carry a code, a sentence and the next step.',
      },
      ...(options.groups && { tags: options.groups }),
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', description: tokenHint } } },
      // Without a token the cookie of the sign-in counts, or nothing where nobody has to sign in.
      security: [{ token: [] }, {}],
    },
  });
  return app as unknown as HoustonApp;
}

/** Finds the caller and checks the permission of the route; which one is known when the route is made. */
function admission(platform: Platform, wanted: ReadonlyMap<string, Permission>): onRequestHookHandler {
  return (request, _reply, done) => {
    const permission = wanted.get(request.method);
    if (permission === 'public' || permission === undefined) return done();
    const admit = (caller: Caller) => {
      request.caller = caller;
      if (!caller.permissions.has(everything)) authorise(request.scope, permission);
    };
    const caller = identify(platform, request);
    if (caller instanceof Promise) {
      caller.then(admit).then(() => done(), done);
      return;
    }
    admit(caller);
    done();
  };
}

/** Whether the guard lets a request pass; those that it refuses get their answer from the route itself. */
function isGuarded(guard: ReturnType<typeof createOriginGuard>, { headers }: RequestHead): boolean {
  try {
    guard({ method: 'POST', headers });
    return true;
  } catch {
    return false;
  }
}

/** The check of every request with this head; none where everybody at this machine may do everything. */
function laneAdmission(platform: Platform, permission: Permission, head: RequestHead): LaneHandler['admit'] {
  if (permission === 'public') return undefined;
  if (!platform.config.auth && head.headers.authorization === undefined) return undefined;
  const admit = (caller: Caller) => {
    if (!caller.permissions.has(everything)) authorise(scopeOf(platform, caller), permission);
    return caller.actor;
  };
  return () => {
    const caller = identify(platform, head);
    return caller instanceof Promise ? caller.then(admit) : admit(caller);
  };
}

const anonymous: Caller = {
  actor: 'user:anonymous',
  user: { id: 'anonymous', roles: [], createdAt: 0 },
  permissions: new Set(),
};

/** Made on first use, so that hot routes which need no scope pay nothing. */
export function scopeOf(platform: Platform, caller: Caller): Scope {
  const { db, now, log } = platform;
  return { db, actor: caller.actor, permissions: caller.permissions, cause: null, now, log, platform };
}
