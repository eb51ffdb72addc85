import {
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from 'node:perf_hooks';

export type GcKind = 'minor' | 'major' | 'incremental' | 'weakcb';

/** What this process has used since it began, and what it holds now. */
export type ProcessStats = {
  cpuUserSeconds: number;
  cpuSystemSeconds: number;
  residentBytes: number;
  heapUsedBytes: number;
  heapTotalBytes: number;
  /** Typed arrays and tensors outside of the heap. */
  externalBytes: number;
  startedAt: number;
  /** Time for which the event loop was at work, seconds. */
  loopBusySeconds: number;
  gc: Readonly<Record<GcKind, { count: number; seconds: number }>>;
};

/** How late the event loop was since the last look, milliseconds. */
export type LoopLag = { p50: number; p99: number; max: number };

export type ProcessMonitor = {
  read(): ProcessStats;
  /** A look of one's own: what one reader takes, others do not miss. */
  lagWatch(): { take(): LoopLag; stop(): void };
  stop(): void;
};

/** Milliseconds between two looks at the clock; a lag below this is none. */
const resolution = 20;
const kinds: Readonly<Record<number, GcKind>> = { 1: 'minor', 4: 'major', 8: 'incremental', 16: 'weakcb' };

/** Watches this process: CPU, memory, garbage collection and how late its event loop is. */
export function createProcessMonitor(): ProcessMonitor {
  const gc: Record<GcKind, { count: number; seconds: number }> = {
    minor: { count: 0, seconds: 0 },
    major: { count: 0, seconds: 0 },
    incremental: { count: 0, seconds: 0 },
    weakcb: { count: 0, seconds: 0 },
  };
  const observer = new PerformanceObserver((list) => {
    for (const { detail, duration } of list.getEntries() as (PerformanceEntry & { detail?: unknown })[]) {
      const kind = kinds[(detail as { kind?: number } | undefined)?.kind ?? 0];
      if (kind === undefined) continue;
      gc[kind].count++;
      gc[kind].seconds += duration / 1000;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  const startedAt = Math.round(performance.timeOrigin);
  const watches = new Set<{ stop(): void }>();

  return {
    read() {
      const { user, system } = process.cpuUsage();
      const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
      return {
        cpuUserSeconds: user / 1e6,
        cpuSystemSeconds: system / 1e6,
        residentBytes: rss,
        heapUsedBytes: heapUsed,
        heapTotalBytes: heapTotal,
        externalBytes: external,
        startedAt,
        loopBusySeconds: performance.eventLoopUtilization().active / 1000,
        gc,
      };
    },
    lagWatch() {
      const delays = monitorEventLoopDelay({ resolution });
      delays.enable();
      const watch = {
        take(): LoopLag {
          const lag = (nanoseconds: number) =>
            Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e6 - resolution) : 0;
          const isEmpty = delays.count === 0;
          const taken = isEmpty
            ? { p50: 0, p99: 0, max: 0 }
            : { p50: lag(delays.percentile(50)), p99: lag(delays.percentile(99)), max: lag(delays.max) };
          delays.reset();
          return taken;
        },
        stop: () => void delays.disable(),
      };
      watches.add(watch);
      return watch;
    },
    stop() {
      observer.disconnect();
      for (const watch of watches) watch.stop();
    },
  };
}
