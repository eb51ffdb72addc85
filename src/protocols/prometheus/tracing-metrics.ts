import type { TracingCounts } from '../otlp/export/index.ts';
import { metric } from './exposition.ts';

/** How the tracing itself fares: what was recorded, kept for the pages, sent and lost. */
export function tracingMetrics({ recorded, kept, notKept, exporter }: TracingCounts): string[] {
  const one = (name: string, type: string, help: string, value: number) =>
    metric(name, type, help, [{ labels: {}, value }]);
  return [
    one('houston_traces_recorded_total', 'counter', 'Requests that were traced', recorded),
    one('houston_traces_kept_total', 'counter', 'Traces kept for the pages of this server', kept),
    one('houston_traces_not_kept_total', 'counter', 'Traces beyond what the pages keep', notKept),
    ...(exporter
      ? [
          one(
            'houston_trace_spans_exported_total',
            'counter',
            'Spans that the collector took',
            exporter.exported,
          ),
          one('houston_trace_spans_dropped_total', 'counter', 'Spans that were lost', exporter.dropped),
          one('houston_trace_export_retries_total', 'counter', 'Exports tried again', exporter.retries),
          one('houston_trace_spans_queued', 'gauge', 'Spans that wait for the collector', exporter.queued),
        ]
      : []),
  ];
}
