import {
  bytesOf,
  inferredRows,
  type LatencyHistogram,
  type RevisionMeter,
  runtimeRuns,
  type ServingDoor,
} from '../../domains/serving/index.ts';
import type { HoustonApp } from '../../platform/http/app.ts';
import type { TracingCounts } from '../otlp/export/index.ts';
import { cacheMetrics } from './cache-metrics.ts';
import { type Labels, metric, type Sample } from './exposition.ts';
import { alertRules } from './grafana/alerts.ts';
import { grafanaDashboard } from './grafana/dashboard.ts';
import { graphMetrics } from './graph-metrics.ts';
import { histogram } from './histogram.ts';
import { processMetrics } from './process-metrics.ts';
import { rolloutMetrics } from './rollout-metrics.ts';
import { tracingMetrics } from './tracing-metrics.ts';

type Route = ReturnType<ServingDoor['liveRoutes']>[number];

/** GET /metrics in the text format of Prometheus: Houston's names, and Triton's as aliases. */
export function prometheusRoutes(
  app: HoustonApp,
  serving: ServingDoor,
  version: string,
  tracing?: () => TracingCounts,
): void {
  grafanaRoutes(app);
  app.get(
    '/metrics',
    { schema: { summary: 'Metrics for Prometheus', tags: ['prometheus'] } },
    async ({ scope }, reply) => {
      reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8');
      const { process } = scope.platform;
      return reply.send(
        [
          await servingMetrics(serving),
          ...rolloutMetrics(serving.liveRoutes()),
          ...(await graphMetrics(serving.nodeSeries())),
          ...processMetrics(process, version),
          ...(tracing ? tracingMetrics(tracing()) : []),
        ].join(''),
      );
    },
  );
}

/** The dashboard and the alert rules of these metrics, for download. */
function grafanaRoutes(app: HoustonApp): void {
  app.get(
    '/metrics/grafana.json',
    { schema: { summary: 'Dashboard of Grafana for these metrics', tags: ['prometheus'] } },
    async (_request, reply) =>
      reply
        .header('content-type', 'application/json; charset=utf-8')
        .send(JSON.stringify(grafanaDashboard(), null, 1)),
  );
  app.get(
    '/metrics/alerts.yaml',
    { schema: { summary: 'Alert rules of Prometheus for these metrics', tags: ['prometheus'] } },
    async (_request, reply) =>
      reply.header('content-type', 'application/yaml; charset=utf-8').send(alertRules()),
  );
}

/** What requests did, in Houston's names and Triton's. Of thousands of models it is written in pieces. */
async function servingMetrics(serving: ServingDoor): Promise<string> {
  const meters = serving.meters();
  const { droppedRecords, droppedAside, residency } = serving.stats();
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
  const timesOf = (kind: 'latency' | 'compute') =>
    own.map(([meter, labels]): [LatencyHistogram, Labels] => [meter[kind], labels]);
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
    await histogram(
      'houston_inference_request_duration_seconds',
      'From request to recorded reply',
      timesOf('latency'),
    ),
    await histogram('houston_inference_compute_seconds', 'Runs of the model', timesOf('compute')),
    metric('houston_inference_batch_rows', 'summary', 'Rows of a run of the runtime, joined ones as one', [
      ...own.map(([meter, labels]) => ({ suffix: '_sum', labels, value: meter.ranRows })),
      ...own.map(([meter, labels]) => ({ suffix: '_count', labels, value: runtimeRuns(meter) })),
    ]),
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
    await histogram(
      'houston_inference_queue_seconds',
      'Time of the requests that had to wait',
      routes.flatMap(({ deployment, gate }): [LatencyHistogram, Labels][] => {
        const times = gate.waitTimes();
        return times ? [[times, { deployment }]] : [];
      }),
    ),
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
      'nv_inference_compute_input_duration_us',
      'counter',
      'Time before and after the runs: reading, features, recording',
      each(triton, (meter) => micros(Math.max(0, meter.requestMs - meter.computeMs))),
    ),
    metric(
      'nv_inference_compute_output_duration_us',
      'counter',
      'Always zero: counted with the input',
      each(triton, () => 0),
    ),
    metric(
      'nv_inference_compute_infer_duration_us',
      'counter',
      'Time of all runs',
      each(triton, (meter) => micros(meter.computeMs)),
    ),
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
