import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Prediction, ServingDoor } from '../../domains/serving/index.ts';
import { traceRequests } from '../../platform/http/request-traces.ts';
import { unpacked } from '../open-inference/compression.ts';
import { OipError } from '../open-inference/errors.ts';
import { objectOf } from '../open-inference/extension.routes.ts';
import { reportFailure } from '../open-inference/failures.ts';
import { classifications, regressions, tensorsFromExamples } from './examples.ts';
import { tensorsFromInputs, tensorsFromInstances } from './instances.ts';
import { modelSignature, modelStatus, versionOfLabel } from './model-status.ts';
import { nestedJson, rowsJson } from './predictions.ts';

type Asked = { model: string; version?: string; label?: string; call: string };

const mostBytes = 64 * 1024 * 1024;
const signatures = ['', 'serving_default', 'predict'];
const schemaOf = (summary: string) => ({ schema: { summary, tags: ['kserve-v1'] } });

/**
 * The REST interface of TensorFlow Serving, which is KServe's version 1 too, under /v1/models. The model's name is the
 * deployment's. Every failure is `{"error": "…"}`.
 */
export function kserveV1Routes(serving: ServingDoor): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: mostBytes }, (_request, body, done) =>
      done(null, body),
    );
    traceRequests(app, serving.tracer);
    app.setErrorHandler((error, { scope }, reply) => {
      const [status, text] = reportFailure(error, scope.log);
      if (status === 503 || status === 429) reply.header('retry-after', '1');
      return reply.status(status).send({ error: text });
    });
    statusRoutes(app, serving);
    callRoutes(app, serving);
  };
}

function statusRoutes(app: FastifyInstance, serving: ServingDoor): void {
  const base = '/v1/models/:model';
  app.get('/v1/models', schemaOf('Lists the models'), async () => ({
    models: serving.liveRoutes().map((route) => route.deployment),
  }));
  for (const path of [base, `${base}/versions/:version`]) {
    app.get(path, schemaOf('Status of a model'), async ({ params }) => {
      const { model, version } = params as Asked;
      await serving.wake(model);
      return modelStatus(serving, model, version);
    });
    app.get(`${path}/metadata`, schemaOf('Signature of a model'), async ({ params }) => {
      const { model, version } = params as Asked;
      await serving.wake(model);
      return modelSignature(serving, model, version);
    });
  }
}

/** The last part of the path is NAME:predict, or VERSION:predict, or LABEL:predict. */
function callRoutes(app: FastifyInstance, serving: ServingDoor): void {
  const answer = async (
    target: { model: string; version?: string },
    verb: string,
    bytes: Buffer,
    { caller, trace }: FastifyRequest,
    reply: FastifyReply,
  ) => {
    const body = objectOf(bytes);
    const { model, version } = target;
    await serving.wake(model);
    const { inputs: specs } = serving.live(model, version);
    const { signature_name: signature = '' } = body;
    if (!signatures.includes(signature as string))
      throw new OipError('The model has no signature of that name.');
    const tensors = read(verb, body, specs);
    const asked = { version, parameters: {}, tensors, caller: caller.actor, trace };
    const prediction = await serving.predict(model, asked);
    reply.header('x-prediction-id', prediction.id).header('content-type', 'application/json; charset=utf-8');
    return reply.send(written(verb, body, prediction));
  };
  const route = (
    path: string,
    targetOf: (asked: Asked, name: string) => { model: string; version?: string },
  ) => {
    app.post(path, schemaOf('Prediction: …:predict, :classify or :regress'), async (request, reply) => {
      const asked = request.params as Asked;
      const [, name, verb] = /^(.*):(\w+)$/.exec(asked.call) ?? [];
      if (name === undefined)
        throw new OipError('The path does not end in :predict, :classify or :regress.', 404);
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const encoding = request.headers['content-encoding'];
      const plain = encoding === undefined ? body : await unpacked(body, encoding, mostBytes);
      if (asked.label !== undefined) await serving.wake(asked.model);
      const target = targetOf(asked, name);
      try {
        return await answer(target, verb, plain, request, reply);
      } catch (error) {
        serving.noteFailure(target.model, error, 'kserve-v1', request.trace);
        throw error;
      }
    });
  };
  route('/v1/models/:call', (_asked, model) => ({ model }));
  route('/v1/models/:model/versions/:call', ({ model }, version) => ({ model, version }));
  route('/v1/models/:model/labels/:call', ({ model }, label) => ({
    model,
    version: versionOfLabel(serving, model, label),
  }));
}

function read(verb: string, body: Record<string, unknown>, specs: Parameters<typeof tensorsFromInputs>[1]) {
  if (verb === 'classify' || verb === 'regress') return tensorsFromExamples(body, specs);
  if (verb !== 'predict') throw new OipError('This server answers :predict, :classify and :regress.', 501);
  const { instances, inputs } = body;
  if ((instances === undefined) === (inputs === undefined))
    throw new OipError('The body needs exactly one of "instances" and "inputs".');
  return instances === undefined ? tensorsFromInputs(inputs, specs) : tensorsFromInstances(instances, specs);
}

function written(verb: string, body: Record<string, unknown>, prediction: Prediction): string {
  const { outputs, rows } = prediction;
  if (verb === 'regress') return JSON.stringify({ result: regressions(prediction) });
  if (verb === 'classify') return JSON.stringify({ result: classifications(prediction) });
  if (body.instances !== undefined) return `{"predictions":${rowsJson(outputs, rows)}}`;
  if (outputs.length === 1) return `{"outputs":${nestedJson(outputs[0])}}`;
  const named = outputs.map((tensor) => `${JSON.stringify(tensor.name)}:${nestedJson(tensor)}`);
  return `{"outputs":{${named.join(',')}}}`;
}
