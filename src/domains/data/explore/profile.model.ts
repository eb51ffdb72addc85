import { fixed } from '../../../platform/numbers.ts';
import type { Family } from '../columns.ts';

/** Bins [edges[i], edges[i+1]), the last one closed; what lies outside is counted apart. */
export type Histogram = { edges: number[]; counts: number[]; below: number; above: number };

export type Quantiles = {
  p01: number;
  p05: number;
  p25: number;
  p50: number;
  p75: number;
  p95: number;
  p99: number;
};

export type NumericProfile = {
  min: number;
  max: number;
  mean: number;
  std: number | null;
  skewness: number | null;
  zeros: number;
  negatives: number;
  infinite: number;
  quantiles: Quantiles;
  histogram: Histogram;
};

/** Times in milliseconds since 1970, UTC. */
export type TemporalProfile = { min: number; max: number; histogram: Histogram };

export type TextProfile = { minLength: number; maxLength: number; meanLength: number; empty: number };

export type ColumnProfile = {
  name: string;
  type: string;
  family: Family;
  count: number;
  missing: number;
  missingPercent: number;
  /** Approximate (HyperLogLog, about 2 %), exact when `top` lists all values. */
  distinct: number;
  numeric: NumericProfile | null;
  temporal: TemporalProfile | null;
  text: TextProfile | null;
  /** Most frequent values, for texts, flags and numbers of few values. */
  top: { value: string | number | boolean; count: number }[];
};

export type AlertKind =
  | 'constant'
  | 'unique'
  | 'high-cardinality'
  | 'imbalance'
  | 'missing'
  | 'zeros'
  | 'skewed'
  | 'infinite'
  | 'correlated';

export type ProfileAlert = { column: string; kind: AlertKind; message: string };

export type Profile = {
  rows: number;
  columns: ColumnProfile[];
  /** Pearson correlations of the numeric columns; null where one of them is constant. */
  correlations: { columns: string[]; values: (number | null)[][] };
  alerts: ProfileAlert[];
};

const percent = (share: number) => `${(100 * share).toFixed(share < 0.01 ? 2 : 1)} %`;

/** What a reader should look at first. Thresholds are those that ydata-profiling made customary. */
export function findAlerts(rows: number, columns: readonly ColumnProfile[]): ProfileAlert[] {
  return columns.flatMap((column) => alertsOf(rows, column));
}

function alertsOf(rows: number, column: ColumnProfile): ProfileAlert[] {
  const alerts: ProfileAlert[] = [];
  const add = (kind: AlertKind, message: string) => void alerts.push({ column: column.name, kind, message });
  const present = rows - column.missing;
  if (rows === 0) return alerts;
  if (column.missing > 0.05 * rows)
    add('missing', `${percent(column.missing / rows)} of the values are missing`);
  if (present === 0) return alerts;
  if (column.distinct === 1) add('constant', 'All values are the same');
  else if (column.family === 'text' && column.distinct >= 0.97 * present)
    add('unique', 'Nearly every value differs');
  else if (column.family === 'text' && column.distinct > 50) {
    add('high-cardinality', `About ${column.distinct} different values`);
  }
  const most = column.top[0]?.count ?? 0;
  if (column.distinct > 1 && most > 0.9 * present) {
    add('imbalance', `One value makes ${percent(most / present)} of all`);
  }
  const { numeric } = column;
  if (!numeric) return alerts;
  if (numeric.infinite > 0) add('infinite', `${numeric.infinite} values are infinite`);
  if (numeric.zeros > 0.5 * present)
    add('zeros', `${percent(numeric.zeros / present)} of the values are zero`);
  if (Math.abs(numeric.skewness ?? 0) > 20) add('skewed', `Skewness ${fixed(numeric.skewness ?? 0, 1)}`);
  return alerts;
}

/** Pairs of columns that say nearly the same. */
export function correlationAlerts({ columns, values }: Profile['correlations']): ProfileAlert[] {
  return columns.flatMap((a, i) =>
    columns.slice(i + 1).flatMap((b, k) => {
      const r = values[i][i + 1 + k];
      if (r === null || Math.abs(r) < 0.9) return [];
      return [{ column: a, kind: 'correlated' as const, message: `Correlates with ${b} by ${fixed(r, 2)}` }];
    }),
  );
}

/**
 * Edges of about `bins` equal bins between two values, on steps of 1, 2, 2.5 or 5 times a power of ten, so
 * that people can read them. Integers get integer steps.
 */
export function niceEdges(low: number, high: number, bins: number, integer: boolean): number[] {
  if (!(high > low)) return integer ? [low, low + 1] : [low - 0.5, low + 0.5];
  const raw = (high - low) / bins;
  const power = 10 ** Math.floor(Math.log10(raw));
  const steps = [1, 2, 2.5, 5, 10].map((factor) => factor * power);
  let step = steps.find((candidate) => candidate >= raw * 0.9) ?? 10 * power;
  if (integer) step = Math.max(1, Math.ceil(step));
  const first = Math.floor(low / step);
  const count = Math.max(1, Math.floor(high / step) - first + 1);
  return Array.from({ length: count + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
