import type { AddressInfo } from 'node:net';
import { apiGroups } from './api-groups.ts';
import type { ServingDoor } from './domains/serving/index.ts';
import { createDomains, type Domains } from './domains.ts';
import { permissions } from './permissions.ts';
import { authRoutes } from './platform/auth/auth.routes.ts';
import { authMigrations } from './platform/auth/auth.tables.ts';
import { bootstrapAdministrator } from './platform/auth/auth.ts';
import { blobsMigrations } from './platform/blobs/collector.tables.ts';
import type { Config } from './platform/config.ts';
import { lockDataFolder } from './platform/data-lock.ts';
import { migrate } from './platform/db/migrate.ts';
import { declarationRoutes } from './platform/declarations/declarations.routes.ts';
import { HoustonError } from './platform/errors.ts';
import { createApp, type HoustonApp } from './platform/http/app.ts';
import { platformRoutes } from './platform/http/platform.routes.ts';
import { webRoutes } from './platform/http/web.routes.ts';
import { jobsMigrations } from './platform/jobs/jobs.ts';
import { ledgerHead, ledgerMigrations } from './platform/ledger/index.ts';
import type { Logger } from './platform/log.ts';
import type { DomainModule } from './platform/module.ts';
import { createPlatform, type Platform } from './platform/platform.ts';
import { reactorMigrations } from './platform/reactors/reactors.tables.ts';
import { createReactors, type Reactors } from './platform/reactors/reactors.ts';
import { webhookMigrations } from './platform/webhooks/webhooks.tables.ts';
import { kserveV1Routes } from './protocols/kserve-v1/index.ts';
import { mlflowRoutes, mlflowVersion } from './protocols/mlflow/index.ts';
import { mlflowScoringRoutes } from './protocols/mlflow-scoring/index.ts';
import { openInferenceRoutes } from './protocols/open-inference/index.ts';
import type { GrpcServer } from './protocols/open-inference-grpc/index.ts';
import { startTracing } from './protocols/otlp/export/index.ts';
import { otlpRoutes } from './protocols/otlp/index.ts';
import { prometheusRoutes } from './protocols/prometheus/index.ts';
import { version } from './version.ts';

/** A running server: one process that does it all. */
export type Houston = {
  readonly url: string;
  /** HOST:PORT of gRPC; null when it is off, or when another program has its default port. */
  readonly grpc: string | null;
  readonly platform: Platform;
  readonly domains: Domains;
  readonly reactors: Reactors;
  readonly app: HoustonApp;
  /** The administrator's token, when this was the first start of a server with login. */
  readonly firstToken: string | null;
  close(): Promise<void>;
};

/** Builds the server from its parts: platform, domains, routes. Nothing listens yet. */
export async function composeHouston(config: Config, options: { log?: Logger; now?: () => number } = {}) {
  const platform = await createPlatform(config, options);
  const domains = createDomains(platform);
  const modules: DomainModule[] = Object.values(domains);
  const reactors = createReactors(
    platform,
    modules.flatMap((module) => module.reactors ?? []),
  );
  const declarables = modules.flatMap((module) => module.declarables ?? []);
  platform.collector.register(modules.flatMap((module) => module.blobReferrers ?? []));
  const kinds = [...platform.collector.jobs, ...modules.flatMap((module) => module.jobs ?? [])];
  for (const kind of kinds) platform.jobs.define(kind);

  const app = await createApp(platform, { permissions, version, groups: apiGroups });
  platformRoutes(app, reactors, version, mlflowVersion);
  authRoutes(app);
  declarationRoutes(app, declarables);
  for (const module of modules) await module.routes?.(app);
  await app.register(openInferenceRoutes(domains.serving, platform.log, version));
  await app.register(kserveV1Routes(domains.serving));
  await app.register(
    mlflowScoringRoutes(domains.serving, { version, defaultModel: config.invocationsModel }),
  );
  await app.register(mlflowRoutes(domains));
  await app.register(otlpRoutes(domains));
  const tracing = startTracing(platform, domains, version);
  prometheusRoutes(app, domains.serving, version, tracing.counts);
  await webRoutes(app);
  const migrations = [
    ...ledgerMigrations,
    ...reactorMigrations,
    ...jobsMigrations,
    ...webhookMigrations,
    ...authMigrations,
    ...blobsMigrations,
    ...modules.flatMap((module) => module.migrations ?? []),
  ];
  return { platform, domains, modules, reactors, app, migrations, tracing };
}

/**
 * Starts a server and resolves when it is healthy: schema migrated, routes as they were, models loaded,
 * listening. Raises when the port is taken or the configuration is unsafe.
 */
export async function startHouston(
  config: Config,
  options: { log?: Logger; now?: () => number } = {},
): Promise<Houston> {
  const unlock = lockDataFolder(config);
  const composed = await composeHouston(config, options);
  const { platform, domains, modules, reactors, app, migrations, tracing } = composed;
  let grpc: GrpcServer | null = null;
  const close = async () => {
    await grpc?.close();
    app.server.closeAllConnections();
    await app.close();
    await tracing.close();
    await platform.jobs.stop();
    await reactors.stop();
    for (const module of [...modules].reverse()) await module.stop?.();
    await platform.close();
    unlock();
  };
  const scope = platform.systemScope('system:start');
  let firstToken: string | null = null;
  try {
    await migrate(platform.db, migrations);
    firstToken = config.auth ? await bootstrapAdministrator(scope) : null;
    for (const module of modules) await module.start?.(scope);
    await platform.jobs.start();
    await reactors.start();
    grpc = await listenGrpc(config, platform, domains.serving);
    await listen(app, config);
  } catch (error) {
    await close();
    throw error;
  }
  const { port } = app.server.address() as AddressInfo;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const head = await ledgerHead(scope);
  platform.log.debug('healthy', { port, events: head.seq });
  return {
    url: `http://${host}:${port}`,
    grpc: grpc && `${host}:${grpc.port}`,
    platform,
    domains,
    reactors,
    app,
    firstToken,
    close,
  };
}

/**
 * Starts gRPC unless it is off. A default port that is taken is no reason not to start.
 * @throws platform.port.in_use for a port that was chosen
 */
async function listenGrpc(
  config: Config,
  platform: Platform,
  serving: ServingDoor,
): Promise<GrpcServer | null> {
  if (config.grpc === null) return null;
  const { port, isChosen } = config.grpc;
  const { startGrpcServer } = await import('./protocols/open-inference-grpc/index.ts');
  try {
    return await startGrpcServer(platform, serving, { permissions, version, host: config.host, port });
  } catch (error) {
    const isTaken = error instanceof HoustonError && error.code === 'platform.port.in_use';
    if (isChosen || !isTaken) throw error;
    platform.log.warn('gRPC is off: another program has its port; choose one with --grpc-port', { port });
    return null;
  }
}

/** @throws platform.port.in_use */
async function listen(app: HoustonApp, { port, host }: Config): Promise<void> {
  try {
    await app.listen({ port, host });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new HoustonError('platform.port.in_use', `Another program listens on port ${port} of ${host}.`, {
      status: 409,
      next: 'Stop it, or choose another port with --port.',
    });
  }
}
