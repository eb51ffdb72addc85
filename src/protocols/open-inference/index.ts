import type { OutgoingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { type Prediction, type ServingDoor, servingError } from '../../domains/serving/index.ts';
import { HoustonError } from '../../platform/errors.ts';
import { errorText } from '../../platform/log.ts';
import { OipError } from './errors.ts';
import { readInferRequest } from './infer-request.ts';
import { type InferReply, writeInferReply } from './infer-response.ts';
import { modelConfig, modelMetadata, modelStatistics, repositoryIndex } from './model-views.ts';

/** Bodies up to this size, also after unpacking. */
const mostBytes = 64 * 1024 * 1024;
const extensions = ['binary_tensor_data', 'model_repository', 'model_configuration', 'statistics'];
const unpack = { gzip: promisify(gunzip), deflate: promisify(inflate) };

type ModelParams = { model: string; version?: string };

/**
 * Open Inference Protocol v2 over REST under /v2: health, metadata, inference with binary tensors, repository index,
 * configuration, statistics. The model's name is the deployment's. Every failure is `{"error": "…"}`.
 */
export function openInferenceRoutes(serving: ServingDoor, version = '0.1.0'): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers();
    for (const type of ['application/json', '*']) {
      app.addContentTypeParser(type, { parseAs: 'buffer', bodyLimit: mostBytes }, (_request, body, done) =>
        done(null, body),
      );
    }
    app.setErrorHandler((error, request, reply) => replyError(error, request, reply));
    serverRoutes(app, serving, version);
    modelRoutes(app, serving);
    inferRoutes(app, serving);
  };
}

const tags = ['open-inference'];

function serverRoutes(app: FastifyInstance, serving: ServingDoor, version: string): void {
  app.get('/v2', { schema: { summary: 'Server metadata', tags } }, async () => ({
    name: 'houston',
    version,
    extensions,
  }));
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
    model_stats: serving
      .liveRoutes()
      .flatMap(({ deployment, champion }) => (champion ? [modelStatistics(deployment, champion)] : [])),
  }));
  app.post(
    '/v2/repository/index',
    { schema: { summary: 'Index of the model repository', tags } },
    async ({ body }) => {
      const asked =
        Buffer.isBuffer(body) && body.length > 0 ? (JSON.parse(body.toString()) as { ready?: boolean }) : {};
      return repositoryIndex(serving, asked?.ready === true);
    },
  );
}

function modelRoutes(app: FastifyInstance, serving: ServingDoor): void {
  for (const base of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
    app.get(base, { schema: { summary: 'Model metadata', tags } }, async ({ params }) => {
      const { model, version } = params as ModelParams;
      const route = serving.liveRoutes().find((one) => one.deployment === model);
      const live = serving.live(model, version);
      const served = [route?.champion, route?.rollout?.challenger, route?.previous];
      const versions = new Set(served.flatMap((one) => (one ? [String(one.revision.version)] : [])));
      return modelMetadata(model, live, [...versions]);
    });
    app.get(`${base}/ready`, { schema: { summary: 'Is the model ready', tags } }, async ({ params }) => {
      const { model, version } = params as ModelParams;
      serving.live(model, version);
      return { name: model, ready: true };
    });
    app.get(`${base}/config`, { schema: { summary: 'Model configuration', tags } }, async ({ params }) => {
      const { model, version } = params as ModelParams;
      return modelConfig(model, serving.live(model, version));
    });
    app.get(`${base}/stats`, { schema: { summary: 'Model statistics', tags } }, async ({ params }) => {
      const { model, version } = params as ModelParams;
      return { model_stats: [modelStatistics(model, serving.live(model, version))] };
    });
  }
}

function inferRoutes(app: FastifyInstance, serving: ServingDoor): void {
  const predict = (body: Buffer, request: FastifyRequest, reply: FastifyReply) => {
    const { model, version } = request.params as ModelParams;
    const length = headerLength(request.headers['inference-header-content-length']);
    const asked = readInferRequest(body, length, () => serving.live(model, version).inputs);
    const { id, parameters, tensors } = asked;
    const fail = (error: unknown) => void replyError(error, request, reply);
    const send = (answer: Prediction) => {
      try {
        sendInferReply(reply, writeInferReply(model, asked, answer));
      } catch (error) {
        fail(error);
      }
    };
    serving.predict(model, { id, version, parameters, tensors }).then(send, fail);
  };
  // No promise of its own for a plain body: what this handler throws, Fastify gives to the error handler.
  const infer = (request: FastifyRequest, reply: FastifyReply): void => {
    const { body } = request;
    if (!Buffer.isBuffer(body)) throw new OipError('The request has no body.');
    const encoding = request.headers['content-encoding'];
    if (encoding === undefined) {
      predict(body, request, reply);
      return;
    }
    unpacked(body, encoding)
      .then((whole) => predict(whole, request, reply))
      .catch((error: unknown) => replyError(error, request, reply));
  };
  for (const base of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
    app.post(`${base}/infer`, { schema: { summary: 'Inference', tags } }, infer);
  }
}

/**
 * Sends a finished answer past Fastify's serialisation and send hooks, which have nothing to add to it; headers that
 * the request's hooks have set go with it.
 */
function sendInferReply(reply: FastifyReply, { body, headerLength: jsonLength }: InferReply): void {
  const headers = reply.getHeaders();
  if (jsonLength === undefined) {
    headers['content-type'] = 'application/json; charset=utf-8';
  } else {
    headers['content-type'] = 'application/octet-stream';
    headers['inference-header-content-length'] = String(jsonLength);
  }
  headers['content-length'] = String(Buffer.byteLength(body));
  reply.hijack();
  reply.raw.writeHead(200, headers as OutgoingHttpHeaders);
  reply.raw.end(body);
}

function headerLength(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !/^\d{1,9}$/.test(header)) {
    throw new OipError('Inference-Header-Content-Length is not a length within the body.');
  }
  return Number(header);
}

async function unpacked(body: Buffer, encoding: string): Promise<Buffer> {
  if (encoding === 'identity') return body;
  if (encoding !== 'gzip' && encoding !== 'deflate')
    throw new OipError('The content encoding is not known.', 415);
  try {
    return await unpack[encoding](body, { maxOutputLength: mostBytes });
  } catch {
    throw new OipError('The body could not be unpacked, or is too large.');
  }
}

/** Replies in the protocol's form; our own faults are logged and say nothing of the inside. */
function replyError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const [status, text] = describe(error);
  if (status === 500 && !(error instanceof HoustonError)) {
    request.scope.log.error('an inference request failed', { error: errorText(error) });
  }
  if (status === 503) reply.header('retry-after', '1');
  return reply
    .status(status)
    .header('content-type', 'application/json')
    .send(JSON.stringify({ error: text }));
}

function describe(error: unknown): [status: number, text: string] {
  if (error instanceof OipError) return [error.status, error.message];
  if (error instanceof HoustonError) return [error.status, `${error.message} ${error.next}`];
  if (error instanceof SyntaxError) return [400, 'The body is not valid JSON.'];
  const { statusCode, message } = error as { statusCode?: number; message: string };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return [statusCode, message];
  return [500, servingError('serving.request.failed', 'Something went wrong inside the server.').message];
}
