import { countsBelow, type LatencyHistogram } from '../../domains/serving/index.ts';
import { type Labels, metric, type Sample } from './exposition.ts';

/**
 * Bounds in seconds: those of OpenTelemetry's HTTP durations, and five below, for small models answer far below its
 * first one of 5 ms.
 */
const bounds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5,
  7.5, 10,
] as const;
const boundsMs = bounds.map((bound) => bound * 1000);
/** Histograms written in one go; requests get their turn in between. */
const atOnce = 100;

/** Durations as a histogram, one for each set of labels; those that have seen nothing are left out. */
export async function histogram(
  name: string,
  help: string,
  histograms: readonly (readonly [LatencyHistogram, Labels])[],
): Promise<string> {
  const samples: Sample[] = [];
  let written = 0;
  for (const [times, labels] of histograms) {
    if (times.count === 0) continue;
    const below = countsBelow(times, boundsMs);
    bounds.forEach((bound, i) => {
      samples.push({ suffix: '_bucket', labels: { ...labels, le: String(bound) }, value: below[i] });
    });
    samples.push(
      { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: times.count },
      { suffix: '_sum', labels, value: times.sumMs / 1000 },
      { suffix: '_count', labels, value: times.count },
    );
    if (++written % atOnce === 0) await new Promise(setImmediate);
  }
  return metric(name, 'histogram', help, samples);
}
