/**
 * One-row predictions over HTTP, closed loop: Houston's whole path (route, vector, model, prediction log, meter)
 * against a bare Fastify route that parses the same JSON and answers a constant of the same size. Both servers
 * run in processes of their own, in turns, in one go. Prints requests per second, CPU per request, and the ratio.
 *
 *   node bench/serving/one-row.ts [--seconds 5] [--rounds 3] [--connections 32] [--raw]
 *
 * `--raw` sends the model's own tensor; without it the vector comes from a feature service.
 */
import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '32' },
    raw: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);

type Target = { url: string; body: string; pid: number };
type Measure = { rps: number; p50: number; p99: number; cpuMicros: number; failed: number };

function start(kind: string): Promise<{ target: Target; cpu(): Promise<number>; stop(): void }> {
  const child = fork(
    new URL('./one-row-server.ts', import.meta.url),
    [kind, values.raw ? 'raw' : 'features'],
    {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    },
  );
  const next = <T>() =>
    new Promise<T>((resolve) => child.once('message', (message) => resolve(message as T)));
  return next<Target>().then((target) => ({
    target,
    cpu: () => {
      const answer = next<number>();
      child.send('cpu');
      return answer;
    },
    stop: () => void child.send('stop'),
  }));
}

async function measure({ target, cpu }: Awaited<ReturnType<typeof start>>): Promise<Measure> {
  const before = await cpu();
  const result = await autocannon({
    url: target.url,
    method: 'POST',
    body: target.body,
    headers: { 'content-type': 'application/json' },
    connections: Number(values.connections),
    duration: seconds,
  });
  const used = (await cpu()) - before;
  const total = result.requests.total;
  return {
    rps: total / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    cpuMicros: used / total,
    failed: result.non2xx + result.errors,
  };
}

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const servers = { fastify: await start('fastify'), houston: await start('houston') };
const results: Record<keyof typeof servers, Measure[]> = { fastify: [], houston: [] };
for (const server of Object.values(servers)) await measure(server);
for (let round = 0; round < Number(values.rounds); round++) {
  for (const kind of ['fastify', 'houston'] as const) {
    const one = await measure(servers[kind]);
    results[kind].push(one);
    const { rps, p50, p99, cpuMicros, failed } = one;
    console.log(
      `${kind.padEnd(8)} ${rps.toFixed(0).padStart(6)} req/s  p50 ${p50} ms  p99 ${p99} ms  CPU ${cpuMicros.toFixed(1)} µs/req  failed ${failed}`,
    );
  }
}
for (const server of Object.values(servers)) server.stop();
const ratio = median(results.houston.map((one) => one.rps)) / median(results.fastify.map((one) => one.rps));
const cpuRatio =
  median(results.houston.map((one) => one.cpuMicros)) / median(results.fastify.map((one) => one.cpuMicros));
console.log(
  JSON.stringify({ ratio: Math.round(ratio * 1000) / 1000, cpuRatio: Math.round(cpuRatio * 100) / 100 }),
);
