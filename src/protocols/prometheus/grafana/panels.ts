/** A query of Prometheus and what its lines are called. */
export type Query = { expr: string; legend: string };

export type PanelSpec = {
  title: string;
  /** What it shows, for the panel's help. */
  text: string;
  kind: 'stat' | 'timeseries' | 'heatmap';
  /** A unit of Grafana's: s, bytes, reqps, percentunit, short. */
  unit: string;
  /** Of 24 columns. */
  width: number;
  queries: readonly Query[];
};

export type RowSpec = { title: string; panels: readonly PanelSpec[] };

const of = '{deployment=~"$deployment"}';
const rate = (metric: string, labels = of) => `rate(${metric}${labels}[$__rate_interval])`;
const total = (metric: string, labels = of) => `sum(${rate(metric, labels)})`;
const quantile = (q: number, metric: string, by = '') =>
  `histogram_quantile(${q}, sum by (le${by}) (${rate(`${metric}_bucket`)}))`;
const requests = 'houston_inference_requests_total';
const failed = '{deployment=~"$deployment",code="error"}';
const latency = 'houston_inference_request_duration_seconds';

const panel = (
  kind: PanelSpec['kind'],
  width: number,
  title: string,
  text: string,
  unit: string,
  ...queries: [expr: string, legend: string][]
): PanelSpec => ({
  kind,
  width,
  title,
  text,
  unit,
  queries: queries.map(([expr, legend]) => ({ expr, legend })),
});
const stat = (title: string, text: string, unit: string, expr: string) =>
  panel('stat', 4, title, text, unit, [expr, title]);
const graph = (title: string, text: string, unit: string, ...queries: [expr: string, legend: string][]) =>
  panel('timeseries', 8, title, text, unit, ...queries);

