import { createStepRing } from '../../../platform/step-ring.ts';
import { type LatencyHistogram, octavesOf } from '../meter/latency-histogram.ts';
import { earlier, type RevisionMeter } from '../meter/meter.ts';
import type { MeterBook } from '../meter/meter-book.ts';
import type { Route } from '../routing/route.ts';

/** What happened to the requests of one deployment in one step of time. */
export type ServingPoint = {
  requests: number;
  failed: number;
  /** Refused at the gate: not run, not among the requests. */
  refused: number;
  /** Those that had to wait for their turn, and for how long in all. */
  waited: number;
  waitMs: number;
  /** The most that waited at once. */
  waiting: number;
  /** Requests by latency: bin i holds 2^i to 2^(i+1) microseconds. */
  bins: Uint32Array;
};

export type ServingHistory = {
  /** Looks at the counters and remembers what has changed since the last look. */
  look(now: number): void;
  /** The deployment's points in steps of `step` seconds from `from` to `to`; steps without requests are left out. */
  of(deployment: string, from: number, to: number, step: number): { time: number; point: ServingPoint }[];
};

export const historyStepSeconds = 5;
/** Points of all deployments in memory, about 350 bytes each. */
const mostPoints = 100_000;

type Seen = { requests: number; errors: number; bins: Uint32Array };
type SeenGate = { refused: number; waited: number; waitMs: number };

/**
 * A day of every deployment's requests, in steps of five seconds for the last hour and of a minute before. It costs the
 * requests nothing: it looks at the counters that are there. Deployments without requests cost nothing either.
 */
export function createServingHistory(meters: MeterBook, routes: ReadonlyMap<string, Route>): ServingHistory {
  const ring = createStepRing<Map<string, ServingPoint>>({
    fineSeconds: historyStepSeconds,
    fineFor: 3600,
    coarseSeconds: 60,
    coarseFor: 86_400,
    join: joinDeployments,
    weight: (points) => points.size,
    most: mostPoints,
  });
  const seen = new WeakMap<RevisionMeter, Seen>();
  const seenGates = new WeakMap<Route, SeenGate>();

  return {
    look(now) {
      const step = new Map<string, ServingPoint>();
      const pointOf = (deployment: string) => {
        const point = step.get(deployment) ?? emptyPoint();
        step.set(deployment, point);
        return point;
      };
      for (const meter of meters.all()) {
        // What was joined into it has been counted.
        if (meter.labels.revision === earlier) continue;
        const last = seen.get(meter);
        if ((last?.requests ?? 0) === meter.requests) continue;
        addMeter(pointOf(meter.labels.deployment), meter, last);
        seen.set(meter, snapshot(meter));
      }
      for (const route of routes.values()) {
        const change = changeOfGate(route, seenGates);
        if (change) Object.assign(pointOf(route.deployment), change);
      }
      ring.push(now, step);
    },
    of(deployment, from, to, step) {
      const width = step * 1000;
      const groups = new Map<number, ServingPoint[]>();
      for (const { time, point } of ring.range(from, to)) {
        const found = point.get(deployment);
        if (!found) continue;
        const at = Math.floor(time / width) * width;
        const group = groups.get(at);
        if (group) group.push(found);
        else groups.set(at, [found]);
      }
      return [...groups].map(([time, points]) => ({ time, point: joinPoints(points) }));
    },
  };
}

const emptyPoint = (): ServingPoint => ({
  requests: 0,
  failed: 0,
  refused: 0,
  waited: 0,
  waitMs: 0,
  waiting: 0,
  bins: octavesOf(null),
});

function snapshot({ requests, errors, latency }: RevisionMeter): Seen {
  return { requests, errors, bins: octavesOf(latency) };
}

function addMeter(point: ServingPoint, meter: RevisionMeter, last: Seen | undefined): void {
  point.requests += meter.requests - (last?.requests ?? 0);
  point.failed += meter.errors - (last?.errors ?? 0);
  const bins = octavesOf(meter.latency as LatencyHistogram);
  for (let i = 0; i < bins.length; i++) point.bins[i] += bins[i] - (last?.bins[i] ?? 0);
}

function changeOfGate(route: Route, seen: WeakMap<Route, SeenGate>) {
  const { gate } = route;
  let refused = 0;
  for (const reason in gate.rejected) refused += gate.rejected[reason as keyof typeof gate.rejected];
  const { count: waited, ms: waitMs } = gate.waited;
  const waiting = gate.takePeak();
  const last = seen.get(route) ?? { refused: 0, waited: 0, waitMs: 0 };
  if (refused === last.refused && waited === last.waited && waiting === 0) return undefined;
  seen.set(route, { refused, waited, waitMs });
  return {
    refused: refused - last.refused,
    waited: waited - last.waited,
    waitMs: waitMs - last.waitMs,
    waiting,
  };
}

function joinPoints(points: readonly ServingPoint[]): ServingPoint {
  if (points.length === 1) return points[0];
  const sum = emptyPoint();
  for (const point of points) {
    sum.requests += point.requests;
    sum.failed += point.failed;
    sum.refused += point.refused;
    sum.waited += point.waited;
    sum.waitMs += point.waitMs;
    sum.waiting = Math.max(sum.waiting, point.waiting);
    for (let i = 0; i < sum.bins.length; i++) sum.bins[i] += point.bins[i];
  }
  return sum;
}

function joinDeployments(steps: readonly Map<string, ServingPoint>[]): Map<string, ServingPoint> {
  const groups = new Map<string, ServingPoint[]>();
  for (const step of steps) {
    for (const [name, point] of step) {
      const group = groups.get(name);
      if (group) group.push(point);
      else groups.set(name, [point]);
    }
  }
  return new Map([...groups].map(([name, points]) => [name, joinPoints(points)]));
}
