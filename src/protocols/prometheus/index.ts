import {
  bytesOf,
  countBelow,
  inferredRows,
  type RevisionMeter,
  runtimeRuns,
  type ServingDoor,
} from '../../domains/serving/index.ts';
import type { HoustonApp } from '../../platform/http/app.ts';
import { cacheMetrics } from './cache-metrics.ts';
import { type Labels, metric, type Sample } from './exposition.ts';

/** Bounds in seconds; small models answer far below the usual first bucket of 5 ms. */
const bounds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

type Route = ReturnType<ServingDoor['liveRoutes']>[number];

/** GET /metrics in the text format of Prometheus: Houston's names, and Triton's as aliases. */
export function prometheusRoutes(app: HoustonApp, serving: ServingDoor): void {
  app.get(
    '/metrics',
    { schema: { summary: 'Metrics for Prometheus', tags: ['prometheus'] } },
    async (_request, reply) => {
      reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8');
      return reply.send(metricsText(serving));
    },
  );
}

/** All metrics as text. */
export function metricsText(serving: ServingDoor): string {
  const meters = serving.meters();
  const { droppedRecords, droppedAside, residency } = serving.stats();
  const memory = process.memoryUsage.rss();
  const own = meters.map((meter): [RevisionMeter, Labels] => {
    const { deployment, model, version, revision } = meter.labels;
    return [meter, { deployment, model, version, revision }];
  });
  const triton = byVersion(meters);
  const routes = serving.liveRoutes();
  const gates = (value: (route: Route) => number, suffix = ''): Sample[] =>
    routes.map((route) => ({ suffix, labels: { deployment: route.deployment }, value: value(route) }));
  const each = <M>(of: [M, Labels][], value: (meter: M) => number): Sample[] =>
    of.map(([meter, labels]) => ({ labels, value: value(meter) }));
  const micros = (ms: number) => Math.round(ms * 1000);
  return [
    metric('houston_inference_requests_total', 'counter', 'Requests answered or failed', [
      ...own.map(([meter, labels]) => ({
        labels: { ...labels, code: 'ok' },
        value: meter.requests - meter.errors,
      })),
      ...own.map(([meter, labels]) => ({ labels: { ...labels, code: 'error' }, value: meter.errors })),
    ]),
    metric(
      'houston_inference_rows_total',
      'counter',
      'Rows scored for callers',
      each(own, (meter) => meter.rows),
    ),
    metric(
      'houston_inference_runs_total',
      'counter',
      'Runs of the model',
      each(own, (meter) => meter.executions),
    ),
    ...cacheMetrics(own, triton, routes),
    histogram('houston_inference_request_duration_seconds', 'From request to recorded reply', own, 'latency'),
    histogram('houston_inference_compute_seconds', 'Runs of the model', own, 'compute'),
    metric('houston_route_weight', 'gauge', 'Percent of requests by revision', routeWeights(serving)),
    metric(
      'houston_inference_rejected_total',
      'counter',
      'Requests refused before they ran',
      routes.flatMap(({ deployment, gate }) =>
        Object.entries(gate.rejected).map(([reason, value]) => ({ labels: { deployment, reason }, value })),
      ),
    ),
    metric(
      'houston_inference_queue_length',
      'gauge',
      'Requests that wait now',
      gates(({ gate }) => gate.queued()),
    ),
    metric(
      'houston_inference_running',
      'gauge',
      'Requests that run now',
      gates(({ gate }) => gate.running()),
    ),
    metric('houston_inference_queue_seconds', 'summary', 'Time of the requests that had to wait', [
      ...gates(({ gate }) => gate.waited.ms / 1000, '_sum'),
      ...gates(({ gate }) => gate.waited.count, '_count'),
    ]),
    metric(
      'houston_model_loaded_bytes',
      'gauge',
      'About what the models of a deployment take up in memory',
      routes.flatMap((route) => {
        const value = bytesOf(route);
        return value > 0 ? [{ labels: { deployment: route.deployment }, value }] : [];
      }),
    ),
    metric('houston_model_memory_budget_bytes', 'gauge', 'Memory that models may take up', [
      { labels: {}, value: residency.budgetBytes },
    ]),
    metric('houston_models_cold', 'gauge', 'Deployments that load at their next request', [
      { labels: {}, value: routes.filter(({ champion, cold }) => champion === null && cold !== null).length },
    ]),
    metric('houston_model_loads_total', 'counter', 'Cold deployments that were loaded', [
      { labels: { result: 'ok' }, value: residency.counts.loads },
      { labels: { result: 'failed' }, value: residency.counts.failures },
    ]),
    metric('houston_model_evictions_total', 'counter', 'Deployments that gave their memory to others', [
      { labels: {}, value: residency.counts.evictions },
    ]),
    metric('houston_inference_records_dropped_total', 'counter', 'Writes that the disk refused', [
      { labels: {}, value: droppedRecords },
    ]),
    metric('houston_inference_aside_dropped_total', 'counter', 'Aside runs dropped under load', [
      { labels: {}, value: droppedAside },
    ]),
    metric(
      'nv_inference_request_success',
      'counter',
      'Requests answered',
      each(triton, (meter) => meter.requests - meter.errors),
    ),
    metric('nv_inference_request_failure', 'counter', 'Requests failed', [
      ...triton.map(([meter, labels]) => ({ labels: { ...labels, reason: 'BACKEND' }, value: meter.errors })),
      ...championGates(routes, ({ rejected }) => Object.values(rejected).reduce((a, b) => a + b, 0)).map(
        ({ labels, value }) => ({ labels: { ...labels, reason: 'REJECTED' }, value }),
      ),
    ]),
    metric(
      'nv_inference_pending_request_count',
      'gauge',
      'Requests that wait',
      championGates(routes, (gate) => gate.queued()),
    ),
    metric(
      'nv_inference_count',
      'counter',
      'Rows scored',
      each(triton, (meter) => meter.rows),
    ),
    metric(
      'nv_inference_exec_count',
      'counter',
      'Runs of the model',
      each(triton, (meter) => meter.executions),
    ),
    metric(
      'nv_inference_request_duration_us',
      'counter',
      'Time of all requests',
      each(triton, (meter) => micros(meter.requestMs)),
    ),
    metric(
      'nv_inference_queue_duration_us',
      'counter',
      'Time in queues',
      championGates(routes, ({ waited }) => micros(waited.ms)),
    ),
    metric(
      'nv_inference_compute_infer_duration_us',
      'counter',
      'Time of all runs',
      each(triton, (meter) => micros(meter.computeMs)),
    ),
    metric('process_resident_memory_bytes', 'gauge', 'Resident memory', [{ labels: {}, value: memory }]),
    metric('process_cpu_seconds_total', 'counter', 'CPU time', [{ labels: {}, value: cpuSeconds() }]),
  ].join('');
}

