import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { TrackingDoor } from '../../domains/experiments/index.ts';
import type { CatalogDoor } from '../../domains/registry/index.ts';
import { json, sendArtifact } from './artifacts.ts';
import { invalid, missing } from './errors.ts';
import { Fields } from './fields.ts';
import { versionNumber } from './model-versions.ts';

const hidden = { schema: { hide: true } };
const mostBytes = 10 * 1024 * 1024;

const runOf = (fields: Fields): string => {
  const id = fields.optionalText('run_id') || fields.text('run_uuid');
  if (!/^[\w-]{1,256}$/.test(id)) throw invalid('run_id', 'it is an id of a run.');
  return id;
};

/**
 * Files as pages of a browser ask for them: of a run, of a model version, of a logged model; and small uploads. `app`
 * is the one whose bodies are streams.
 */
export function pageRoutes(app: FastifyInstance, tracking: TrackingDoor, catalog: CatalogDoor): void {
  const queryOf = (request: FastifyRequest) => new Fields(request.query);

  app.get('/get-artifact', hidden, async (request, reply) => {
    const query = queryOf(request);
    const owner = runOf(query);
    const path = tracking.checkArtifactPath(query.text('path'));
    await tracking.getTrackedRun(request.scope, owner);
    return sendArtifact(request, reply, tracking, { owner, path });
  });
  app.get('/model-versions/get-artifact', hidden, async (request, reply) => {
    const query = queryOf(request);
    const path = tracking.checkArtifactPath(query.text('path'));
    const place = await catalog.filePlace(request.scope, query.text('name'), versionNumber(query), path);
    return sendArtifact(request, reply, tracking, place);
  });
  app.get('/ajax-api/2.0/mlflow/logged-models/:model/artifacts/files', hidden, async (request, reply) => {
    const path = tracking.checkArtifactPath(queryOf(request).text('artifact_file_path'));
    const { model } = request.params as { model: string };
    if (!/^[\w-]{1,256}$/.test(model)) throw invalid('model_id', 'it is an id of a logged model.');
    const { id } = await tracking.getLoggedModel(request.scope, model);
    return sendArtifact(request, reply, tracking, { owner: id, path });
  });
  app.post('/ajax-api/2.0/mlflow/upload-artifact', hidden, async (request, reply) => {
    const query = queryOf(request);
    const owner = runOf(query);
    const path = tracking.checkArtifactPath(query.text('path'));
    if (Number(request.headers['content-length'] ?? 0) === 0 && !request.headers['transfer-encoding']) {
      throw missing('data');
    }
    await tracking.getTrackedRun(request.scope, owner);
    const mediaType = request.headers['content-type'] ?? 'application/octet-stream';
    const body = (request.body ?? request.raw) as Readable;
    await tracking.putArtifact(request.scope, { owner, path }, body, mediaType, mostBytes);
    return json(reply, {});
  });
}
