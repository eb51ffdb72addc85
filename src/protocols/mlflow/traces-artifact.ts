import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TrackingDoor } from '../../domains/experiments/index.ts';
import { asDownload, sendArtifact } from './artifacts.ts';
import { MlflowError, missing } from './errors.ts';
import { wireSpanFile } from './traces-wire.ts';

/** Spans of a trace as the file that clients write, from the store or from the artifact; and attachments by name. */
export function traceArtifactRoutes(app: FastifyInstance, prefix: string, tracking: TrackingDoor): void {
  for (const version of ['2.0', '3.0']) {
    app.get(`${prefix}/${version}/mlflow/get-trace-artifact`, { schema: { hide: true } }, (request, reply) =>
      send(request, reply, tracking),
    );
  }
}

async function send(request: FastifyRequest, reply: FastifyReply, tracking: TrackingDoor) {
  const { request_id: id, path } = request.query as { request_id?: unknown; path?: unknown };
  if (typeof id !== 'string' || id === '') throw missing('request_id');
  await tracking.getTrace(request.scope, id);
  if (typeof path === 'string' && path !== '') {
    if (path.includes('/')) throw new MlflowError('INVALID_PARAMETER_VALUE', 'Invalid path.');
    const file = tracking.checkArtifactPath(`attachments/${path}`);
    return sendArtifact(request, reply, tracking, { owner: id, path: file });
  }
  const spans = (await tracking.spansOf(request.scope, [id])).get(id);
  if (!spans) return sendArtifact(request, reply, tracking, { owner: id, path: 'traces.json' });
  return reply
    .header('content-type', 'application/octet-stream')
    .header('content-disposition', asDownload('traces.json'))
    .send(JSON.stringify({ spans: spans.map(wireSpanFile) }));
}
