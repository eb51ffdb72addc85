import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Span } from '../tracing/span.ts';
import type { TraceHeaders } from '../tracing/trace-context.ts';
import type { RequestTrace, Tracer } from '../tracing/tracer.ts';
import type { LaneReply } from './fast-lane.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller's trace, or one of our own; undefined for requests that are in none. */
    trace: RequestTrace | undefined;
  }
}

/** What a server span says of a request, by OpenTelemetry's conventions for HTTP. */
type Asked = { path: string; route: string; host: string | undefined; agent: string | undefined };

/**
 * Traces the POST requests of a plugin's routes. Requests that are not recorded cost a look at one header; refused
 * callers leave no trace.
 */
export function traceRequests(app: FastifyInstance, tracer: Tracer): void {
  app.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    if (request.method !== 'POST') return done();
    const route = request.routeOptions.url ?? '';
    const trace = tracer.begin(`POST ${route}`, 'server', request.headers as TraceHeaders);
    request.trace = trace;
    const span = trace?.span;
    if (!span) return done();
    const { host, 'user-agent': agent } = request.headers;
    describe(span, { path: request.url.split('?', 1)[0], route, host, agent });
    reply.header('traceresponse', span.headers().traceparent);
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) span.fail('The caller went away.', 'canceled');
      answered(span, reply.raw.statusCode);
    });
    done();
  });
}

/** The same for a request of the fast lane: a reply that ends its span. */
export function traceReply(span: Span, asked: Asked, reply: LaneReply): LaneReply {
  describe(span, asked);
  const response = `traceresponse: ${span.headers().traceparent}\r\n`;
  return (status, type, body, more = '') => {
    reply(status, type, body, `${more}${response}`);
    answered(span, status);
  };
}

function describe(span: Span, { path, route, host, agent }: Asked): void {
  span.set({
    'http.request.method': 'POST',
    'http.route': route,
    'url.path': path,
    'url.scheme': 'http',
    'network.protocol.name': 'http',
    ...(host !== undefined && { 'server.address': host.replace(/:\d+$/, '') }),
    ...(agent !== undefined && { 'user_agent.original': agent.slice(0, 200) }),
  });
}

/** Ends a span with its status; what a caller did wrong is no error of the server. */
function answered(span: Span, status: number): void {
  if (status === 401 || status === 403) {
    span.drop();
    return;
  }
  span.set({ 'http.response.status_code': status });
  if (status >= 500) span.fail(span.failure ?? `The request was answered with ${status}.`, String(status));
  span.end();
}
