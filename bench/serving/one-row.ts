/**
 * One-row predictions over HTTP: Houston's whole path (route, feature vector, model, prediction log, meter) against
 * a bare Fastify route that parses the same JSON and answers a constant of the same size. Three processes: both
 * servers pinned to one core and measured in turns, the load generator pinned to the other. Prints requests per
 * second, CPU per request and the ratios. See README.md.
 *
 *   node bench/serving/one-row.ts [--seconds 4] [--rounds 5] [--connections 32] [--raw] [--profile FOLDER]
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { BenchTarget } from './flights-deployment.ts';
import type { LoadOrder, LoadResult } from './load.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '32' },
    raw: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const connections = Number(values.connections);
/** Enough that everything hot is compiled before the first figure. */
const warmRequests = 60_000;
const canPin = spawnSync('taskset', ['-V']).status === 0;

type Server = { child: ChildProcess; target: BenchTarget };
type Measure = LoadResult & { rps: number; user: number; system: number; serverMicros: number };

function startChild(core: number, script: string, args: string[], nodeArgs: string[] = []): ChildProcess {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', ...nodeArgs, path, ...args];
  if (canPin) command.unshift('taskset', '-c', String(core));
  return spawn(command[0], command.slice(1), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

function answer<T>(child: ChildProcess): Promise<T> {
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

function ask<T>(child: ChildProcess, message: object | string): Promise<T> {
  const reply = answer<T>(child);
  child.send(message);
  return reply;
}

async function startServer(kind: string): Promise<Server> {
  const isHouston = kind === 'houston';
  // As bin/houston.mjs starts it.
  const nodeArgs = isHouston ? ['--max-semi-space-size=8'] : [];
  if (isHouston && values.profile !== undefined)
    nodeArgs.push('--cpu-prof', `--cpu-prof-dir=${values.profile}`);
  const child = startChild(0, './one-row-server.ts', [kind, values.raw ? 'raw' : 'features'], nodeArgs);
  const target = await answer<BenchTarget>(child);
  for (const { method, url, type, body } of target.setup) {
    const bytes = Buffer.from(body, 'base64');
    const response = await fetch(url, { method, body: bytes, headers: { 'content-type': type } });
    if (!response.ok) throw new Error(`${method} ${url}: ${await response.text()}`);
  }
  return { child, target };
}

const load = startChild(1, './load.ts', []);
const houston = await startServer('houston');
const fastify = await startServer('fastify');
fastify.target.bodies = houston.target.bodies;
const servers = { fastify, houston };

async function measure({ child, target }: Server, more: Partial<LoadOrder> = {}): Promise<Measure> {
  const before = await ask<NodeJS.CpuUsage>(child, 'cpu');
  const { url, bodies } = target;
  const order: LoadOrder = { url, bodies, connections, seconds, rate: null, ...more };
  const result = await ask<LoadResult>(load, order);
  const after = await ask<NodeJS.CpuUsage>(child, 'cpu');
  const user = (after.user - before.user) / result.requests;
  const system = (after.system - before.system) / result.requests;
  return { ...result, rps: result.requests / result.seconds, user, system, serverMicros: user + system };
}

function show(kind: string, one: Measure): void {
  console.log(
    `${kind.padEnd(8)}${one.rps.toFixed(0).padStart(7)} req/s   p50 ${one.p50.toFixed(2)} ms   p99 ${one.p99.toFixed(2)} ms   ` +
      `CPU ${one.serverMicros.toFixed(1)} µs/request (user ${one.user.toFixed(1)}, system ${one.system.toFixed(1)})   ` +
      `generator ${one.cpuMicros.toFixed(1)} µs   failed ${one.failed}`,
  );
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const showLoad = () => console.log(`machine load ${loadavg()[0].toFixed(2)}${canPin ? '' : ', not pinned'}`);
const kinds = ['fastify', 'houston'] as const;
const results: Record<(typeof kinds)[number], Measure[]> = { fastify: [], houston: [] };

showLoad();
for (const kind of kinds) await measure(servers[kind], { most: warmRequests, seconds: 60 });
for (let round = 0; round < Number(values.rounds); round++) {
  for (const kind of kinds) {
    const one = await measure(servers[kind]);
    results[kind].push(one);
    show(kind, one);
  }
}
console.log('open loop, 1000 requests per second:');
for (const kind of kinds) show(kind, await measure(servers[kind], { rate: 1000 }));
showLoad();

const of = (kind: (typeof kinds)[number], figure: 'rps' | 'serverMicros') =>
  median(results[kind].map((one) => one[figure]));
const round3 = (value: number) => Math.round(value * 1000) / 1000;
console.log(
  JSON.stringify({
    fastifyRps: Math.round(of('fastify', 'rps')),
    houstonRps: Math.round(of('houston', 'rps')),
    ratio: round3(of('houston', 'rps') / of('fastify', 'rps')),
    fastifyMicros: round3(of('fastify', 'serverMicros')),
    houstonMicros: round3(of('houston', 'serverMicros')),
    cpuRatio: round3(of('fastify', 'serverMicros') / of('houston', 'serverMicros')),
  }),
);
for (const { child } of Object.values(servers)) child.send('stop');
load.disconnect();
