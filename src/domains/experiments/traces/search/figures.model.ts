import { experimentsError } from '../../experiments.contract.ts';

export type View = 'TRACES' | 'SPANS' | 'ASSESSMENTS';
export const views: readonly View[] = ['TRACES', 'SPANS', 'ASSESSMENTS'];
export type AggregationType = 'COUNT' | 'SUM' | 'AVG' | 'PERCENTILE' | 'MIN' | 'MAX';
export const aggregationTypes: readonly AggregationType[] = [
  'COUNT',
  'SUM',
  'AVG',
  'PERCENTILE',
  'MIN',
  'MAX',
];
/** `percentile` from 0 to 100, for PERCENTILE alone. */
export type Aggregation = { type: AggregationType; percentile?: number | undefined };

type Spec = { aggregations: readonly AggregationType[]; dimensions: readonly string[] };
const spread: readonly AggregationType[] = ['AVG', 'MIN', 'MAX', 'PERCENTILE'];
const sums: readonly AggregationType[] = ['SUM', ...spread];
const counts: readonly AggregationType[] = ['COUNT'];
const models = ['span_model_name', 'span_model_provider'];
const tokens: Spec = { aggregations: sums, dimensions: ['trace_name'] };
const cost: Spec = { aggregations: sums, dimensions: models };

/** What may be asked of each view, and by what it may be split. */
const specs: Readonly<Record<View, Readonly<Record<string, Spec>>>> = {
  TRACES: {
    trace_count: { aggregations: counts, dimensions: ['trace_name', 'trace_status'] },
    session_count: { aggregations: counts, dimensions: [] },
    latency: { aggregations: spread, dimensions: ['trace_name'] },
    input_tokens: tokens,
    output_tokens: tokens,
    total_tokens: tokens,
    cache_read_input_tokens: tokens,
    cache_creation_input_tokens: tokens,
  },
  SPANS: {
    span_count: {
      aggregations: counts,
      dimensions: ['span_name', 'span_type', 'span_status', ...models],
    },
    latency: { aggregations: spread, dimensions: ['span_name', 'span_status'] },
    input_cost: cost,
    output_cost: cost,
    total_cost: cost,
  },
  ASSESSMENTS: {
    assessment_count: { aggregations: counts, dimensions: ['assessment_name', 'assessment_value'] },
    assessment_value: { aggregations: spread, dimensions: ['assessment_name'] },
  },
};

export type FiguresRequest = {
  experimentIds: readonly number[];
  view: View;
  metric: string;
  aggregations: readonly Aggregation[];
  dimensions: readonly string[];
  /** Each `trace.status = 'OK'`, `trace.tag.KEY = '…'`, `span.name = '…'`, `assessment.name = '…'`. */
  filters: readonly string[];
  seconds?: number | undefined;
  from?: number | undefined;
  to?: number | undefined;
  maxResults: number;
};

const bad = (why: string) => experimentsError('experiments.input.invalid', why);

/** @throws experiments.input.invalid with what may be asked instead */
export function checkFigures(request: FiguresRequest): void {
  const { view, metric, aggregations, dimensions, seconds, from, to, maxResults } = request;
  const known = specs[view];
  if (!Object.hasOwn(known, metric)) {
    throw bad(`metric_name must be one of ${Object.keys(known).join(', ')}, got '${metric}'.`);
  }
  const spec = known[metric]!;
  if (aggregations.length === 0) throw bad("Missing value for required parameter 'aggregations'.");
  for (const { type, percentile } of aggregations) {
    if (!spec.aggregations.includes(type)) {
      throw bad(`Found invalid aggregation_type(s): ${type}. Supported: ${spec.aggregations.join(', ')}.`);
    }
    const isPercentile = percentile !== undefined && percentile >= 0 && percentile <= 100;
    if (type === 'PERCENTILE' && !isPercentile) throw bad('percentile_value is a number from 0 to 100.');
    if (type !== 'PERCENTILE' && percentile !== undefined) {
      throw bad('percentile_value goes with PERCENTILE alone.');
    }
  }
  const other = dimensions.find((one) => !spec.dimensions.includes(one));
  if (other !== undefined) {
    throw bad(`Found invalid dimension(s): '${other}'. Supported: ${spec.dimensions.join(', ') || 'none'}.`);
  }
  if (seconds !== undefined && (seconds < 1 || from === undefined || to === undefined)) {
    throw bad('time_interval_seconds is positive, and start_time_ms and end_time_ms go with it.');
  }
  if (maxResults < 1 || maxResults > 100_000) throw bad('max_results is a whole number from 1 to 100000.');
}

/** How clients name the value of an aggregation: `COUNT`, `AVG`, `P95.0`. */
export const labelOf = ({ type, percentile }: Aggregation): string =>
  percentile === undefined ? type : `P${Number.isInteger(percentile) ? percentile.toFixed(1) : percentile}`;

export type FigureFilter = { entity: string; key: string | null; value: string };

/** Reads one filter of figures. @throws experiments.search.invalid */
export function readFigureFilter(text: string, view: View): FigureFilter {
  const found =
    /^\s*(trace|span|assessment)\.(\w+)(?:\.(?:`([^`]+)`|"([^"]+)"|([^\s=`"]+)))?\s*=\s*(?:'((?:[^']|'')*)'|"([^"]*)")\s*$/s.exec(
      text,
    );
  const entity = found && `${found[1]}.${found[2]}`;
  const key = found?.[3] ?? found?.[4] ?? found?.[5] ?? null;
  const keyed = ['trace.tag', 'trace.metadata'];
  const plain = ['trace.status'];
  if (view === 'SPANS') plain.push('span.name', 'span.status', 'span.type');
  if (view === 'ASSESSMENTS') plain.push('assessment.name', 'assessment.type');
  if (!entity || !(key === null ? plain : keyed).includes(entity)) {
    throw experimentsError(
      'experiments.search.invalid',
      `A filter of ${view} is one of ${plain.join(', ')}, ${keyed.map((one) => `${one}.KEY`).join(', ')}, then = and a quoted text.`,
    );
  }
  return { entity, key, value: found[6]?.replaceAll("''", "'") ?? found[7] ?? '' };
}
