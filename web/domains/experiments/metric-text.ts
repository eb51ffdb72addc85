import type { MetricValue } from '../../api/types.ts';
import { MISSING, plain } from '../../ui/format.ts';

/** A metric for people; words for what JSON has no number for. */
export function metricText(value: MetricValue | undefined): string {
  if (value === undefined) return MISSING;
  return typeof value === 'number' ? plain(value, 4) : value;
}
