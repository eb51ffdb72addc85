import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ServingDoor } from '../../domains/serving/index.ts';
import type { OpenLane } from '../../platform/http/app.ts';
import type { LaneReply } from '../../platform/http/fast-lane.ts';
import { largeBody, release } from '../../platform/http/large-bodies.ts';
import { traceReply } from '../../platform/http/request-traces.ts';
import type { Logger } from '../../platform/log.ts';
import type { RequestTrace } from '../../platform/tracing/tracer.ts';
import { type PackedReply, packReply, unpacked } from './compression.ts';
import { OipError } from './errors.ts';
import { reportFailure } from './failures.ts';
import { deadlineOf, type FormMemory, readInferRequest } from './infer-request.ts';
import { type InferReply, writeInferReply } from './infer-response.ts';

/** Bodies up to this size, also after unpacking. */
export const mostBytes = 64 * 1024 * 1024;

const prefix = '/v2/models/';
const bases = [`${prefix}:model`, `${prefix}:model/versions/:version`];
const inferRoute = `${bases[0]}/infer`;
const spanName = `POST ${inferRoute}`;
const plainPath = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?\/infer$/;

type Asked = { model: string; version?: string };
type Memories = (model: string) => FormMemory;

/** Models whose forms are remembered. */
const mostMemories = 4096;

/** Inference, by the routes and by the fast lane: both read, predict and write in the same way. */
export function inferRoutes(app: FastifyInstance, serving: ServingDoor, log: Logger): void {
  const memoryOf = createMemories();
  for (const base of bases) {
    app.post(
      `${base}/infer`,
      { schema: { summary: 'Inference', tags: ['open-inference'] } },
      route(serving, memoryOf),
    );
  }
  app.fastLane(`POST ${bases[0]}/infer`, prefix, openLane(serving, log, memoryOf));
}

function createMemories(): Memories {
  const memories = new Map<string, FormMemory>();
  return (model) => {
    let memory = memories.get(model);
    if (!memory) {
      if (memories.size >= mostMemories) memories.clear();
      memory = { form: undefined, misses: 0 };
      memories.set(model, memory);
    }
    return memory;
  };
}

/** Predicts and hands on the reply; what is wrong with the request is thrown, or handed to `fail`. */
function infer(
  serving: ServingDoor,
  { model, version }: Asked,
  body: Buffer,
  headerLength: number | undefined,
  memory: FormMemory,
  caller: string | undefined,
  trace: RequestTrace | undefined,
  send: (reply: InferReply) => void,
  fail: (error: unknown) => void,
): void {
  if (body.length === 0) throw new OipError('The request has no body.');
  const loading = serving.wake(model);
  if (loading) {
    const wait = trace?.span?.child('houston.load');
    const again = () => {
      wait?.end();
      infer(serving, { model, version }, body, headerLength, memory, caller, trace, send, fail);
    };
    loading.then(again).catch(fail);
    return;
  }
  const asked = readInferRequest(body, headerLength, () => serving.live(model, version).inputs, memory);
  const { id, parameters, tensors } = asked;
  const deadlineMs = deadlineOf(parameters);
  serving.predict(model, { id, version, parameters, tensors, deadlineMs, caller, trace }).then((answer) => {
    try {
      const reply = writeInferReply(model, asked, answer);
      if (body.length >= largeBody && !answer.tensorsInUse) release(body);
      send(reply);
    } catch (error) {
      fail(error);
    }
  }, fail);
}

// No promise of its own for a plain body: what this handler throws, Fastify gives to the error handler.
function route(serving: ServingDoor, memoryOf: Memories) {
  return (request: FastifyRequest, reply: FastifyReply): void => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const length = headerLength(request.headers['inference-header-content-length']);
    const predict = (bytes: Buffer) =>
      infer(
        serving,
        request.params as Asked,
        bytes,
        length,
        memoryOf((request.params as Asked).model),
        request.caller.actor,
        request.trace,
        (answer) => packReply(answer, request.headers['accept-encoding'], (one) => sendReply(reply, one)),
        (error) => void reply.send(error),
      );
    const encoding = request.headers['content-encoding'];
    if (encoding === undefined) predict(body);
    else
      unpacked(body, encoding, mostBytes)
        .then(predict)
        .catch((error: unknown) => void reply.send(error));
  };
}

/**
 * Sends a finished answer past Fastify's serialisation and send hooks, which have nothing to add to it; headers that
 * the request's hooks have set go with it.
 */
function sendReply(reply: FastifyReply, { body, headerLength: jsonLength, encoding }: PackedReply): void {
  const headers = reply.getHeaders();
  headers['content-type'] = typeOf(jsonLength);
  if (jsonLength !== undefined) headers['inference-header-content-length'] = String(jsonLength);
  if (encoding !== undefined) headers['content-encoding'] = encoding;
  headers['content-length'] = String(Buffer.byteLength(body));
  reply.hijack();
  reply.raw.writeHead(200, headers as OutgoingHttpHeaders);
  reply.raw.end(body);
}

function openLane(serving: ServingDoor, log: Logger, memoryOf: Memories): OpenLane {
  return ({ path, headers }) => {
    const [, model, version] = plainPath.exec(path) ?? [];
    if (model === undefined || model.length > 300) return undefined;
    const asked: Asked = { model, version };
    const { 'inference-header-content-length': length, 'user-agent': agent, host } = headers;
    const memory = memoryOf(model);
    const told = { path, route: inferRoute, host, agent };
    const refuse = (error: unknown, reply: LaneReply) => {
      const [status, text] = reportFailure(error, log);
      const again = status === 503 || status === 429 ? 'retry-after: 1\r\n' : '';
      reply(status, 'application/json', JSON.stringify({ error: text }), again);
    };
    return {
      refuse,
      answer(body, reply, caller, context) {
        const trace = serving.tracer.begin(spanName, 'server', context);
        const out = trace?.span ? traceReply(trace.span, told, reply) : reply;
        const fail = (error: unknown) => {
          serving.noteFailure(model, error, 'rest', trace);
          refuse(error, out);
        };
        try {
          const send = (one: PackedReply) => out(200, typeOf(one.headerLength), one.body, laneHeaders(one));
          const pack = (answer: InferReply) => packReply(answer, headers['accept-encoding'], send);
          infer(serving, asked, body, headerLength(length), memory, caller, trace, pack, fail);
        } catch (error) {
          fail(error);
        }
      },
    };
  };
}

function laneHeaders({ headerLength: json, encoding }: PackedReply): string {
  const packing = encoding === undefined ? '' : `content-encoding: ${encoding}\r\n`;
  return json === undefined ? packing : `${packing}inference-header-content-length: ${json}\r\n`;
}

const typeOf = (jsonLength: number | undefined) =>
  jsonLength === undefined ? 'application/json; charset=utf-8' : 'application/octet-stream';

function headerLength(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !/^\d{1,9}$/.test(header)) {
    throw new OipError('Inference-Header-Content-Length is not a length within the body.');
  }
  return Number(header);
}
