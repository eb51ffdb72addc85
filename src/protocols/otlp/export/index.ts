import { hostname } from 'node:os';
import type { TrackingDoor } from '../../../domains/experiments/index.ts';
import type { ServingDoor } from '../../../domains/serving/index.ts';
import type { Platform } from '../../../platform/platform.ts';
import type { Resource } from './encode.ts';
import { createTraceExporter } from './exporter.ts';
import { createOwnTraces } from './own-store.ts';

/** Figures of the tracing itself, for its metrics. */
export type TracingCounts = {
  recorded: number;
  kept: number;
  notKept: number;
  /** Null without a collector. */
  exporter: { exported: number; dropped: number; retries: number; queued: number } | null;
};

export type Tracing = { counts(): TracingCounts; close(): Promise<void> };

/** Hands the traces of this process on: to its own pages, and to the operator's collector when there is one. */
export function startTracing(
  platform: Platform,
  { experiments, serving }: { experiments: { tracking: TrackingDoor }; serving: ServingDoor },
  version: string,
): Tracing {
  const { tracer, config, log, instance } = platform;
  const { service, endpoint } = config.tracing;
  const resource: Resource = {
    'service.name': service,
    'service.version': version,
    'service.instance.id': instance,
    'host.name': hostname(),
  };
  const own = createOwnTraces(platform, { tracking: experiments.tracking, serving }, resource);
  const exporter =
    endpoint === null
      ? null
      : createTraceExporter({ config: { ...config.tracing, endpoint }, resource, log });
  if (!tracer.isOff) {
    tracer.addSink(own.sink);
    if (exporter) tracer.addSink(exporter.sink);
  }
  return {
    counts: () => ({
      recorded: tracer.counts.recorded,
      kept: own.counts.kept,
      notKept: own.counts.dropped,
      exporter: exporter && { ...exporter.counts, queued: exporter.queued() },
    }),
    async close() {
      await Promise.all([own.close(), exporter?.close()]);
    },
  };
}
