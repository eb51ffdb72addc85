import { type ChildProcess, fork } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment, cpuMsOf, residentBytesOf } from '../../children/child-process.ts';

/** What a short run of a bare model found out. */
export type Probe = {
  opened: boolean;
  /** Why it does not open or does not take made-up rows; null when it does both. */
  problem: string | null;
  /** It took its process with it, and how. */
  failure: 'crash' | 'hang' | 'memory' | null;
  /** Milliseconds of a one-row run; null when the model could not be fed with made-up rows. */
  p99: number | null;
  repeatable: boolean | null;
};

export type ProbeOrder = {
  /** File of the model. */
  path: string;
  /** One-row runs that are timed. */
  runs: number;
};

/**
 * Opens and runs models in child processes before anybody else does. A process takes one model after another, which
 * costs a small one a few milliseconds; after a crash, a hang or much memory there is a new one.
 */
export type Prober = {
  /** Never throws: a crash or a time-out is a finding. */
  probe(order: ProbeOrder): Promise<Probe>;
  close(): void;
};

const program = join(import.meta.dirname, 'probe-main.ts');
/** Processes at once, so that one model that hangs keeps no other waiting. */
const mostChildren = 2;
const idleMs = 20_000;
const lookMs = 100;
const startMs = 120_000;
/** A model gets so many times its limit by the clock: beside others, it computes for a part of the time only. */
const waitFactor = process.platform === 'linux' ? 6 : 1;
/** A process that has grown so large, or has seen so many models, is replaced. */
const grownBytes = 400 * 1024 * 1024;
const mostModels = 200;
const mebibyte = 1024 * 1024;

/** What a model of so many bytes gets of computing time and memory: enough for slow disks and slow machines. */
export function probeLimits(size: number): { ms: number; bytes: number } {
  return { ms: 20_000 + (size / mebibyte) * 50, bytes: 768 * mebibyte + 5 * size };
}

type Child = {
  process: ChildProcess;
  isReady: Promise<boolean>;
  models: number;
  idle: NodeJS.Timeout | undefined;
};

/** A prober without a process; they start when they are needed and end when they are not. */
export function createProber(limitsOf = probeLimits): Prober {
  const free: Child[] = [];
  const all = new Set<Child>();
  const waiting: (() => void)[] = [];
  let places = mostChildren;

  const dismiss = (child: Child) => {
    clearTimeout(child.idle);
    all.delete(child);
    child.process.kill('SIGKILL');
  };
  const start = (): Child => {
    const process_ = fork(program, [], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: childEnvironment(),
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    process_.unref();
    process_.channel?.unref();
    const isReady = new Promise<boolean>((resolve) => {
      const late = setTimeout(() => resolve(false), startMs).unref();
      const done = (ok: boolean) => {
        clearTimeout(late);
        resolve(ok);
      };
      process_.once('message', () => done(true));
      process_.once('exit', () => done(false));
      process_.on('error', () => done(false));
    });
    const child: Child = { process: process_, isReady, models: 0, idle: undefined };
    process_.once('exit', () => {
      all.delete(child);
      const at = free.indexOf(child);
      if (at >= 0) free.splice(at, 1);
    });
    all.add(child);
    return child;
  };
  const giveBack = async (child: Child) => {
    const bytes = await residentBytesOf(child.process.pid ?? 0);
    if (!all.has(child)) return;
    if (++child.models >= mostModels || (bytes ?? 0) > grownBytes) return dismiss(child);
    child.idle = setTimeout(() => dismiss(child), idleMs).unref();
    free.push(child);
  };

  return {
    async probe(order) {
      if (places > 0) places--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      const child = free.pop() ?? start();
      clearTimeout(child.idle);
      try {
        const found = (await child.isReady)
          ? await ask(child.process, order, limitsOf(statSync(order.path).size))
          : failed('crash', 'no process could be started to try it in');
        if (found.failure !== null) dismiss(child);
        return found;
      } finally {
        await giveBack(child);
        const next = waiting.shift();
        if (next) next();
        else places++;
      }
    },
    close() {
      for (const child of [...all]) dismiss(child);
    },
  };
}

const failed = (failure: Probe['failure'], problem: string): Probe => ({
  opened: false,
  problem,
  failure,
  p99: null,
  repeatable: null,
});

function ask(child: ChildProcess, order: ProbeOrder, limits: ReturnType<typeof probeLimits>): Promise<Probe> {
  return new Promise((resolve) => {
    const end = (probe: Probe) => {
      clearTimeout(late);
      clearInterval(look);
      child.removeListener('exit', onExit);
      child.removeListener('message', onMessage);
      resolve(probe);
    };
    const onExit = (code: number | null, signal: string | null) =>
      end(failed('crash', `the process that opened it died (${signal ?? `code ${code}`})`));
    const onMessage = (found: Omit<Probe, 'failure'>) => end({ ...found, failure: null });
    const onHang = () =>
      end(failed('hang', `it did not finish within ${Math.round(limits.ms / 1000)} seconds`));
    const late = setTimeout(onHang, limits.ms * waitFactor);
    const pid = child.pid ?? 0;
    const before = cpuMsOf(pid);
    const look = setInterval(async () => {
      const [bytes, start, now] = await Promise.all([residentBytesOf(pid), before, cpuMsOf(pid)]);
      if (start !== null && now !== null && now - start > limits.ms) return onHang();
      if (bytes === null || bytes <= limits.bytes) return;
      end(failed('memory', `it took more than ${Math.round(limits.bytes / mebibyte)} MB of memory`));
    }, lookMs);
    child.once('exit', onExit);
    child.once('message', onMessage);
    child.send(order, (error) => error && onExit(null, error.message));
  });
}
