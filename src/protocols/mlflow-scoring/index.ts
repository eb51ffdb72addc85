import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { isServing, type NamedTensor, type ServingDoor } from '../../domains/serving/index.ts';
import { traceRequests } from '../../platform/http/request-traces.ts';
import { errorText } from '../../platform/log.ts';
import { rowsJson } from '../kserve-v1/predictions.ts';
import { unpacked } from '../open-inference/compression.ts';
import { ScoringError, toScoringError } from './errors.ts';
import { readPayload } from './payload.ts';

const mostBytes = 64 * 1024 * 1024;
/** Foreign routes with error forms of their own are not in our API description; the guide tells them. */
const hidden = { schema: { hide: true } };

export type ScoringOptions = {
  version: string;
  /** Deployment that answers the bare /invocations; null: the only one there is. */
  defaultModel: string | null;
};

/**
 * The scoring protocol of MLflow's model server, for every deployment under /deployments/NAME, and at the root for
 * one of them. Errors are `{"error_code", "message"}`.
 */
export function mlflowScoringRoutes(
  serving: ServingDoor,
  { version, defaultModel }: ScoringOptions,
): FastifyPluginAsync {
  const invoke = async (model: string, request: FastifyRequest, reply: FastifyReply) => {
    try {
      return await answer(model, request, reply);
    } catch (error) {
      serving.noteFailure(model, error, 'mlflow', request.trace);
      throw error;
    }
  };
  const answer = async (model: string, request: FastifyRequest, reply: FastifyReply) => {
    const { 'content-type': type, 'content-encoding': encoding } = request.headers;
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const plain = encoding === undefined ? body : await unpacked(body, encoding, mostBytes);
    await serving.wake(model);
    const { tensors, parameters } = readPayload(plain, type, serving.live(model));
    const { id, outputs, rows } = await serving.predict(model, {
      tensors,
      parameters,
      caller: request.caller.actor,
      trace: request.trace,
    });
    reply.header('x-prediction-id', id).header('content-type', 'application/json');
    return reply.send(`{"predictions":${rowsJson(outputs.map(asColumn), rows)}}`);
  };
  const ping = (isReady: boolean, reply: FastifyReply) =>
    reply
      .status(isReady ? 200 : 404)
      .header('content-type', 'application/json')
      .send('\n');

  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: mostBytes }, (_request, body, done) =>
      done(null, body),
    );
    app.setErrorHandler(replyError);
    traceRequests(app, serving.tracer);
    app.post('/invocations', hidden, async (request, reply) =>
      invoke(defaultDeployment(serving, defaultModel), request, reply),
    );
    app.get('/ping', hidden, async (_request, reply) => ping(serving.liveRoutes().some(isServing), reply));
    const base = '/deployments/:model';
    const modelOf = (request: FastifyRequest) => (request.params as { model: string }).model;
    app.post(`${base}/invocations`, hidden, async (request, reply) =>
      invoke(modelOf(request), request, reply),
    );
    for (const path of [`${base}/ping`, `${base}/health`]) {
      app.get(path, hidden, async (request, reply) => ping(serving.isReady(modelOf(request)), reply));
    }
    app.get(`${base}/version`, hidden, async (_request, reply) =>
      reply.header('content-type', 'text/plain; charset=utf-8').send(version),
    );
  };
}

/** An output with one value a row is a column of values, as data frames have them. */
function asColumn(tensor: NamedTensor): NamedTensor {
  const [rows, width] = tensor.shape;
  return tensor.shape.length === 2 && width === 1 ? { ...tensor, shape: [rows] } : tensor;
}

/** @throws ScoringError 404 when it is not clear which */
function defaultDeployment(serving: ServingDoor, chosen: string | null): string {
  if (chosen !== null) return chosen;
  const routes = serving.liveRoutes();
  if (routes.length === 1) return routes[0].deployment;
  throw new ScoringError(
    'RESOURCE_DOES_NOT_EXIST',
    'This server has several deployments, or none; POST to /deployments/NAME/invocations, or start it with --invocations-model NAME.',
    404,
  );
}

function replyError(thrown: unknown, { scope }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { code, message, status } = toScoringError(thrown);
  if (code === 'INTERNAL_ERROR') scope.log.error('an invocation failed', { error: errorText(thrown) });
  if (status === 503 || status === 429) reply.header('retry-after', '1');
  if (code === 'TEXT')
    return reply.status(status).header('content-type', 'text/plain; charset=utf-8').send(message);
  return reply.status(status).send({ error_code: code, message });
}
