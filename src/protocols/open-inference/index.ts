import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { type ServingDoor, servingError } from '../../domains/serving/index.ts';
import { traceRequests } from '../../platform/http/request-traces.ts';
import type { Logger } from '../../platform/log.ts';
import { readBody } from './body.ts';
import { extensionRoutes, objectOf } from './extension.routes.ts';
import { reportFailure } from './failures.ts';
import { inferRoutes, mostBytes } from './infer.routes.ts';
import {
  allStatistics,
  modelConfig,
  modelMetadata,
  modelStatistics,
  repositoryIndex,
  serverMetadata,
} from './model-views.ts';

type ModelParams = { model: string; version?: string };

/**
 * Open Inference Protocol v2 over REST under /v2: health, metadata, inference with binary tensors, configuration,
 * statistics, repository, generation, settings. The model's name is the deployment's. Every failure is `{"error": "…"}`.
 */
export function openInferenceRoutes(
  serving: ServingDoor,
  log: Logger,
  version = '0.1.0',
): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers();
    for (const type of ['application/json', '*']) {
      app.addContentTypeParser(type, readBody(mostBytes));
    }
    app.setErrorHandler((error, request, reply) => {
      if (request.method === 'POST') noteFailure(serving, error, request);
      return replyError(error, request, reply);
    });
    traceRequests(app, serving.tracer);
    serverRoutes(app, serving, version);
    modelRoutes(app, serving);
    inferRoutes(app, serving, log);
    extensionRoutes(app, serving);
  };
}

const tags = ['open-inference'];

function serverRoutes(app: FastifyInstance, serving: ServingDoor, version: string): void {
  app.get('/v2', { schema: { summary: 'Server metadata', tags } }, async () => serverMetadata(version));
  app.get('/v2/health/live', { schema: { summary: 'Is the server alive', tags } }, async () => ({
    live: true,
  }));
  app.get('/v2/health/ready', { schema: { summary: 'Is the server ready', tags } }, async () => ({
    ready: true,
  }));
  app.get('/v2/models', { schema: { summary: 'Lists the models', tags } }, async () => ({
    models: serving.liveRoutes().map((route) => route.deployment),
  }));
  app.get('/v2/models/stats', { schema: { summary: 'Statistics of all models', tags } }, async () => ({
    model_stats: allStatistics(serving),
  }));
  app.post(
    '/v2/repository/index',
    { schema: { summary: 'Index of the model repository', tags } },
    async ({ body }) => repositoryIndex(serving, objectOf(body).ready === true),
  );
}

function modelRoutes(app: FastifyInstance, serving: ServingDoor): void {
  for (const base of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
    app.get(base, { schema: { summary: 'Model metadata', tags } }, async ({ params }) => {
      const { model, version } = params as ModelParams;
      await serving.wake(model);
      return modelMetadata(serving, model, version);
    });
    app.get(`${base}/ready`, { schema: { summary: 'Is the model ready', tags } }, async ({ params }) => {
      const { model, version } = params as ModelParams;
      if (!serving.isReady(model, version)) {
        serving.live(model, version);
        throw servingError('serving.revision.quarantined', 'The version that would answer is in quarantine.');
      }
      return { name: model, ready: true };
    });
    app.get(`${base}/config`, { schema: { summary: 'Model configuration', tags } }, async ({ params }) => {
      const { model, version } = params as ModelParams;
      await serving.wake(model);
      return modelConfig(model, serving.live(model, version));
    });
    app.get(`${base}/stats`, { schema: { summary: 'Model statistics', tags } }, async ({ params }) => {
      const { model, version } = params as ModelParams;
      await serving.wake(model);
      return { model_stats: [modelStatistics(model, serving.live(model, version))] };
    });
  }
}

const predictions = /\/(?:infer|generate|generate_stream)$/;

function noteFailure(serving: ServingDoor, error: unknown, request: FastifyRequest): void {
  if (!predictions.test(request.routeOptions.url ?? '')) return;
  serving.noteFailure((request.params as ModelParams).model, error, 'rest', request.trace);
}

/** Replies in the protocol's form; our own faults are logged and say nothing of the inside. */
function replyError(error: unknown, { scope }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const [status, text] = reportFailure(error, scope.log);
  if (status === 503 || status === 429) reply.header('retry-after', '1');
  return reply
    .status(status)
    .header('content-type', 'application/json')
    .send(JSON.stringify({ error: text }));
}
