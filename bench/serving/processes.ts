/**
 * What the serving benchmarks share: children pinned to cores, their CPU time with that of all their descendants, and
 * measuring a server by a load generator on the other core.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { LoadOrder, LoadResult } from './load.ts';

export const canPin = spawnSync('taskset', ['-V']).status === 0;

/** A command that runs on one core, where the machine can pin. */
export function pinned(core: number, command: readonly string[]): string[] {
  return canPin ? ['taskset', '-c', String(core), ...command] : [...command];
}

/** Starts a script of this folder on a core; it talks by messages. */
export function startScript(
  core: number,
  script: string,
  args: readonly string[] = [],
  more: { nodeArgs?: readonly string[]; env?: NodeJS.ProcessEnv } = {},
): ChildProcess {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', ...(more.nodeArgs ?? [])];
  const [file, ...rest] = pinned(core, [...node, path, ...args]);
  return spawn(file, rest, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
    env: { ...process.env, ...more.env },
  });
}

/** The next message of a child. */
export function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const ended = (code: number | null) =>
      reject(new Error(`A process of the benchmark ended with ${code}.`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message as T);
    });
  });
}

/** Sends a message to a child and waits for what it says. */
export function ask<T>(child: ChildProcess, message: object | string): Promise<T> {
  const reply = answer<T>(child);
  child.send(message);
  return reply;
}

const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK']).stdout ?? 100) || 100;

/** Seconds of CPU that a process and all its descendants have used (user and system, to a hundredth). */
export function cpuSeconds(pid: number): number {
  const children = new Map<number, number[]>();
  const ticks = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const parent = Number(fields[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
      // Its own and that of the children it has waited for.
      const own = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      ticks.set(Number(name), own);
    } catch (error) {
      // Processes come and go while one looks.
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  const sum = (id: number): number =>
    (children.get(id) ?? []).reduce((total, child) => total + sum(child), ticks.get(id) ?? 0);
  return sum(pid) / ticksPerSecond;
}

/** What was measured at one server in one stretch. */
export type Measure = LoadResult & { perSecond: number; serverMicros: number };

/** Runs a load against a server; CPU counts from before the first request to after the last. */
export async function measure(load: ChildProcess, pid: number, order: LoadOrder): Promise<Measure> {
  const before = cpuSeconds(pid);
  const result = await ask<LoadResult>(load, order);
  const used = cpuSeconds(pid) - before;
  return {
    ...result,
    perSecond: result.requests / result.seconds,
    serverMicros: (used * 1e6) / result.requests,
  };
}

/** A line of figures. */
export function show(label: string, one: Measure): void {
  console.log(
    `${label.padEnd(34)}${one.perSecond.toFixed(0).padStart(7)} req/s   p50 ${one.p50.toFixed(2)} ms   p99 ${one.p99.toFixed(2)} ms   ` +
      `CPU ${one.serverMicros.toFixed(1)} µs/request   generator ${one.cpuMicros.toFixed(1)} µs   failed ${one.failed}`,
  );
}

export function showLoad(): void {
  console.log(`machine load ${loadavg()[0].toFixed(2)}${canPin ? '' : ', not pinned'}`);
}

/** The one in the middle; for an even count the larger of the two. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

export const rounded = (value: number) => Number(value.toPrecision(3));

/** One line with the ratios of a benchmark against its targets. */
export function summarise(targets: { what: string; value: number; target: number; least: boolean }[]): void {
  const lines = targets.map(({ what, value, target, least }) => {
    const isMet = least ? value >= target : value <= target;
    return `${what} ${rounded(value)} (${least ? '≥' : '≤'} ${target}: ${isMet ? 'met' : 'MISSED'})`;
  });
  console.log(`summary: ${lines.join('; ')}`);
}

/** Sends bytes to the server before the load; an answer that is not good ends the benchmark. */
export async function call(
  method: string,
  url: string,
  type: string,
  body: Uint8Array | string,
): Promise<void> {
  const bytes = typeof body === 'string' ? body : Buffer.from(body);
  const response = await fetch(url, { method, body: bytes, headers: { 'content-type': type } });
  if (!response.ok) throw new Error(`${method} ${url}: ${await response.text()}`);
}
