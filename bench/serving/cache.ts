/**
 * The result cache: a model of some milliseconds, asked for a thousand different rows whose frequencies are skewed
 * (Zipf), with the cache off and on in turns. Prints requests per second, latency and the ratio. See README.md.
 *
 *   node bench/serving/cache.ts [--seconds 3] [--rounds 2] [--burn 30] [--rows 1000]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/math/random.ts';
import type { LoadOrder, LoadResult } from './load.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '2' },
    burn: { type: 'string', default: '30' },
    rows: { type: 'string', default: '1000' },
  },
});
const seconds = Number(values.seconds);
const rows = Number(values.rows);
const start = (script: string, args: string[] = []) =>
  fork(fileURLToPath(new URL(script, import.meta.url)), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });

const server = start('./cache-server.ts', [values.burn]);
const load = start('./load.ts');
const [{ url }] = (await once(server, 'message')) as [{ url: string }];

// Zipf with exponent one: row r is asked for with a frequency of 1/r.
const random = createRandom(1);
const bodies = Array.from({ length: 100_000 }, () => {
  const row = Math.floor(rows ** random.next());
  return JSON.stringify({
    inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 2], data: [row / rows, 1] }],
  });
});
const measure = async (order: Partial<LoadOrder>): Promise<LoadResult> => {
  load.send({ url, bodies, connections: 8, seconds, rate: null, ...order });
  return ((await once(load, 'message')) as [LoadResult])[0];
};
type Counted = { hits: number; misses: number; savedMs: number } | null;
const cacheOf = async (cache: boolean): Promise<Counted> => {
  server.send({ cache });
  return ((await once(server, 'message')) as [{ cache: Counted }])[0].cache;
};
const median = (list: number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

console.log(`machine load ${loadavg()[0].toFixed(2)}`);
await measure({ seconds: 1 });
const rates: Record<'off' | 'on', number[]> = { off: [], on: [] };
let failed = 0;
let counted: Counted = null;
for (let round = 0; round < Number(values.rounds); round++) {
  for (const side of ['off', 'on'] as const) {
    await cacheOf(false);
    await cacheOf(side === 'on');
    const result = await measure({});
    if (side === 'on') counted = await cacheOf(true);
    failed += result.failed;
    rates[side].push(result.requests / result.seconds);
    console.log(
      `${side.padEnd(4)} ${(result.requests / result.seconds).toFixed(0).padStart(6)} req/s   ` +
        `p50 ${result.p50.toFixed(2)} ms   p99 ${result.p99.toFixed(2)} ms`,
    );
  }
}
const asked = (counted?.hits ?? 0) + (counted?.misses ?? 0);
console.log(`machine load ${loadavg()[0].toFixed(2)}`);
console.log(
  JSON.stringify({
    ratio: Math.round((median(rates.on) / median(rates.off)) * 10) / 10,
    // Since the server started; every round begins with an empty cache.
    hitShare: Math.round(((counted?.hits ?? 0) / asked) * 1000) / 1000,
    failed,
  }),
);
server.disconnect();
load.disconnect();
