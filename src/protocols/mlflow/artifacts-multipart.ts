import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TrackingDoor } from '../../domains/experiments/index.ts';
import { invalid } from './errors.ts';
import { Fields, readBody } from './fields.ts';

const hidden = { schema: { hide: true } };
const partRoute = (prefix: string) => `${prefix}/2.0/mlflow-artifacts/mpu/part`;

/** Ten thousand parts, each with the address that the client repeats. */
const mostBytes = 8 * 1024 * 1024;

const json = (reply: FastifyReply, body: object) =>
  reply
    .header('content-type', 'application/json')
    .header('cache-control', 'no-store')
    .send(JSON.stringify(body));

/** The file's place: the folder is in the address, and of the client's local path only the name counts. */
function fileOf(request: FastifyRequest, tracking: TrackingDoor): { path: string; fields: Fields } {
  const fields = new Fields(readBody(request.body));
  const name = fields.text('path').split(/[/\\]/).at(-1)!;
  const folder = (request.params as { '*': string })['*'];
  return { path: tracking.checkArtifactPath(folder === '' ? name : `${folder}/${name}`), fields };
}

/**
 * Uploads in parts, as clients do on request for large files. Parts come back to this server under the permission of
 * every other upload; the caller's own credentials stand among the headers that the client repeats with each part.
 */
export function multipartRoutes(app: FastifyInstance, prefix: string, tracking: TrackingDoor): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: mostBytes }, (_request, body, done) =>
    done(null, body),
  );
  const base = `${prefix}/2.0/mlflow-artifacts/mpu`;

  app.post(`${base}/create/*`, hidden, async (request, reply) => {
    const { path, fields } = fileOf(request, tracking);
    const parts = fields.optionalInteger('num_parts') ?? 1;
    const id = await tracking.beginUpload(request.scope, tracking.placeOf(path), parts);
    const address = `${origin(request)}${partRoute(prefix)}/${id}`;
    const { authorization } = request.headers;
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    const credentials = Array.from({ length: parts }, (_, i) => ({
      url: `${address}/${i + 1}?path=${encodeURIComponent(path)}`,
      part_number: i + 1,
      headers,
    }));
    return json(reply, { upload_id: id, credentials });
  });
  app.post(`${base}/complete/*`, hidden, async (request, reply) => {
    const { path, fields } = fileOf(request, tracking);
    const parts = fields.messages('parts').map((part) => {
      const number = part.optionalInteger('part_number');
      if (number === undefined) throw invalid(part.at('part_number'), 'it is a whole number from 1.');
      return { number, etag: part.text('etag') };
    });
    const id = fields.text('upload_id');
    await tracking.completeUpload(request.scope, tracking.placeOf(path), id, parts);
    return json(reply, {});
  });
  app.post(`${base}/abort/*`, hidden, async (request, reply) => {
    const { path, fields } = fileOf(request, tracking);
    await tracking.abortUpload(request.scope, tracking.placeOf(path), fields.text('upload_id'));
    return json(reply, {});
  });
}

/** Takes one part, streamed; `app` is the one whose bodies are streams. */
export function multipartPartRoute(app: FastifyInstance, prefix: string, tracking: TrackingDoor): void {
  app.put(`${partRoute(prefix)}/:upload/:part`, hidden, async (request, reply) => {
    const { upload, part } = request.params as { upload: string; part: string };
    const { path } = request.query as { path?: unknown };
    if (!/^[1-9]\d{0,4}$/.test(part)) throw invalid('part', 'it is a whole number from 1.');
    const place = tracking.placeOf(typeof path === 'string' ? path : '');
    const body = (request.body ?? request.raw) as Readable;
    const etag = await tracking.putUploadPart(request.scope, place, upload, Number(part), body);
    return json(reply.header('etag', `"${etag}"`), {});
  });
}

/** Where the caller reached this server: a Host that the guard let pass, and the scheme that a proxy in front names. */
function origin(request: FastifyRequest): string {
  const isTls = request.headers['x-forwarded-proto'] === 'https' || request.protocol === 'https';
  return `${isTls ? 'https' : 'http'}://${request.headers.host}`;
}
