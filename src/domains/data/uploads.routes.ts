import { Readable } from 'node:stream';
import { platformError } from '../../platform/errors.ts';
import type { HoustonApp } from '../../platform/http/app.ts';
import { DatasetParams, UploadQuery, UploadReply } from './data.contract.ts';
import { dataError } from './data.errors.ts';
import type { FileFormat } from './ingest/reading.ts';
import { uploadVersion } from './uploads.service.ts';

const formats: Record<string, FileFormat> = {
  'application/vnd.apache.parquet': 'parquet',
  'application/octet-stream': 'parquet',
  'text/csv': 'csv',
};

/** The upload of a file as a new version; its body is streamed and never held in memory. */
export function uploadRoute(app: HoustonApp, maxBytes: number): void {
  app.post(
    '/api/data/datasets/:name/versions',
    {
      schema: {
        summary: 'Upload a Parquet or CSV file as a new version; 422 with a report when it is refused',
        tags: ['data'],
        consumes: Object.keys(formats),
        params: DatasetParams,
        querystring: UploadQuery,
        response: { 200: UploadReply, 201: UploadReply },
      },
    },
    async (request, reply) => {
      const { scope, params, query, raw } = request;
      const body: unknown = request.body;
      const format = formats[request.headers['content-type']?.split(';', 1)[0].trim().toLowerCase() ?? ''];
      if (body === undefined || body === null) throw dataError('data.file.empty', 'The request has no body.');
      if (!format || !(body instanceof Readable)) {
        throw platformError('platform.media_type.unsupported', 'A version is uploaded as Parquet or as CSV.');
      }
      try {
        if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
          throw dataError('data.file.too_large', `The file is larger than ${maxBytes} bytes.`);
        }
        const { version, validation, created } = await uploadVersion(scope, params.name, {
          content: body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>,
          format,
          mode: query.mode ?? 'append',
          newSchema: query.schema === 'new',
          source: query.source ?? '',
          maxBytes,
        });
        return await reply.status(created ? 201 : 200).send({
          dataset: version.dataset,
          version: version.version,
          digest: version.digest,
          rows: version.rows,
          created,
          validation: validation && { id: validation.id, ...validation.report },
        });
      } finally {
        // The caller reads the reply only after it has sent everything.
        if (!raw.readableEnded) raw.resume();
      }
    },
  );
}
