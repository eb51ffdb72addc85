import type { RequestTrace } from '../../../../platform/tracing/tracer.ts';
import type { Runner } from '../../runtime/runner.ts';

/** The span of one node's run, and what its model is handed of the trace. */
export type NodeTrace = { handed: RequestTrace | undefined; end(error: unknown): void };

/** Opens a span for a node where the request is recorded; else the caller's context is handed on as it is. */
export function beginNode(
  trace: RequestTrace | undefined,
  node: string,
  rows: number,
  placement: Runner['placement'],
): NodeTrace | undefined {
  if (trace === undefined) return undefined;
  if (trace.span === null) return { handed: trace, end: () => {} };
  const span = trace.span.child('houston.node').set({
    'houston.node': node,
    'houston.rows': rows,
    'houston.placement': placement,
  });
  return {
    handed: { span, headers: () => span.headers() },
    end(error) {
      if (error !== null) span.fail(error instanceof Error ? error.message : String(error), 'run_failed');
      span.end();
    },
  };
}