/** The dashboard, row by row. Every metric in it is one that a running server shows; a test holds that. */
export const rows: readonly RowSpec[] = [
  {
    title: 'State',
    panels: [
      stat('Requests', 'Answered or failed, a second', 'reqps', total(requests)),
      stat(
        'Failed',
        'Share of the requests',
        'percentunit',
        `${total(requests, failed)} / ${total(requests)}`,
      ),
      stat('Latency p50', 'Whole request', 's', quantile(0.5, latency)),
      stat('Latency p99', 'Whole request', 's', quantile(0.99, latency)),
      stat('Refused', 'Over a limit, not run, a second', 'reqps', total('houston_inference_rejected_total')),
      stat('Waiting', 'Requests in queues now', 'short', `sum(houston_inference_queue_length${of})`),
    ],
  },
  {
    title: 'Traffic',
    panels: [
      graph('Requests by version', 'Answered or failed', 'reqps', [
        `sum by (deployment, version) (${rate(requests)})`,
        '{{deployment}} v{{version}}',
      ]),
      graph('Failed by version', 'Answered with an error', 'reqps', [
        `sum by (deployment, version) (${rate(requests, failed)})`,
        '{{deployment}} v{{version}}',
      ]),
      graph('Refused by reason', 'Before they ran', 'reqps', [
        `sum by (deployment, reason) (${rate('houston_inference_rejected_total')})`,
        '{{deployment}} {{reason}}',
      ]),
      graph('Rows', 'Scored for callers', 'short', [
        `sum by (deployment) (${rate('houston_inference_rows_total')})`,
        '{{deployment}}',
      ]),
      graph('Rows of a run', 'Mean', 'short', [
        `sum by (deployment) (${rate('houston_inference_batch_rows_sum')}) / sum by (deployment) (${rate('houston_inference_batch_rows_count')})`,
        '{{deployment}}',
      ]),
      graph('From the cache', 'Share of the requests that a cache was asked about', 'percentunit', [
        `sum by (deployment) (${rate('houston_inference_cache_hits_total')}) / (sum by (deployment) (${rate('houston_inference_cache_hits_total')}) + sum by (deployment) (${rate('houston_inference_cache_misses_total')}))`,
        '{{deployment}}',
      ]),
    ],
  },
  {
    title: 'Latency',
    panels: [
      panel('heatmap', 24, 'Latency over time', 'Requests by latency', 's', [
        `sum by (le) (increase(${latency}_bucket${of}[$__rate_interval]))`,
        '{{le}}',
      ]),
      graph(
        'Whole request',
        'From request to recorded reply',
        's',
        [quantile(0.5, latency), 'p50'],
        [quantile(0.9, latency), 'p90'],
        [quantile(0.99, latency), 'p99'],
      ),
      graph(
        'Model',
        'Runs alone',
        's',
        [quantile(0.5, 'houston_inference_compute_seconds'), 'p50'],
        [quantile(0.99, 'houston_inference_compute_seconds'), 'p99'],
      ),
      graph(
        'Queue',
        'Of the requests that had to wait',
        's',
        [quantile(0.5, 'houston_inference_queue_seconds'), 'p50'],
        [quantile(0.99, 'houston_inference_queue_seconds'), 'p99'],
      ),
      graph('p99 by version', 'Whole request', 's', [
        quantile(0.99, latency, ', deployment, version'),
        '{{deployment}} v{{version}}',
      ]),
      graph('Waiting', 'Requests in queues', 'short', [
        `sum by (deployment) (houston_inference_queue_length${of})`,
        '{{deployment}}',
      ]),
      graph('Running', 'Requests at work', 'short', [
        `sum by (deployment) (houston_inference_running${of})`,
        '{{deployment}}',
      ]),
    ],
  },
  {
    title: 'Rollouts',
    panels: [
      graph('Share of requests', 'By arm, percent', 'percent', [
        `houston_route_weight${of}`,
        '{{deployment}} {{arm}} v{{version}}',
      ]),
      graph('Evidence', 'E-value as a share of its bound; at 1 it decides', 'percentunit', [
        `houston_gate_evalue${of} / houston_gate_evalue_bound${of}`,
        '{{deployment}} {{test}}',
      ]),
      graph('Disagreement', 'Mean distance of the scores of both arms', 'short', [
        `houston_shadow_disagreement_ratio${of}`,
        '{{deployment}}',
      ]),
    ],
  },
  {
    title: 'Graphs',
    panels: [
      graph('Rows by node', 'That a node was asked for', 'short', [
        `sum by (deployment, node) (${rate('houston_graph_node_rows_total')})`,
        '{{deployment}} {{node}}',
      ]),
      graph('p99 by node', 'Runs of a node', 's', [
        quantile(0.99, 'houston_graph_node_seconds', ', deployment, node'),
        '{{deployment}} {{node}}',
      ]),
      graph(
        'Branches',
        'Rows that took a branch, and those that a node failed',
        'short',
        [
          `sum by (deployment, node, branch) (${rate('houston_graph_branch_rows_total')})`,
          '{{deployment}} {{node}} {{branch}}',
        ],
        [
          `sum by (deployment, node) (${rate('houston_graph_node_failed_rows_total')})`,
          '{{deployment}} {{node}} failed',
        ],
      ),
    ],
  },
  {
    title: 'Models in memory',
    panels: [
      graph('Memory by deployment', 'Estimated', 'bytes', [
        `houston_model_loaded_bytes${of}`,
        '{{deployment}}',
      ]),
      graph(
        'Memory of all',
        'Against the budget',
        'bytes',
        ['sum(houston_model_loaded_bytes)', 'loaded'],
        ['sum(houston_model_memory_budget_bytes)', 'budget'],
      ),
      graph(
        'Loads',
        'Cold deployments that were asked, and those that gave way',
        'short',
        [total('houston_model_loads_total', ''), 'loads'],
        [total('houston_model_evictions_total', ''), 'evictions'],
        ['sum(houston_models_cold)', 'cold now'],
      ),
    ],
  },
  {
    title: 'Server',
    panels: [
      graph('CPU', 'One is a core', 'short', [rate('process_cpu_seconds_total', ''), '{{instance}}']),
      graph(
        'Memory',
        'Of the process',
        'bytes',
        ['process_resident_memory_bytes', '{{instance}} resident'],
        ['nodejs_heap_size_used_bytes', '{{instance}} heap'],
        ['nodejs_external_memory_bytes', '{{instance}} arrays'],
      ),
      graph(
        'Event-loop lag',
        'How late timers are',
        's',
        ['nodejs_eventloop_lag_p99_seconds', '{{instance}} p99'],
        ['nodejs_eventloop_lag_max_seconds', '{{instance}} longest'],
      ),
      graph('Event loop at work', 'Share of the time', 'percentunit', [
        rate('nodejs_eventloop_busy_seconds_total', ''),
        '{{instance}}',
      ]),
      graph('Garbage collection', 'Share of the time', 'percentunit', [
        `sum by (kind) (${rate('nodejs_gc_duration_seconds_sum', '')})`,
        '{{kind}}',
      ]),
      graph(
        'Lost',
        'Records the disk refused, runs aside dropped under load, spans without a collector',
        'short',
        [total('houston_inference_records_dropped_total', ''), 'records'],
        [total('houston_inference_aside_dropped_total', ''), 'aside'],
        [total('houston_trace_spans_dropped_total', ''), 'spans'],
      ),
      graph(
        'Traces',
        'Requests that were traced, and spans the collector took',
        'short',
        [total('houston_traces_recorded_total', ''), 'traced'],
        [total('houston_trace_spans_exported_total', ''), 'spans exported'],
      ),
    ],
  },
];
