/**
 * Binary tensors over HTTP against ONNX Runtime alone on the same core: 64 rows of 30 features for three models, and a
 * picture of 224 × 224 × 3 for two networks. Prints rows per second, latency and CPU beside the raw run. See README.md.
 *
 *   node bench/serving/tensors.ts [--seconds 2] [--rounds 3] [--connections 8] [--profile FOLDER]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type HoustonProcess, startHoustonProcess } from './houston.ts';
import type { LoadOrder } from './load.ts';
import { boosting, imageNetwork, imageSize, perceptron, randomRow } from './models.ts';
import {
  answer,
  ask,
  type Measure,
  measure,
  median,
  show,
  showLoad,
  startScript,
  summarise,
} from './processes.ts';
import type { RawOrder, RawResult } from './raw-run.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1.5' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '8' },
    profile: { type: 'string' },
    only: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const [rows, width] = [64, 30];

const cases = [
  { name: 'perceptron', bytes: perceptron([width, 64, 64, 2]), input: 'features', shape: [rows, width] },
  { name: 'boosting', bytes: boosting(width, 100), input: 'features', shape: [rows, width] },
  { name: 'boosting-500', bytes: boosting(width, 500), input: 'features', shape: [rows, width] },
  { name: 'picture', bytes: imageNetwork(), input: 'image', shape: [1, 3, imageSize, imageSize] },
  { name: 'deep-picture', bytes: imageNetwork(33), input: 'image', shape: [1, 3, imageSize, imageSize] },
].filter(({ name }) => values.only === undefined || values.only === name);

const folder = mkdtempSync(join(tmpdir(), 'houston-tensors-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const load = startScript(1, './load.ts');
const raw = startScript(0, './raw-run.ts');
await answer(raw);
const houston = await startHoustonProcess(0, { profile: values.profile });
/** The same without its prediction log, to tell what the log costs apart from all the rest. */
const unrecorded = await startHoustonProcess(0, { before: './without-recording.ts' });
/** The fast lane with a constant answer, to tell what HTTP costs by itself. */
const lane = startScript(0, './lane-server.ts');
const bareLane = await answer<{ url: string; pid: number }>(lane);

/** Requests as tritonclient sends them by default: the tensor in binary, the outputs asked for in binary. */
function orderOf({ input, shape }: (typeof cases)[number]): Omit<LoadOrder, 'url'> {
  const size = shape.reduce((product, one) => product * one, 1);
  const head = JSON.stringify({
    inputs: [{ name: input, datatype: 'FP32', shape, parameters: { binary_data_size: size * 4 } }],
    parameters: { binary_data_output: true },
  });
  const bodies = Array.from({ length: size > 10_000 ? 4 : 64 }, () =>
    Buffer.concat([Buffer.from(head), new Uint8Array(randomRow(size).buffer)]),
  );
  const headers = `content-type: application/octet-stream\r\ninference-header-content-length: ${head.length}\r\n`;
  return { bodies, headers, connections, seconds, rate: null };
}

type Round = { raw: RawResult; many: Measure; one: Measure; bare: Measure; lane: Measure };

showLoad();
const summary: Parameters<typeof summarise>[0] = [];
for (const one of cases) {
  const path = join(folder, `${one.name}.onnx`);
  writeFileSync(path, one.bytes);
  for (const server of [houston, unrecorded]) await server.deploy(one.name, one.bytes);
  const order = orderOf(one);
  const at = ({ url, pid }: Pick<HoustonProcess, 'url' | 'pid'>, more: Partial<LoadOrder> = {}) =>
    measure(load, pid, { ...order, url: `${url}/v2/models/${one.name}/infer`, ...more });
  const rawOrder: RawOrder = { path, input: one.input, shape: one.shape, seconds };
  const warmSeconds = one.input === 'image' ? 0.5 : 2;
  await ask(raw, { ...rawOrder, seconds: 0.5 });
  for (const server of [houston, unrecorded, bareLane]) await at(server, { seconds: warmSeconds });
  const rounds: Round[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const alone = await ask<RawResult>(raw, rawOrder);
    const many = await at(houston);
    const single = await at(houston, { connections: 1, seconds: seconds / 2 });
    const bare = await at(unrecorded);
    const constant = await at(bareLane, { seconds: seconds / 2 });
    rounds.push({ raw: alone, many, one: single, bare, lane: constant });
    console.log(
      `${`${one.name}: raw`.padEnd(34)}${alone.perSecond.toFixed(0).padStart(7)} runs/s  p50 ${alone.p50.toFixed(3)} ms   CPU ${alone.cpuMicros.toFixed(1)} µs/run`,
    );
    show(`${one.name}: ${connections} connections`, many);
    show(`${one.name}: 1 connection`, single);
    show(`${one.name}: no log, ${connections} connections`, bare);
    show(`${one.name}: constant answer`, constant);
  }
  const of = (figure: (round: Round) => number) => median(rounds.map(figure));
  const share = of((round) => round.many.perSecond / round.raw.perSecond);
  const over = of((round) => round.one.p50 / round.raw.p50) - 1;
  console.log(
    JSON.stringify({
      case: one.name,
      share,
      cpuShare: of((round) => round.raw.cpuMicros / round.many.serverMicros),
      shareWithoutLog: of((round) => round.bare.perSecond / round.raw.perSecond),
      cpuShareWithoutLog: of((round) => round.raw.cpuMicros / round.bare.serverMicros),
      beyondRunMicros: of((round) => round.many.serverMicros - round.raw.cpuMicros),
      recordedOfUnrecorded: of((round) => round.many.perSecond / round.bare.perSecond),
      recordedOfUnrecordedByCpu: of((round) => round.bare.serverMicros / round.many.serverMicros),
      runAndHttpMicros: of((round) => round.raw.cpuMicros + round.lane.serverMicros),
      overOneConnection: over,
      failed: rounds.reduce((sum, { many, bare }) => sum + many.failed + bare.failed, 0),
    }),
  );
  if (one.input === 'image')
    summary.push({ what: `${one.name} over the raw run`, value: over, target: 0.1, least: false });
  else summary.push({ what: `${one.name} 64 × 30 of raw`, value: share, target: 0.8, least: true });
}
showLoad();
summarise(summary);
houston.stop();
unrecorded.stop();
load.disconnect();
raw.disconnect();
lane.disconnect();
