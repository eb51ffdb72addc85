import type { Scope } from '../../../../platform/scope.ts';
import { experimentsError } from '../../experiments.contract.ts';
import type { Aggregation } from './figures.model.ts';
import { queryFigures } from './figures.service.ts';

export type TimeFigure = {
  /** Start of the interval in milliseconds. */
  at: number;
  traces: number;
  errors: number;
  /** Milliseconds. */
  p50: number | null;
  p95: number | null;
  tokens: number | null;
};

const mostIntervals = 1000;

/** Traces, errors, latency and tokens of an experiment by interval; intervals without traces are left out. @throws experiments.input.invalid */
export async function figuresByTime(
  scope: Scope,
  experimentId: number,
  range: { from: number; to: number; seconds: number },
): Promise<TimeFigure[]> {
  if ((range.to - range.from) / (range.seconds * 1000) > mostIntervals) {
    throw experimentsError(
      'experiments.input.invalid',
      `At most ${mostIntervals} intervals fit between the two times.`,
    );
  }
  const ask = (metric: string, aggregations: Aggregation[], dimensions: string[] = []) =>
    queryFigures(scope, {
      experimentIds: [experimentId],
      view: 'TRACES',
      metric,
      aggregations,
      dimensions,
      filters: [],
      ...range,
      maxResults: 10 * mostIntervals,
    });
  const items = new Map<number, TimeFigure>();
  const at = (time: number | null) => {
    const item = items.get(time!) ?? { at: time!, traces: 0, errors: 0, p50: null, p95: null, tokens: null };
    items.set(time!, item);
    return item;
  };
  for (const { at: time, dimensions, values } of await ask(
    'trace_count',
    [{ type: 'COUNT' }],
    ['trace_status'],
  )) {
    at(time).traces += values.COUNT!;
    if (dimensions.trace_status === 'ERROR') at(time).errors = values.COUNT!;
  }
  const percentiles: Aggregation[] = [50, 95].map((percentile) => ({ type: 'PERCENTILE', percentile }));
  for (const { at: time, values } of await ask('latency', percentiles)) {
    Object.assign(at(time), { p50: values['P50.0'], p95: values['P95.0'] });
  }
  for (const { at: time, values } of await ask('total_tokens', [{ type: 'SUM' }]))
    at(time).tokens = values.SUM!;
  return [...items.values()].sort((a, b) => a.at - b.at);
}
