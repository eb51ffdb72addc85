import type { MlflowRoute } from './routes.ts';

/** The release of MLflow whose clients find what they expect here; from 3.4 on they send spans to `/v1/traces`. */
export const mlflowVersion = '3.17.2';

/** What the server can do, asked by clients before uploads of large files. */
export function serverInfoRoutes(): MlflowRoute[] {
  return [
    {
      method: 'GET',
      since: 3,
      path: 'server-info',
      handle: () => ({
        store_type: 'SqlStore',
        workspaces_enabled: false,
        trace_archival_enabled: false,
        multipart_uploads_enabled: false,
        multipart_downloads_enabled: false,
      }),
    },
  ];
}
