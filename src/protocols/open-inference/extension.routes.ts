import type { FastifyInstance } from 'fastify';
import type { ServingDoor } from '../../domains/serving/index.ts';
import { OipError } from './errors.ts';
import { generate } from './generate.ts';
import { parseTolerant } from './infer-request.ts';
import { loadModel, unloadModel } from './repository.ts';
import { changeLog, changeTrace, logSettings, traceSettings, unchanged } from './settings.ts';

type Asked = { model: string; version?: string };

const schemaOf = (summary: string) => ({ schema: { summary, tags: ['open-inference'] } });

/** The extensions beside inference: repository, generate, logging and trace settings. */
export function extensionRoutes(app: FastifyInstance, serving: ServingDoor): void {
  const model = '/v2/repository/models/:model';
  app.post(
    `${model}/load`,
    schemaOf('Loads a model: deploys what its deployment declares'),
    async (request) => {
      const { parameters } = objectOf(request.body) as { parameters?: Record<string, unknown> };
      await loadModel(serving, request.scope, (request.params as Asked).model, parameters ?? {});
      return {};
    },
  );
  app.post(
    `${model}/unload`,
    schemaOf('Takes a model off the air until it is loaded again'),
    async (request) => {
      await unloadModel(serving, request.scope, (request.params as Asked).model);
      return {};
    },
  );
  settingRoutes(app, serving);
  generateRoutes(app, serving);
}

function settingRoutes(app: FastifyInstance, serving: ServingDoor): void {
  app.get('/v2/logging', schemaOf('Log settings'), async ({ scope }) =>
    logSettings(scope.platform.config.logLevel),
  );
  app.post('/v2/logging', schemaOf('Log settings; a change is refused'), async ({ scope, body }) =>
    unchanged(logSettings(scope.platform.config.logLevel), objectOf(body), changeLog),
  );
  for (const path of ['/v2/trace/setting', '/v2/models/:model/trace/setting']) {
    const known = (params: unknown) => {
      const { model } = params as Partial<Asked>;
      if (model !== undefined) serving.isReady(model);
    };
    app.get(path, schemaOf('Trace settings'), async ({ params }) => {
      known(params);
      return traceSettings;
    });
    app.post(path, schemaOf('Trace settings; a change is refused'), async ({ params, body }) => {
      known(params);
      return unchanged(traceSettings, objectOf(body), changeTrace);
    });
  }
}

function generateRoutes(app: FastifyInstance, serving: ServingDoor): void {
  for (const base of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
    app.post(`${base}/generate`, schemaOf('Text in, text out'), async (request) => {
      const { model, version } = request.params as Asked;
      return generate(serving, model, version, objectOf(request.body), request);
    });
    app.post(
      `${base}/generate_stream`,
      schemaOf('Text in, text out as server-sent events'),
      async (request, reply) => {
        const { model, version } = request.params as Asked;
        const answer = await generate(serving, model, version, objectOf(request.body), request);
        return reply.header('content-type', 'text/event-stream').send(`data: ${JSON.stringify(answer)}\n\n`);
      },
    );
  }
}

/** The JSON object of a body; an empty body is an empty object. */
export function objectOf(body: unknown): Record<string, unknown> {
  if (!Buffer.isBuffer(body) || body.length === 0) return {};
  const json = parseTolerant(body.toString());
  if (typeof json === 'object' && json !== null && !Array.isArray(json))
    return json as Record<string, unknown>;
  throw new OipError('The body is not a JSON object.');
}
