/**
 * Overload: a deployment with a deadline at five times what it can answer. First one request at a time (unloaded
 * latency), then a closed loop (capacity), then an open loop at five times that. Prints the p99 of the admitted
 * against three times the unloaded, and what the others heard. See README.md.
 *
 *   node bench/serving/overload.ts [--seconds 6] [--burn 100] [--times 5]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { LoadOrder, LoadResult } from './load.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    burn: { type: 'string', default: '100' },
    times: { type: 'string', default: '5' },
  },
});
const seconds = Number(values.seconds);
const start = (script: string, args: string[] = []) =>
  fork(fileURLToPath(new URL(script, import.meta.url)), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });

const server = start('./overload-server.ts', [values.burn]);
const load = start('./load.ts');
const [{ url }] = (await once(server, 'message')) as [{ url: string }];
const input = { name: 'features', datatype: 'FP32', shape: [1, 1], data: [1] };
const bodies = [JSON.stringify({ inputs: [input] })];

async function measure(order: Partial<LoadOrder>): Promise<LoadResult> {
  load.send({ url, bodies, connections: 1, seconds, rate: null, ...order });
  return ((await once(load, 'message')) as [LoadResult])[0];
}

console.log(`machine load ${loadavg()[0].toFixed(2)}`);
await measure({ seconds: 2 });
const idle = await measure({});
const full = await measure({ connections: 8 });
const capacity = full.requests / full.seconds;
console.log(`unloaded  p50 ${idle.p50.toFixed(2)} ms   p99 ${idle.p99.toFixed(2)} ms`);
console.log(`capacity  ${capacity.toFixed(0)} req/s with 8 connections   p99 ${full.p99.toFixed(2)} ms`);
const deadlineMs = Math.max(1, Math.round(1.5 * idle.p99));
server.send({ limits: { deadlineMs, maxConcurrent: 1 } });
await once(server, 'message');
const rate = capacity * Number(values.times);
const over = await measure({ connections: 512, rate });
console.log(
  `overload  ${rate.toFixed(0)} req/s asked   ${(over.answered / over.seconds).toFixed(0)} req/s answered   ` +
    `p50 ${over.answeredP50.toFixed(2)} ms   p99 ${over.answeredP99.toFixed(2)} ms   deadline ${deadlineMs} ms`,
);
console.log(`machine load ${loadavg()[0].toFixed(2)}`);
console.log(
  JSON.stringify({
    p99Ratio: Math.round((over.answeredP99 / idle.p99) * 100) / 100,
    target: 3,
    goodputRatio: Math.round((over.answered / over.seconds / capacity) * 100) / 100,
    statuses: over.statuses,
  }),
);
server.disconnect();
load.disconnect();
