import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { TrackingDoor } from '../../domains/experiments/index.ts';
import type { CatalogDoor, RegistryDoor, WebhooksDoor } from '../../domains/registry/index.ts';
import { artifactListRoutes, artifactRoutes } from './artifacts.ts';
import { multipartRoutes } from './artifacts-multipart.ts';
import { pageRoutes } from './artifacts-pages.ts';
import { assessmentRoutes } from './assessments.ts';
import { datasetRoutes } from './datasets.ts';
import { experimentRoutes } from './experiments.ts';
import { graphqlRoutes } from './graphql.routes.ts';
import { issueRoutes } from './issues.ts';
import { labelSchemaRoutes } from './label-schemas.ts';
import { loggedModelRoutes } from './logged-models.ts';
import { modelVersionRoutes } from './model-versions.ts';
import { notebookRoutes } from './notebook.ts';
import { registeredModelRoutes } from './registered-models.ts';
import { reviewQueueRoutes } from './review-queues.ts';
import { jsonRoutes, replyError } from './routes.ts';
import { runDataRoutes } from './run-data.ts';
import { runRoutes } from './runs.ts';
import { scorerRoutes } from './scorers.ts';
import { serverInfoRoutes } from './server-info.ts';
import { traceRoutes } from './traces.ts';
import { traceArtifactRoutes } from './traces-artifact.ts';
import { traceFigureRoutes } from './traces-figures.ts';
import { traceRoutesV2 } from './traces-v2.ts';
import { webhookRoutes } from './webhooks.ts';

export { mlflowVersion } from './server-info.ts';

/** What the protocol needs of the domains. */
export type MlflowNeeds = {
  experiments: { tracking: TrackingDoor };
  registry: RegistryDoor & { catalog: CatalogDoor; webhooks: WebhooksDoor };
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
    ...traceRoutesV2(tracking),
    ...traceFigureRoutes(tracking),
    ...assessmentRoutes(tracking),
    ...webhookRoutes(registry.webhooks),
    ...datasetRoutes(tracking),
    ...scorerRoutes(tracking),
    ...issueRoutes(tracking),
    ...labelSchemaRoutes(tracking),
    ...reviewQueueRoutes(tracking),
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
    await app.register(async (graphql) => graphqlRoutes(graphql, routes));
    await app.register(async (files) => {
      for (const prefix of prefixes) artifactRoutes(files, prefix, tracking);
      for (const prefix of prefixes) traceArtifactRoutes(files, prefix, tracking);
      pageRoutes(files, tracking, registry.catalog);
    });
    await app.register(async (pages) => notebookRoutes(pages));
    await app.register(async (uploads) => {
      for (const prefix of prefixes) multipartRoutes(uploads, prefix, tracking);
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
