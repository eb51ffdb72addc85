import { stringify } from 'yaml';

type Alert = {
  alert: string;
  expr: string;
  for: string;
  labels: { severity: 'page' | 'ticket' };
  annotations: { summary: string; description: string };
};

/** Share of requests that may fail: an objective of 99.9 %. */
const budget = 0.001;
const failedShare = (window: string) =>
  `sum by (deployment) (rate(houston_inference_requests_total{code="error"}[${window}])) / sum by (deployment) (rate(houston_inference_requests_total[${window}]))`;

/**
 * The error budget burns: both windows must agree, so that neither a short burst nor a burst long ago calls anybody.
 * Factors and windows are those of the Site Reliability Workbook, chapter 5.
 */
const burns = (factor: number, long: string, short: string) =>
  [long, short]
    .map((window) => `(${failedShare(window)}) > ${Number((factor * budget).toPrecision(6))}`)
    .join(' and ');

const alert = (
  name: string,
  severity: 'page' | 'ticket',
  wait: string,
  expr: string,
  summary: string,
  description: string,
): Alert => ({
  alert: `Houston${name}`,
  expr,
  for: wait,
  labels: { severity },
  annotations: { summary, description },
});

export const alerts: readonly Alert[] = [
  alert(
    'ErrorBudgetBurnsFast',
    'page',
    '2m',
    burns(14.4, '1h', '5m'),
    '{{ $labels.deployment }} fails so often that the budget of a month is gone in two days',
    'The tab Traffic of its page shows the errors with examples.',
  ),
  alert(
    'ErrorBudgetBurnsSlowly',
    'ticket',
    '15m',
    burns(6, '6h', '30m'),
    '{{ $labels.deployment }} fails so often that the budget of a month is gone in five days',
    'The tab Traffic of its page shows the errors with examples.',
  ),
  alert(
    'LatencyHigh',
    'ticket',
    '10m',
    'histogram_quantile(0.99, sum by (le, deployment) (rate(houston_inference_request_duration_seconds_bucket[5m]))) > 0.25',
    'One in a hundred requests of {{ $labels.deployment }} takes more than 250 ms',
    'Set the bound to what its callers need. Traces of single requests say where the time goes.',
  ),
  alert(
    'Refuses',
    'ticket',
    '5m',
    'sum by (deployment) (rate(houston_inference_rejected_total[5m])) > 0.05 * sum by (deployment) (rate(houston_inference_requests_total[5m])) and sum by (deployment) (rate(houston_inference_rejected_total[5m])) > 0.1',
    '{{ $labels.deployment }} refuses requests: more come than its limits allow',
    'See Load on its page; raise limits or workers, or send less.',
  ),
  alert(
    'RecordsDropped',
    'page',
    '0m',
    'increase(houston_inference_records_dropped_total[5m]) > 0',
    'The disk refused prediction records',
    'Answers went out without a record. Is the disk of the data folder full?',
  ),
  alert(
    'EventLoopLags',
    'ticket',
    '10m',
    'nodejs_eventloop_lag_p99_seconds > 0.1',
    'The event loop of {{ $labels.instance }} is late by more than 100 ms',
    'Something holds it up: a model that should run in a worker, or a machine with too few cores.',
  ),
  alert(
    'ModelMemoryFull',
    'ticket',
    '15m',
    'increase(houston_model_evictions_total[15m]) > 100',
    'Models on {{ $labels.instance }} push each other out of memory',
    'Raise --model-memory, or spread the deployments.',
  ),
  alert(
    'TracesLost',
    'ticket',
    '15m',
    'increase(houston_trace_spans_dropped_total[15m]) > 0',
    'The collector does not take the traces of {{ $labels.instance }}',
    'Requests are not affected. The log names the reason.',
  ),
];

/** The rules as a file of Prometheus. */
export function alertRules(): string {
  const head = [
    '# Alert rules for Prometheus: rule_files: [houston-alerts.yaml]',
    '# Bounds are starting points: an objective of 99.9 % for requests without an error, and 250 ms for p99.',
    '',
  ].join('\n');
  return head + stringify({ groups: [{ name: 'houston-serving', rules: alerts }] }, { lineWidth: 0 });
}
