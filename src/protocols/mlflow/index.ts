import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { TrackingDoor } from '../../domains/experiments/index.ts';
import { artifactListRoutes, artifactRoutes, downloadRoutes } from './artifacts.ts';
import { experimentRoutes } from './experiments.ts';
import { jsonRoutes, replyError } from './routes.ts';
import { runDataRoutes } from './run-data.ts';
import { runRoutes } from './runs.ts';
import { serverInfoRoutes } from './server-info.ts';

/** What the protocol needs of the domains. */
export type MlflowNeeds = { experiments: { tracking: TrackingDoor } };

/** Both prefixes serve the same: programs use the first, pages the second. */
const prefixes = ['/api', '/ajax-api'];

/** The door for unmodified MLflow clients; see the README of this folder for what stands behind it. */
export function mlflowRoutes({ experiments: { tracking } }: MlflowNeeds): FastifyPluginAsync {
  const routes = [
    ...experimentRoutes(tracking),
    ...runRoutes(tracking),
    ...runDataRoutes(tracking),
    ...artifactListRoutes(tracking),
    ...serverInfoRoutes(),
  ];
  return async (app) => {
    app.setErrorHandler((error, request, reply) => replyError(error, request, reply));
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
  app.setNotFoundHandler((_request, reply) =>
    reply.status(404).header('content-type', 'text/plain').send('Not found: this server has no such endpoint.'),
  );
}
