import { freemem, totalmem } from 'node:os';
import type { ProcessHistory } from '../../platform/process-history.ts';
import { metric } from './exposition.ts';

/** What the process uses, in the names that Prometheus' clients give it, and in Triton's. */
export function processMetrics(history: ProcessHistory, version: string): string[] {
  const stats = history.stats();
  const latest = history.latest();
  const one = (name: string, type: string, help: string, value: number | undefined) =>
    metric(name, type, help, value === undefined ? [] : [{ labels: {}, value }]);
  const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1000);
  const kinds = Object.entries(stats.gc);
  return [
    metric('houston_build_info', 'gauge', 'Version of this server', [{ labels: { version }, value: 1 }]),
    one('process_cpu_seconds_total', 'counter', 'CPU time', stats.cpuUserSeconds + stats.cpuSystemSeconds),
    one('process_cpu_user_seconds_total', 'counter', 'CPU time outside of the system', stats.cpuUserSeconds),
    one('process_cpu_system_seconds_total', 'counter', 'CPU time in the system', stats.cpuSystemSeconds),
    one('process_start_time_seconds', 'gauge', 'When the process began', stats.startedAt / 1000),
    one('process_resident_memory_bytes', 'gauge', 'Resident memory', stats.residentBytes),
    one('nodejs_heap_size_used_bytes', 'gauge', 'Heap in use', stats.heapUsedBytes),
    one('nodejs_heap_size_total_bytes', 'gauge', 'Heap in all', stats.heapTotalBytes),
    one('nodejs_external_memory_bytes', 'gauge', 'Memory of arrays outside of the heap', stats.externalBytes),
    one(
      'nodejs_eventloop_busy_seconds_total',
      'counter',
      'Time for which the event loop was at work',
      stats.loopBusySeconds,
    ),
    one(
      'nodejs_eventloop_lag_p50_seconds',
      'gauge',
      'Usual lag of the last seconds',
      seconds(latest?.lagP50),
    ),
    one('nodejs_eventloop_lag_p99_seconds', 'gauge', 'Lag of one in a hundred', seconds(latest?.lagP99)),
    one(
      'nodejs_eventloop_lag_max_seconds',
      'gauge',
      'Longest lag of the last seconds',
      seconds(latest?.lagMax),
    ),
    metric('nodejs_gc_duration_seconds', 'summary', 'Garbage collections', [
      ...kinds.map(([kind, { seconds: value }]) => ({ suffix: '_sum', labels: { kind }, value })),
      ...kinds.map(([kind, { count: value }]) => ({ suffix: '_count', labels: { kind }, value })),
    ]),
    one('nv_cpu_utilization', 'gauge', 'Share of one core in use', latest?.cpu),
    one('nv_cpu_memory_total_bytes', 'gauge', 'Memory of the machine', totalmem()),
    one('nv_cpu_memory_used_bytes', 'gauge', 'Memory of the machine in use', totalmem() - freemem()),
  ];
}
