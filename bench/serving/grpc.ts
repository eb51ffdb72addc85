/**
 * One row of 30 features over gRPC: Houston beside MLServer with the same model, each alone on core 0 in its turn. The
 * load comes from frames written by hand (grpc-load.ts), so that the servers are the limit, and then from processes of
 * the unmodified tritonclient, which take more CPU than either server's answer. See README.md.
 *
 *   node bench/serving/grpc.ts [--seconds 2] [--rounds 2] [--connections 32] [--clients 4] [--profile FOLDER]
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { encodeMessage } from '../../test/serving/grpc-client.ts';
import type { GrpcOrder } from './grpc-load.ts';
import { startHoustonProcess } from './houston.ts';
import type { LoadResult } from './load.ts';
import { benchPython, startMlserver, trainModel } from './peers/peers.ts';
import {
  ask,
  cpuSeconds,
  type Measure,
  median,
  pinned,
  show,
  showLoad,
  startScript,
  summarise,
} from './processes.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '32' },
    clients: { type: 'string', default: '4' },
    profile: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const folder = mkdtempSync(join(tmpdir(), 'houston-grpc-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const model = trainModel(folder);
const load = startScript(1, './grpc-load.ts');

const houston = await startHoustonProcess(0, { profile: values.profile });
await houston.deploy('m', model.onnx);
const defaults = await startMlserver(0, model, 'defaults');
const fast = await startMlserver(0, model, 'fast');
const batching = await startMlserver(0, model, 'batching');
const sides: Record<string, { pid: number; grpc: string; output: string }> = {
  houston: { ...houston, output: 'probabilities' },
  'mlserver, its defaults': { ...defaults, output: 'predict' },
  'mlserver, no workers, ONNX': { ...fast, output: 'probabilities' },
  'mlserver, the same, batching': { ...batching, output: 'probabilities' },
};

const messages = model.rows.map((row) =>
  encodeMessage('ModelInferRequest', {
    model_name: 'm',
    inputs: [{ name: 'X', datatype: 'FP32', shape: [1, row.length] }],
    raw_input_contents: [Buffer.from(new Float32Array(row).buffer)],
  }),
);

async function byFrames({ pid, grpc }: { pid: number; grpc: string }, long = seconds): Promise<Measure> {
  const before = cpuSeconds(pid);
  const order: GrpcOrder = { address: grpc, messages, connections, seconds: long, rate: null };
  const result = await ask<LoadResult>(load, order);
  const used = cpuSeconds(pid) - before;
  return {
    ...result,
    perSecond: result.requests / result.seconds,
    serverMicros: (used * 1e6) / result.requests,
  };
}

/** Calls of each client before it counts. */
const warmCalls = 50;
type Client = { calls: number; seconds: number; p50: number; p99: number };

/** Several client processes at once, all on core 1. */
async function byTriton(side: { pid: number; grpc: string; output: string }) {
  const script = join(import.meta.dirname, 'peers', 'triton_calls.py');
  const args = [script, side.grpc, 'm', 'X', side.output, String(seconds)];
  const [file, ...rest] = pinned(1, [benchPython, ...args]);
  const before = cpuSeconds(side.pid);
  const clients = await Promise.all(
    Array.from({ length: Number(values.clients) }, async () => {
      const { stdout } = await promisify(execFile)(file, rest);
      return JSON.parse(stdout) as Client;
    }),
  );
  const calls = clients.reduce((sum, one) => sum + one.calls + warmCalls, 0);
  return {
    serverMicros: ((cpuSeconds(side.pid) - before) * 1e6) / calls,
    perSecond: clients.reduce((sum, one) => sum + one.calls / one.seconds, 0),
    p50: median(clients.map((one) => one.p50)),
    p99: Math.max(...clients.map((one) => one.p99)),
  };
}

showLoad();
for (const side of Object.values(sides)) await byFrames(side, 2);
const frames: Record<string, Measure[]> = {};
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, side] of Object.entries(sides)) {
    const one = await byFrames(side);
    frames[name] = [...(frames[name] ?? []), one];
    show(name, one);
  }
}
const rate = (name: string) => median(frames[name].map(({ perSecond }) => perSecond));
const cpu = (name: string) => median(frames[name].map(({ serverMicros }) => serverMicros));
const peers = Object.keys(sides).slice(1);
const best = peers.reduce((one, other) => (rate(other) > rate(one) ? other : one));

console.log(`tritonclient, ${values.clients} processes on core 1:`);
const clients: Record<string, { perSecond: number; serverMicros: number }> = {};
for (const name of ['houston', peers[0], best]) {
  const one = await byTriton(sides[name]);
  clients[name] = one;
  console.log(
    `${name.padEnd(34)}${one.perSecond.toFixed(0).padStart(7)} calls/s p50 ${one.p50.toFixed(2)} ms   p99 ${one.p99.toFixed(2)} ms   server CPU ${one.serverMicros.toFixed(1)} µs/call`,
  );
}
showLoad();
const cpuRatio = (name: string) => cpu(name) / cpu('houston');
const byClients = (name: string) => ({
  rate: clients.houston.perSecond / clients[name].perSecond,
  cpu: clients[name].serverMicros / clients.houston.serverMicros,
});
console.log(
  JSON.stringify({
    best,
    cpu: { defaults: cpuRatio(peers[0]), best: cpuRatio(best) },
    tritonclient: { defaults: byClients(peers[0]), best: byClients(best) },
  }),
);
summarise([
  { what: 'rate: × MLServer (defaults)', value: rate('houston') / rate(peers[0]), target: 5, least: true },
  { what: '× MLServer (best)', value: rate('houston') / rate(best), target: 5, least: true },
  { what: 'tritonclient: × MLServer (defaults)', value: byClients(peers[0]).rate, target: 5, least: true },
  { what: 'frames, by server CPU: × MLServer (best)', value: cpuRatio(best), target: 5, least: true },
]);
houston.stop();
await Promise.all([defaults.stop(), fast.stop(), batching.stop()]);
load.disconnect();
