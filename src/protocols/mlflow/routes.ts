import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HoustonError } from '../../platform/errors.ts';
import { errorText } from '../../platform/log.ts';
import type { Scope } from '../../platform/scope.ts';
import { MlflowError, toMlflowError } from './errors.ts';
import { Fields, readBody } from './fields.ts';

export type Handler = (
  scope: Scope,
  fields: Fields,
  params: Readonly<Record<string, string>>,
) => Answer | Promise<Answer>;
/** An answer is a message, or its JSON as it stands. */
type Answer = object | string;
export type MlflowRoute = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Major version of the API that the path belongs to. */
  since: 2 | 3;
  /** Below `/mlflow/`. */
  path: string;
  handle: Handler;
};

/** A message is small; artifacts have a door of their own. A dataset may bring a profile of 16 MB. */
const mostBytes = 64 * 1024 * 1024;

/** Routes with JSON both ways, also for GET and DELETE with a body. */
export function jsonRoutes(app: FastifyInstance, prefix: string, routes: readonly MlflowRoute[]): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: mostBytes }, (_request, body, done) =>
    done(null, body),
  );
  for (const { method, since, path, handle } of routes) {
    app.route({
      method,
      url: `${prefix}/${since}.0/mlflow/${path}`,
      schema: { hide: true },
      handler: async (request, reply) => {
        const body = readBody(method === 'GET' ? await bodyOfGet(request) : request.body);
        const fields = new Fields({ ...(request.query as object), ...body });
        const params = request.params as Record<string, string>;
        if (Object.values(params).some((one) => /\p{Cc}/u.test(one) || !one.isWellFormed())) {
          throw new MlflowError('INVALID_PARAMETER_VALUE', 'The path holds control characters.');
        }
        const answer = await answerOf(() => handle(request.scope, fields, params), fields);
        return reply
          .header('content-type', 'application/json')
          .send(typeof answer === 'string' ? answer : JSON.stringify(answer));
      },
    });
  }
}

/** Names the run that is not there as MLflow does: its Optuna storage knows the case by these words alone. */
async function answerOf(handle: () => Answer | Promise<Answer>, fields: Fields): Promise<Answer> {
  try {
    return await handle();
  } catch (error) {
    const id = fields.json('run_id') ?? fields.json('run_uuid');
    if (!(error instanceof HoustonError) || error.code !== 'experiments.run.not_found') throw error;
    if (typeof id !== 'string') throw error;
    throw new MlflowError('RESOURCE_DOES_NOT_EXIST', `Run with id=${id} not found. ${error.next}`);
  }
}

/** Some clients send a JSON body with GET, which the server framework leaves unread. */
async function bodyOfGet(request: FastifyRequest): Promise<Buffer | undefined> {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if ((length === undefined || length === '0') && encoding === undefined) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.raw as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= 1024 * 1024) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Replies in the protocol's form; our own faults are logged and say nothing of the inside. */
export function replyError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = toMlflowError(error);
  if (known.status >= 500 && !(error instanceof MlflowError)) {
    request.scope.log.error('a tracking request failed', {
      route: request.routeOptions.url,
      error: errorText(error),
    });
  }
  if (known.status === 401) reply.header('www-authenticate', 'Basic realm="mlflow"');
  return reply
    .status(known.status)
    .header('content-type', 'application/json')
    .send(JSON.stringify({ error_code: known.code, message: known.message }));
}
