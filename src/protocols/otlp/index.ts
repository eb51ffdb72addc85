import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { TrackingDoor } from '../../domains/experiments/index.ts';
import { HoustonError } from '../../platform/errors.ts';
import { errorText } from '../../platform/log.ts';
import type { Scope } from '../../platform/scope.ts';
import { grpcCode, OtlpError, toOtlpError } from './errors.ts';
import { decodeRequest, type Encoding, encodeResponse, encodeStatus, mediaTypes } from './messages.ts';
import { readSpans, serviceName } from './spans.ts';

/** Most bytes of a body as it is sent, and once it is unpacked. */
const most = { sent: 16 * 1024 * 1024, unpacked: 64 * 1024 * 1024 };

/** The door for OpenTelemetry exporters: `POST /v1/traces`, binary or JSON, plain, gzip or deflate. */
export function otlpRoutes({
  experiments: { tracking },
}: {
  experiments: { tracking: TrackingDoor };
}): FastifyPluginAsync {
  return async (app: FastifyInstance) => {
    app.setErrorHandler((error, request, reply) => replyError(error, request, reply));
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: most.sent }, (_request, body, done) =>
      done(null, body),
    );
    app.post('/v1/traces', { schema: { hide: true } }, async (request, reply) => {
      const encoding = encodingOf(request);
      if (!encoding) {
        throw new OtlpError(415, `The content type is one of ${Object.values(mediaTypes).join(', ')}.`);
      }
      const bytes = await unpack(request.body as Buffer | undefined, request.headers['content-encoding']);
      const message = decodeRequest(bytes, encoding);
      const { spans, rejected, why } = readSpans(message);
      if (spans.length === 0 && rejected > 0) throw new OtlpError(422, `No span was kept: ${why}`);
      if (spans.length > 0) {
        await tracking.recordSpans(request.scope, spans, {
          experimentId: await experimentOf(request, tracking, serviceName(message)),
          runId: header(request, 'x-mlflow-run-id'),
        });
      }
      return send(reply, encoding, 200, encodeResponse(encoding, rejected, why));
    });
  };
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function encodingOf(request: FastifyRequest): Encoding | undefined {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (type === mediaTypes.json) return 'json';
  return type === mediaTypes.protobuf || type === 'application/protobuf' ? 'protobuf' : undefined;
}

const unpackers = {
  gzip: promisify(zlib.gunzip) as (bytes: Buffer, options: zlib.ZlibOptions) => Promise<Buffer>,
  deflate: promisify(zlib.inflate) as (bytes: Buffer, options: zlib.ZlibOptions) => Promise<Buffer>,
} as const;

/** The bytes of a body; a small one that unpacks to more than the limit is refused on the way. @throws OtlpError */
async function unpack(body: Buffer | undefined, packing: string | undefined): Promise<Buffer> {
  const bytes = body ?? Buffer.alloc(0);
  const name = (packing ?? 'identity').trim().toLowerCase();
  if (name === 'identity' || name === '') return bytes;
  if (name !== 'gzip' && name !== 'deflate') {
    throw new OtlpError(415, 'The content encoding is one of gzip, deflate, identity.');
  }
  try {
    return await unpackers[name](bytes, { maxOutputLength: most.unpacked });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new OtlpError(413, `The body unpacks to more than ${most.unpacked} bytes. Send smaller batches.`);
    }
    throw new OtlpError(400, `The body is not ${name}.`);
  }
}

/**
 * Where the traces go: the experiment of the header `x-mlflow-experiment-id`; without it the one that is named like
 * the service, when there is one; else the default experiment. Exports make no experiments.
 */
async function experimentOf(
  request: FastifyRequest,
  tracking: TrackingDoor,
  service: string | undefined,
): Promise<number> {
  const named = header(request, 'x-mlflow-experiment-id');
  if (named !== undefined) {
    if (!/^\d{1,9}$/.test(named)) throw new OtlpError(400, 'x-mlflow-experiment-id is a whole number.');
    return Number(named);
  }
  await tracking.ensureDefaultExperiment(request.scope);
  return (service === undefined ? undefined : await byName(request.scope, tracking, service)) ?? 0;
}

async function byName(scope: Scope, tracking: TrackingDoor, name: string): Promise<number | undefined> {
  try {
    const { id, stage } = await tracking.getExperimentByName(scope, name);
    return stage === 'active' ? id : undefined;
  } catch (error) {
    if (error instanceof HoustonError && error.status === 404) return undefined;
    throw error;
  }
}

function replyError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = toOtlpError(error);
  if (known.status >= 500) {
    request.scope.log.error('an export of traces failed', { error: errorText(error) });
  }
  const encoding = encodingOf(request) ?? 'json';
  return send(reply, encoding, known.status, encodeStatus(encoding, grpcCode(known.status), known.message));
}

const send = (reply: FastifyReply, encoding: Encoding, status: number, body: Buffer) =>
  reply.status(status).header('content-type', mediaTypes[encoding]).send(body);
