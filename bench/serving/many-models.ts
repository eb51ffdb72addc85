/**
 * Many models on one node: some thousand small deployments, more than the memory for models holds, asked with skewed
 * frequencies (Zipf) in an open loop; then a restart. Prints failures, p99 of models that were warm and of those that
 * were cold, loads, evictions, memory and the time of the start. See README.md.
 *
 *   node bench/serving/many-models.ts [--models 5000] [--memory 1GB] [--rate 200] [--seconds 20]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/math/random.ts';
import { logisticModel } from '../../test/serving/models.ts';
import { createTestRegistry, startServing } from '../../test/serving/serving-server.ts';

const { values } = parseArgs({
  options: {
    models: { type: 'string', default: '5000' },
    memory: { type: 'string', default: '1GB' },
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '20' },
  },
});
const models = Number(values.models);
const rate = Number(values.rate);
const seconds = Number(values.seconds);
const dataDir = mkdtempSync(join(tmpdir(), 'houston-many-'));
const registry = createTestRegistry();
const options = { dataDir, registry, modelMemory: values.memory };
const megabytes = () => Math.round(process.memoryUsage.rss() / 1024 ** 2);
const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
  const start = performance.now();
  const result = await work();
  return [result, Math.round(performance.now() - start)];
};

console.log(`machine load ${loadavg()[0].toFixed(2)}`);
let server = await startServing(options);
const before = megabytes();
const [, deployMs] = await timed(async () => {
  for (let i = 0; i < models; i++) {
    await registry.add(server.platform, `m${i}`, logisticModel({ weights: [i] }));
    await server.domains.serving.deploy(server.scope, `m${i}`, {});
  }
});
const { residency } = server.domains.serving.stats();
console.log(`deployed  ${models} models in ${deployMs} ms   memory ${before} to ${megabytes()} MB`);

const random = createRandom(1);
let failed = 0;
const input = { name: 'features', datatype: 'FP32' as const, shape: [1, 1], data: new Float32Array(1) };
type Latencies = { warm: number[]; cold: number[] };
const ask = async (name: string, due: number, { warm, cold }: Latencies) => {
  const wasCold = server.domains.serving.wake(name) !== undefined;
  await server.domains.serving.predict(name, { tensors: [input], parameters: {} }).catch(() => failed++);
  (wasCold ? cold : warm).push(performance.now() - due);
};
const phase = async (label: string, length: number, name: () => string) => {
  const latencies: Latencies = { warm: [], cold: [] };
  const pending: Promise<void>[] = [];
  const start = performance.now();
  for (let due = start; due < start + length * 1000; due += 1000 / rate) {
    const wait = due - performance.now();
    if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
    pending.push(ask(name(), Math.min(due, performance.now()), latencies));
  }
  await Promise.all(pending);
  const { warm, cold } = latencies;
  console.log(
    `${label.padEnd(10)}warm ${warm.length}: p50 ${p50(warm)} ms, p99 ${p99(warm)} ms   cold ${cold.length}: p50 ${p50(cold)} ms, p99 ${p99(cold)} ms`,
  );
};
const p99 = (list: number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length * 0.99)]?.toFixed(2);
const p50 = (list: number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length * 0.5)]?.toFixed(2);
// What the deploys have brought in over the budget goes first, and is not measured.
while (residency.loadedBytes() > residency.budgetBytes)
  await new Promise((resolve) => setTimeout(resolve, 500));
const warmNames = server.domains.serving.liveRoutes().filter(({ champion }) => champion !== null);
await phase(
  'warm only',
  seconds / 2,
  () => warmNames[random.int(Math.min(200, warmNames.length))].deployment,
);
// Zipf with exponent one: rank r is asked with a frequency of 1/r.
const zipf = () => `m${Math.min(models - 1, Math.floor(models ** random.next()) - 1)}`;
await phase('first', seconds, zipf);
await phase('settled', seconds, zipf);
const { loads, evictions } = residency.counts;
console.log(
  `memory    ${megabytes()} MB of the process, models about ${Math.round(residency.loadedBytes() / 1024 ** 2)} MB   ${loads} loads, ${evictions} evictions   failed ${failed}`,
);
await server.close();
const [again, startMs] = await timed(() => startServing(options));
server = again;
console.log(`restart   ${startMs} ms   machine load ${loadavg()[0].toFixed(2)}`);
await server.close();
rmSync(dataDir, { recursive: true, force: true });
