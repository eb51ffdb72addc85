/**
 * One row of 30 features as JSON: Houston, bare Fastify, MLServer (its defaults, and its best setting) and `mlflow
 * models serve`, all with the same model, each alone on core 0 in its turn, the generator on core 1. Closed loop, then
 * an open loop. Prints ratios by requests per second and by CPU per request. See README.md.
 *
 *   node bench/serving/peers.ts [--seconds 2] [--rounds 2] [--connections 32]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startHoustonProcess } from './houston.ts';
import type { LoadOrder } from './load.ts';
import { type Peer, startMlflow, startMlserver, trainModel } from './peers/peers.ts';
import {
  answer,
  type Measure,
  measure,
  median,
  show,
  showLoad,
  startScript,
  summarise,
} from './processes.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1.5' },
    rounds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '32' },
  },
});
const seconds = Number(values.seconds);
const connections = Number(values.connections);

const folder = mkdtempSync(join(tmpdir(), 'houston-peers-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const model = trainModel(folder);
const load = startScript(1, './load.ts');

type Side = { pid: number; url: string; bodies: string[]; stop(): Promise<void> | void };

const shared = model.rows.map((row) =>
  JSON.stringify({ inputs: [{ name: 'X', shape: [1, row.length], datatype: 'FP32', data: row }] }),
);
const ofPeer = ({ pid, url, stop }: Peer, bodies = shared): Side => ({ pid, url, stop, bodies });

/** Bare Fastify: parses the same bodies and answers a constant of the same shape. */
async function startFastify(): Promise<Side> {
  const child = startScript(0, './one-row-server.ts', ['fastify']);
  const { url } = await answer<{ url: string }>(child);
  return { pid: child.pid as number, url, bodies: shared, stop: () => void child.send('stop') };
}

async function startHouston(): Promise<Side> {
  const houston = await startHoustonProcess(0);
  await houston.deploy('m', model.onnx);
  return { pid: houston.pid, url: `${houston.url}/v2/models/m/infer`, bodies: shared, stop: houston.stop };
}

const invocations = model.rows.map((row) => JSON.stringify({ inputs: [row] }));
const sides: Record<string, Side> = {
  fastify: await startFastify(),
  houston: await startHouston(),
  'mlserver, its defaults': ofPeer(await startMlserver(0, model, 'defaults')),
  'mlserver, no workers, ONNX': ofPeer(await startMlserver(0, model, 'fast')),
  'mlserver, the same, batching': ofPeer(await startMlserver(0, model, 'batching')),
  'mlflow models serve': ofPeer(await startMlflow(0, model), invocations),
};
const isQuick = (name: string) => name === 'fastify' || name === 'houston';
const order = ({ url, bodies }: Side, more: Partial<LoadOrder> = {}): LoadOrder => ({
  url,
  bodies,
  connections,
  seconds,
  rate: null,
  ...more,
});

showLoad();
const results: Record<string, Measure[]> = {};
for (const [name, side] of Object.entries(sides)) {
  results[name] = [];
  await measure(load, side.pid, order(side, { most: isQuick(name) ? 30_000 : 500, seconds: 5 }));
}
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, side] of Object.entries(sides)) {
    const one = await measure(load, side.pid, order(side));
    results[name].push(one);
    show(name, one);
  }
}
const of = (name: string, figure: (one: Measure) => number) => median(results[name].map(figure));
const rate = (name: string) => of(name, ({ perSecond }) => perSecond);
const cpu = (name: string) => of(name, ({ serverMicros }) => serverMicros);
const variants = Object.keys(sides).filter((name) => name.startsWith('mlserver'));
const best = variants.reduce((one, other) => (rate(other) > rate(one) ? other : one));

console.log('open loop:');
/** The p99 in the middle of three stretches, by turns with whatever it is compared to. */
const steadily = async (asked: [name: string, perSecond: number][]) => {
  const seen = asked.map((): number[] => []);
  for (let round = 0; round < 3; round++) {
    for (const [i, [name, perSecond]] of asked.entries()) {
      const one = await measure(load, sides[name].pid, order(sides[name], { rate: perSecond }));
      show(`${name}, ${perSecond}/s`, one);
      seen[i].push(one.p99);
    }
  }
  return seen.map(median);
};
// A rate at which the peer is not overloaded: half of what it answered in the closed loop.
const calm = Math.max(20, Math.round(rate(best) / 20) * 10);
const [steady, same, peers] = await steadily([
  ['houston', 1000],
  ['houston', calm],
  [best, calm],
]);
if (rate(best) < 1000) console.log(`(1000/s is more than ${best} can answer: ${rate(best).toFixed(0)}/s)`);
showLoad();

const versus = (name: string) => ({
  rate: rate('houston') / rate(name),
  cpu: cpu(name) / cpu('houston'),
});
console.log(
  JSON.stringify({ best, ...Object.fromEntries(Object.keys(sides).map((name) => [name, versus(name)])) }),
);
summarise([
  { what: 'rate: × MLServer (defaults)', value: versus(variants[0]).rate, target: 10, least: true },
  { what: '× MLServer (best)', value: versus(best).rate, target: 10, least: true },
  { what: '× mlflow', value: versus('mlflow models serve').rate, target: 10, least: true },
  { what: 'of Fastify', value: versus('fastify').rate, target: 0.6, least: true },
  { what: 'p99 at 1000/s in ms', value: steady, target: 5, least: false },
  { what: `p99 at ${calm}/s of MLServer's`, value: same / peers, target: 0.333, least: false },
]);
for (const { stop } of Object.values(sides)) await stop();
load.disconnect();
