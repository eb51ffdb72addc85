import type { FastifyInstance } from 'fastify';

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const style =
  'body{font:14px system-ui,sans-serif;margin:12px;color-scheme:light dark}a{color:#3b82f6}li{margin:4px 0}';

/** Nothing but links: notebooks of any origin may show it, and it holds no data. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * The frame that clients put below a cell of a notebook for traces that were just made. A notebook is another
 * origin, to which this server shows no data: the frame links to the pages of the traces.
 */
export function notebookRoutes(app: FastifyInstance): void {
  const options = { schema: { hide: true } };
  app.get('/static-files/lib/notebook-trace-renderer/index.html', options, async (request, reply) => {
    const given = (request.query as { trace_id?: unknown }).trace_id ?? [];
    const traces = [given]
      .flat()
      .filter((id): id is string => typeof id === 'string' && /^[\w:-]{1,100}$/.test(id))
      .slice(0, 100);
    const links = traces.map((id) => {
      const href = `/experiments/traces/${encodeURIComponent(id)}`;
      return `<li><a href="${escaped(href)}" target="_blank" rel="noopener">${escaped(id)}</a></li>`;
    });
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', policy)
      .header('x-content-type-options', 'nosniff')
      .send(
        `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Traces</title><style>${style}</style>` +
          `</head><body>${links.length === 1 ? 'Open the trace' : 'Open the traces'} in Houston:` +
          `<ul>${links.join('')}</ul></body></html>`,
      );
  });
}
