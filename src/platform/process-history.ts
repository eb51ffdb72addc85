import { createProcessMonitor, type ProcessStats } from './process-stats.ts';
import { createStepRing, type Step } from './step-ring.ts';

/** What this process used in one step of time. */
export type ProcessPoint = {
  /** CPU seconds in a second: 1 is one core. */
  cpu: number;
  residentBytes: number;
  heapBytes: number;
  externalBytes: number;
  /** How late the event loop was, milliseconds. */
  lagP50: number;
  lagP99: number;
  lagMax: number;
  /** Share of the time in garbage collection. */
  gc: number;
};

export type ProcessHistory = {
  range(from: number, to: number): Step<ProcessPoint>[];
  /** The step before the present one. */
  latest(): ProcessPoint | undefined;
  stats(): ProcessStats;
  stop(): void;
};

const processStepSeconds = 5;

/** Looks at this process every few seconds and remembers a day of it, in about half a megabyte. */
export function createProcessHistory(now: () => number): ProcessHistory {
  const monitor = createProcessMonitor();
  const lag = monitor.lagWatch();
  const ring = createStepRing<ProcessPoint>({
    fineSeconds: processStepSeconds,
    fineFor: 3600,
    coarseSeconds: 60,
    coarseFor: 86_400,
    join: joinPoints,
  });
  let before = monitor.read();
  let beforeGc = gcSeconds(before);
  let at = performance.now();
  const look = () => {
    const stats = monitor.read();
    const seconds = (performance.now() - at) / 1000;
    const gc = gcSeconds(stats);
    const used = stats.cpuUserSeconds + stats.cpuSystemSeconds;
    const { p50, p99, max } = lag.take();
    ring.push(now(), {
      cpu: (used - before.cpuUserSeconds - before.cpuSystemSeconds) / seconds,
      residentBytes: stats.residentBytes,
      heapBytes: stats.heapUsedBytes,
      externalBytes: stats.externalBytes,
      lagP50: p50,
      lagP99: p99,
      lagMax: max,
      gc: (gc - beforeGc) / seconds,
    });
    before = stats;
    beforeGc = gc;
    at = performance.now();
  };
  const timer = setInterval(look, processStepSeconds * 1000).unref();
  return {
    range: ring.range,
    latest: () => ring.latest()?.point,
    stats: monitor.read,
    stop() {
      clearInterval(timer);
      monitor.stop();
    },
  };
}

const gcSeconds = ({ gc }: ProcessStats) => Object.values(gc).reduce((sum, { seconds }) => sum + seconds, 0);

/** Several points as one: usual values are averaged, the worst stays the worst. */
export function joinPoints(points: readonly ProcessPoint[]): ProcessPoint {
  const mean = (of: (point: ProcessPoint) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const worst = (of: (point: ProcessPoint) => number) => Math.max(...points.map(of));
  return {
    cpu: mean((point) => point.cpu),
    residentBytes: worst((point) => point.residentBytes),
    heapBytes: mean((point) => point.heapBytes),
    externalBytes: mean((point) => point.externalBytes),
    lagP50: mean((point) => point.lagP50),
    lagP99: worst((point) => point.lagP99),
    lagMax: worst((point) => point.lagMax),
    gc: mean((point) => point.gc),
  };
}
