import type { Span } from '../../../platform/tracing/span.ts';
import type { RequestTrace } from '../../../platform/tracing/tracer.ts';
import type { Upstream } from './remote-model.ts';

/** Begins the call of an upstream within a trace; its headers make the upstream's spans children of this one. */
export function beginCall(
  trace: RequestTrace,
  { url, protocol }: Upstream,
): { span: Span | null; headers: Record<string, string> } {
  if (!trace.span) return { span: null, headers: trace.headers() };
  const { hostname, port, protocol: scheme } = new URL(url);
  const span = trace.span.child('POST', 'client').set({
    'http.request.method': 'POST',
    'server.address': hostname,
    'server.port': Number(port || (scheme === 'https:' ? 443 : 80)),
    'url.full': url,
    'houston.upstream.protocol': protocol,
  });
  return { span, headers: span.headers() };
}
