/**
 * Child of the benchmarks: ONNX Runtime alone, without any server: the same file, the same settings as in Houston, the
 * next run when one has ended. What a core can do at most.
 */
import { performance } from 'node:perf_hooks';
import * as ort from 'onnxruntime-node';
import { randomRow } from './models.ts';

export type RawOrder = { path: string; input: string; shape: number[]; seconds: number };
export type RawResult = { runs: number; perSecond: number; p50: number; cpuMicros: number };

const sessions = new Map<string, ort.InferenceSession>();

async function sessionOf(path: string): Promise<ort.InferenceSession> {
  const known = sessions.get(path);
  if (known) return known;
  const session = await ort.InferenceSession.create(path, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  sessions.set(path, session);
  return session;
}

async function run({ path, input, shape, seconds }: RawOrder): Promise<RawResult> {
  const session = await sessionOf(path);
  const size = shape.reduce((product, one) => product * one, 1);
  // As many different inputs as the server gets: the branches of trees over the same rows again and again are all foreseen.
  const inputs = Array.from({ length: size > 10_000 ? 4 : 64 }, () => Float32Array.from(randomRow(size)));
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const start = performance.now();
  let last = start;
  while (last - start < seconds * 1000) {
    await session.run({ [input]: new ort.Tensor('float32', inputs[times.length % inputs.length], shape) });
    const now = performance.now();
    times.push(now - last);
    last = now;
  }
  const { user, system } = process.cpuUsage(cpu);
  const runs = times.length;
  times.sort((a, b) => a - b);
  return {
    runs,
    perSecond: (runs * 1000) / (last - start),
    p50: times[runs >> 1],
    cpuMicros: (user + system) / runs,
  };
}

process.on('message', (order: RawOrder) => void run(order).then((result) => process.send?.(result)));
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
