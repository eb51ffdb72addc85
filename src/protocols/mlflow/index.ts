import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { TrackingDoor } from '../../domains/experiments/index.ts';
import type { CatalogDoor, RegistryDoor } from '../../domains/registry/index.ts';
import { artifactListRoutes, artifactRoutes, downloadRoutes } from './artifacts.ts';
import { experimentRoutes } from './experiments.ts';
import { loggedModelRoutes } from './logged-models.ts';
import { modelVersionRoutes } from './model-versions.ts';
import { registeredModelRoutes } from './registered-models.ts';
import { jsonRoutes, replyError } from './routes.ts';
import { runDataRoutes } from './run-data.ts';
import { runRoutes } from './runs.ts';
import { serverInfoRoutes } from './server-info.ts';
import { traceRoutes } from './traces.ts';

/** What the protocol needs of the domains. */
export type MlflowNeeds = {
  experiments: { tracking: TrackingDoor };
  registry: RegistryDoor & { catalog: CatalogDoor };
};

/** Both prefixes serve the same: programs use the first, pages the second. */
const prefixes = ['/api', '/ajax-api'];

/** The door for unmodified MLflow clients; see the README of this folder for what stands behind it. */
export function mlflowRoutes({ experiments: { tracking }, registry }: MlflowNeeds): FastifyPluginAsync {
  const routes = [
    ...experimentRoutes(tracking),
    ...runRoutes(tracking),
    ...runDataRoutes(tracking),
    ...loggedModelRoutes(tracking),
    ...artifactListRoutes(tracking),
    ...registeredModelRoutes(registry.catalog, registry),
    ...modelVersionRoutes(registry.catalog),
    ...traceRoutes(tracking),
    ...serverInfoRoutes(),
  ];
  return async (app) => {
    app.setErrorHandler((error, request, reply) => replyError(error, request, reply));
    let hasDefault = false;
    app.addHook('preHandler', async ({ scope }) => {
      if (hasDefault) return;
      await tracking.ensureDefaultExperiment(scope);
      hasDefault = true;
    });
    await app.register(async (json) => {
      for (const prefix of prefixes) jsonRoutes(json, prefix, routes);
    });
    await app.register(async (files) => {
      for (const prefix of prefixes) artifactRoutes(files, prefix, tracking);
      downloadRoutes(files, tracking);
    });
    for (const prefix of ['/api/2.0', '/api/3.0', '/api/4.0', '/ajax-api']) {
      await app.register(async (unknown) => answerUnknown(unknown), { prefix });
    }
  };
}

/** Clients read a 404 without error JSON as "this server does not have that", and fall back to an older way. */
function answerUnknown(app: FastifyInstance): void {
  const answer = (_request: FastifyRequest, reply: FastifyReply) =>
    reply
      .status(404)
      .header('content-type', 'text/plain')
      .send('Not found: this server has no such endpoint.');
  app.setNotFoundHandler(answer);
  app.get('/*', { schema: { hide: true } }, answer);
}
