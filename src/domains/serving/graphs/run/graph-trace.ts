import { type RequestTrace, traceOf } from '../../../../platform/tracing/tracer.ts';
import type { PlanNode } from '../plan/graph.plan.ts';

/** The span of one node's run, and what its model is handed of the trace. */
export type NodeTrace = { handed: RequestTrace; end(error?: unknown): void };

/**
 * Opens the span of a node, begun at `start` (as `performance.now()`), where the request is recorded; else its caller's
 * context is handed on as it is. Undefined for a request in no trace.
 */
export function beginNode(
  trace: RequestTrace | undefined,
  { name, kind }: PlanNode,
  rows: number,
  start: number,
): NodeTrace | undefined {
  if (trace === undefined) return undefined;
  if (trace.span === null) return { handed: trace, end: () => {} };
  const span = trace.span.child(name, 'internal', start).set({
    'houston.node.kind': kind,
    'houston.rows': rows,
  });
  return {
    handed: traceOf(span),
    end(error) {
      if (error !== undefined)
        span.fail(error instanceof Error ? error.message : String(error), 'run_failed');
      span.end();
    },
  };
}
