import type { PermissionTable } from './platform/http/app.ts';

/**
 * Every route of the server and the permission that it asks for. A route that is missing here stops the
 * start; a test compares the table with the routes. `public` asks for nothing, `read` for any role but
 * `service`.
 */
export const permissions: PermissionTable = {
  // platform
  'GET /health': 'public',
  'GET /version': 'public',
  'GET /openapi.json': 'public',
  'GET /docs': 'public',
  'GET /docs/*': 'public',
  'GET /': 'public',
  'GET /*': 'public',
  'HEAD /*': 'public',
  'GET /metrics': 'read',
  'GET /api/ledger/events': 'read',
  'GET /api/ledger/events/:id': 'read',
  'GET /api/ledger/why': 'read',
  'GET /api/ledger/used-by': 'read',
  'POST /api/ledger/verify': 'read',
  'GET /api/ledger/checkpoints': 'read',
  'GET /api/ledger/dead-letters': 'read',
  'POST /api/ledger/dead-letters/:reactor/:event/replay': 'platform.operate',
  'GET /api/events': 'read',
  'GET /api/declarations': 'read',
  'GET /api/declarations/schema': 'read',
  'POST /api/declarations/plan': 'read',
  'POST /api/declarations/apply': 'declarations.apply',
  // auth
  'GET /api/auth/me': 'read',
  'GET /api/auth/users': 'auth.manage',
  'POST /api/auth/users': 'auth.manage',
  'PUT /api/auth/users/:id/roles': 'auth.manage',
  'POST /api/auth/users/:id/tokens': 'auth.manage',
  'DELETE /api/auth/users/:id/tokens': 'auth.manage',
  'POST /api/auth/session': 'public',
  'DELETE /api/auth/session': 'public',
  // data
  // features
  // experiments
  // pipelines
  // registry
  // serving
  // monitoring
  // governance
  // insights
  // protocols
};
