import type { Span } from '../../platform/tracing/span.ts';
import type { TraceHeaders } from '../../platform/tracing/trace-context.ts';
import type { RequestTrace, Tracer } from '../../platform/tracing/tracer.ts';
import { describeFailure } from '../open-inference/failures.ts';
import { servicePath } from './messages.ts';
import { grpcStatus, status } from './status.ts';

const service = servicePath.replaceAll('/', '');
/** What is the server's own fault, by OpenTelemetry's conventions for gRPC. */
const faults = new Map<number, string>(
  (['DEADLINE_EXCEEDED', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE'] as const).map((name) => [
    status[name],
    name,
  ]),
);

/** Begins the span of a call, in the trace that its metadata carries. */
export function traceCall(
  tracer: Tracer,
  method: string,
  headers: TraceHeaders | undefined,
): RequestTrace | undefined {
  const trace = tracer.begin(`${service}/${method}`, 'server', headers);
  trace?.span?.set({ 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': method });
  return trace;
}

/** Ends the span of a call with its status. */
export function endCall(span: Span, error: unknown): void {
  const code = error === null ? status.OK : grpcStatus(describeFailure(error)[0]);
  span.set({ 'rpc.grpc.status_code': code });
  const fault = faults.get(code);
  if (fault !== undefined) span.fail(span.failure ?? describeFailure(error)[1], fault);
  span.end();
}