type Sums = {
  requests: number;
  errors: number;
  rows: number;
  executions: number;
  requestMs: number;
  computeMs: number;
  cache: RevisionMeter['cache'];
};

/** Sums over the revisions of one version: Triton's names know no revisions. */
function byVersion(meters: readonly RevisionMeter[]): [Sums, Labels][] {
  const groups = new Map<string, [Sums, Labels]>();
  for (const meter of meters) {
    const { labels, requests, errors, computeMs, latency, cache } = meter;
    const { deployment: model, version } = labels;
    const key = `${model}:${version}`;
    const none: Sums = {
      requests: 0,
      errors: 0,
      rows: 0,
      executions: 0,
      requestMs: 0,
      computeMs: 0,
      cache: { hits: 0, misses: 0, rows: 0, hitMs: 0, missMs: 0, savedMs: 0 },
    };
    const group = groups.get(key) ?? [none, { model, version }];
    groups.set(key, group);
    const [sums] = group;
    sums.requests += requests;
    sums.errors += errors;
    sums.rows += inferredRows(meter);
    sums.executions += runtimeRuns(meter);
    sums.requestMs += latency.sumMs;
    sums.computeMs += computeMs;
    for (const key of Object.keys(sums.cache) as (keyof Sums['cache'])[]) sums.cache[key] += cache[key];
  }
  return [...groups.values()];
}

/** Gates are of deployments; Triton's names want a version, which is the champion's. */
function championGates(routes: readonly Route[], value: (gate: Route['gate']) => number): Sample[] {
  return routes.flatMap(({ deployment, champion, gate }) =>
    champion
      ? [{ labels: { model: deployment, version: champion.revision.version }, value: value(gate) }]
      : [],
  );
}

function routeWeights(serving: ServingDoor): Sample[] {
  return serving.liveRoutes().flatMap(({ deployment, champion, rollout }) => {
    const weight = rollout?.weight ?? 0;
    const arms = [
      { arm: 'champion', live: champion, share: 100 - weight },
      { arm: 'challenger', live: rollout?.challenger ?? null, share: weight },
    ];
    return arms.flatMap(({ arm, live, share }) =>
      live ? [{ labels: { deployment, arm, version: live.revision.version }, value: share }] : [],
    );
  });
}

function histogram(
  name: string,
  help: string,
  meters: [RevisionMeter, Labels][],
  kind: 'latency' | 'compute',
): string {
  const samples = meters.flatMap(([meter, labels]): Sample[] => [
    ...bounds.map((bound) => ({
      suffix: '_bucket',
      labels: { ...labels, le: String(bound) },
      value: countBelow(meter[kind], bound * 1000),
    })),
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: meter[kind].count },
    { suffix: '_sum', labels, value: meter[kind].sumMs / 1000 },
    { suffix: '_count', labels, value: meter[kind].count },
  ]);
  return metric(name, 'histogram', help, samples);
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
