import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TrackingDoor } from '../../domains/experiments/index.ts';
import { sendFile } from '../../platform/http/send-file.ts';
import { multipartPartRoute } from './artifacts-multipart.ts';
import { MlflowError } from './errors.ts';
import type { MlflowRoute } from './routes.ts';
import { runId } from './runs.ts';

const hidden = { schema: { hide: true } };

/**
 * The proxied artifact store: raw bytes streamed both ways in constant memory, kept under their digest. Paths are
 * labels in the database; no file on disk is ever named by a caller.
 */
export function artifactRoutes(app: FastifyInstance, prefix: string, tracking: TrackingDoor): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  const base = `${prefix}/2.0/mlflow-artifacts`;
  const placeOf = (request: FastifyRequest) => tracking.placeOf((request.params as { '*': string })['*']);

  app.put(`${base}/artifacts/*`, hidden, async (request, reply) => {
    const body = (request.body as Readable | undefined) ?? new Uint8Array();
    const mediaType = request.headers['content-type'] ?? 'application/octet-stream';
    await tracking.putArtifact(request.scope, placeOf(request), body, mediaType);
    return json(reply, {});
  });
  app.get(`${base}/artifacts/*`, hidden, (request, reply) =>
    sendArtifact(request, reply, tracking, placeOf(request)),
  );
  app.delete(`${base}/artifacts/*`, hidden, async (request, reply) => {
    const place = placeOf(request);
    if (place.owner === '' && place.path === '')
      throw new MlflowError('INVALID_PARAMETER_VALUE', 'Invalid path.');
    await tracking.deleteArtifacts(request.scope, place);
    return json(reply, {});
  });
  app.get(`${base}/artifacts`, hidden, async (request, reply) => {
    const { path } = request.query as { path?: unknown };
    const place = tracking.placeOf(typeof path === 'string' ? path : '');
    return json(reply, { files: await wireFiles(request, tracking, place, '') });
  });
  multipartPartRoute(app, prefix, tracking);
  app.get(`${base}/presigned/*`, hidden, async () => {
    throw new MlflowError(
      'NOT_IMPLEMENTED',
      'This server gives no presigned addresses; read the artifact itself.',
    );
  });
}

export type Place = ReturnType<TrackingDoor['placeOf']>;

export const json = (reply: FastifyReply, body: object) =>
  reply.header('content-type', 'application/json').send(JSON.stringify(body));

/** Plain names stand plainly, for readers that do not know the other form, in which all others are written. */
export const asDownload = (name: string): string =>
  /^[\w.+-]+$/.test(name)
    ? `attachment; filename=${name}`
    : `attachment; filename*=UTF-8''${encodeURIComponent(name.toWellFormed())}`;

/** As a download whatever its type: what a run left behind never opens as a page of this server. */
export async function sendArtifact(
  request: FastifyRequest,
  reply: FastifyReply,
  tracking: TrackingDoor,
  place: Place,
): Promise<FastifyReply> {
  const file = await tracking.getArtifact(request.scope, place);
  reply
    .header(
      'content-type',
      /^[\w.+-]+\/[\w.+-]+$/.test(file.media_type) ? file.media_type : 'application/octet-stream',
    )
    .header('content-disposition', asDownload(file.path.split('/').at(-1)!))
    .header('content-security-policy', "sandbox; default-src 'none'")
    .header('etag', `"${file.digest}"`);
  return sendFile(reply, request.scope.platform.blobs.path(file.digest), file.size);
}

/** Entries below a folder; `within` goes before their names. */
export async function wireFiles(
  request: Pick<FastifyRequest, 'scope'>,
  tracking: TrackingDoor,
  place: Place,
  within: string,
) {
  const entries = await tracking.listArtifacts(request.scope, place);
  return entries.map(({ name, isFolder, size }) => ({
    path: within ? `${within}/${name}` : name,
    is_dir: isFolder,
    ...(!isFolder && { file_size: size }),
  }));
}

/** Listing of a run's artifacts, by paths relative to the run. */
export function artifactListRoutes(tracking: TrackingDoor): MlflowRoute[] {
  return [
    {
      method: 'GET',
      since: 2,
      path: 'artifacts/list',
      handle: async (scope, fields) => {
        const run = await tracking.getTrackedRun(scope, runId(fields));
        const path = tracking.checkArtifactPath(fields.optionalText('path') ?? '');
        return {
          root_uri: run.artifactUri,
          files: await wireFiles({ scope }, tracking, { owner: run.id, path }, path),
        };
      },
    },
  ];
}
