import {
  addLatency,
  createHistogram,
  type LatencyHistogram,
  latencyQuantile,
  mergeHistogram,
} from './latency-histogram.ts';

/** Counters of one revision since the process started, and a ring of the last hours by second. */
export type RevisionMeter = {
  readonly labels: { deployment: string; model: string; version: number; revision: string };
  requests: number;
  rows: number;
  errors: number;
  /** Runs of the model; less than requests when it also answers aside, more never. */
  executions: number;
  computeMs: number;
  lastInference: number;
  latency: LatencyHistogram;
  compute: LatencyHistogram;
  /** Rows of all runs, also of those aside. */
  ranRows: number;
  joined: JoinedRuns;
  cache: CacheCounts;
  ring: Map<number, Second>;
};

/** Runs that were joined into one with others that came at the same moment. */
export type JoinedRuns = { runs: number; into: number };

/** Requests that the cache of the deployment was asked about; those not asked about it are in neither. */
export type CacheCounts = {
  hits: number;
  misses: number;
  /** Rows of the hits. */
  rows: number;
  /** Time of the looks, in milliseconds. */
  hitMs: number;
  missMs: number;
  /** What the runs behind the hits had taken, less the looks. */
  savedMs: number;
};

type Second = { requests: number; rows: number; errors: number; latency: Map<number, number> };

export type TrafficPoint = {
  /** Start, in milliseconds. */
  time: number;
  requests: number;
  rows: number;
  errors: number;
  p50: number | null;
  p90: number | null;
  p99: number | null;
};

/** Seconds kept for the live page. */
const ringSeconds = 3 * 3600;

/** Stands for the revision of a meter that many former revisions were joined into. */
export const earlier = 'earlier';

/** A meter that has seen nothing. */
export function createMeter(labels: RevisionMeter['labels']): RevisionMeter {
  return {
    labels,
    requests: 0,
    rows: 0,
    errors: 0,
    executions: 0,
    computeMs: 0,
    lastInference: 0,
    latency: createHistogram(),
    compute: createHistogram(),
    ranRows: 0,
    joined: { runs: 0, into: 0 },
    cache: { hits: 0, misses: 0, rows: 0, hitMs: 0, missMs: 0, savedMs: 0 },
    ring: new Map(),
  };
}

/** Counts one answered or failed request. */
export function meterRequest(
  meter: RevisionMeter,
  now: number,
  request: { rows: number; latencyMs: number; failed: boolean },
): void {
  meter.requests++;
  meter.rows += request.rows;
  meter.lastInference = now;
  addLatency(meter.latency, request.latencyMs);
  const second = Math.floor(now / 1000);
  let slot = meter.ring.get(second);
  if (!slot) {
    slot = { requests: 0, rows: 0, errors: 0, latency: new Map() };
    meter.ring.set(second, slot);
    trimRing(meter, now);
  }
  slot.requests++;
  slot.rows += request.rows;
  if (request.failed) {
    meter.errors++;
    slot.errors++;
  }
  // Quarter octaves are enough for a picture and keep a second small.
  const bucket = Math.round(Math.log2(Math.max(request.latencyMs, 0.001)) * 8);
  slot.latency.set(bucket, (slot.latency.get(bucket) ?? 0) + 1);
}

/** Forgets seconds that are older than the live page shows. */
export function trimRing({ ring }: RevisionMeter, now: number): void {
  const last = Math.floor(now / 1000) - ringSeconds;
  for (const oldest of ring.keys()) {
    if (oldest > last) break;
    ring.delete(oldest);
  }
}

/** Adds the counts of another meter to the first, but for its seconds. */
export function mergeMeter(into: RevisionMeter, from: RevisionMeter): void {
  for (const key of ['requests', 'rows', 'errors', 'executions', 'computeMs', 'ranRows'] as const)
    into[key] += from[key];
  into.lastInference = Math.max(into.lastInference, from.lastInference);
  mergeHistogram(into.latency, from.latency);
  mergeHistogram(into.compute, from.compute);
  into.joined.runs += from.joined.runs;
  into.joined.into += from.joined.into;
  for (const key of Object.keys(into.cache) as (keyof CacheCounts)[]) into.cache[key] += from.cache[key];
}

/** Counts one run of the model. */
export function meterRun(meter: RevisionMeter, rows: number, ms: number): void {
  meter.executions++;
  meter.ranRows += rows;
  meter.computeMs += ms;
  addLatency(meter.compute, ms);
}

/** Counts a look into the cache: a hit where it gave the answer of a run that had taken `computeMs`. */
export function meterCache(
  { cache }: RevisionMeter,
  rows: number,
  lookMs: number,
  answer: { computeMs: number } | null,
): void {
  if (answer === null) {
    cache.misses++;
    cache.missMs += lookMs;
    return;
  }
  cache.hits++;
  cache.rows += rows;
  cache.hitMs += lookMs;
  cache.savedMs += Math.max(0, answer.computeMs - lookMs);
}

/** Runs of the runtime: those that were joined count as one. */
export function runtimeRuns({ executions, joined }: RevisionMeter): number {
  return executions - (joined.runs - joined.into);
}

/** Rows that the model has run for callers: what the cache gave was not run. */
export function inferredRows({ rows, cache }: RevisionMeter): number {
  return rows - cache.rows;
}

/** Traffic from `from` to `to` (ms) in steps of whole seconds; steps without traffic are zero. */
export function trafficOf(
  meter: RevisionMeter,
  from: number,
  to: number,
  stepSeconds: number,
): TrafficPoint[] {
  const first = Math.floor(from / 1000 / stepSeconds) * stepSeconds;
  const last = Math.ceil(to / 1000);
  const points: TrafficPoint[] = [];
  for (let start = first; start < last; start += stepSeconds) {
    const sum = { requests: 0, rows: 0, errors: 0 };
    const latency = new Map<number, number>();
    for (let second = start; second < start + stepSeconds; second++) {
      const slot = meter.ring.get(second);
      if (!slot) continue;
      sum.requests += slot.requests;
      sum.rows += slot.rows;
      sum.errors += slot.errors;
      for (const [bucket, count] of slot.latency) latency.set(bucket, (latency.get(bucket) ?? 0) + count);
    }
    const [p50, p90, p99] = quantiles(latency, sum.requests, [0.5, 0.9, 0.99]);
    points.push({ time: start * 1000, ...sum, p50, p90, p99 });
  }
  return points;
}

function quantiles(latency: Map<number, number>, count: number, shares: number[]): (number | null)[] {
  if (count === 0) return shares.map(() => null);
  const sorted = [...latency].sort((a, b) => a[0] - b[0]);
  return shares.map((share) => {
    let seen = 0;
    for (const [bucket, n] of sorted) {
      seen += n;
      if (seen >= share * count) return 2 ** (bucket / 8);
    }
    return null;
  });
}

/** Sums of several meters over the last `seconds`, for a deployment's headline. */
export function headline(meters: readonly RevisionMeter[], now: number, seconds = 10) {
  const latency = createHistogram();
  let requests = 0;
  let errors = 0;
  let recent = 0;
  const second = Math.floor(now / 1000);
  for (const meter of meters) {
    requests += meter.requests;
    errors += meter.errors;
    mergeHistogram(latency, meter.latency);
    for (let back = 1; back <= seconds; back++) recent += meter.ring.get(second - back)?.requests ?? 0;
  }
  return {
    requestsPerSecond: recent / seconds,
    requests,
    errors,
    p50Ms: latencyQuantile(latency, 0.5),
    p99Ms: latencyQuantile(latency, 0.99),
  };
}
