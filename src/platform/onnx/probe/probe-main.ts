import type { InferenceSession } from 'onnxruntime-node';
import { createRandom } from '../../../math/random.ts';
import { beChild } from '../../children/child-main.ts';
import { madeUpFeeds } from './made-up-feeds.ts';
import type { Probe, ProbeOrder } from './prober.ts';

/**
 * Program: opens one model after another, as it is told, runs each on made-up rows and says what it saw. It runs in a
 * process of its own, so that a model that crashes, hangs or takes all memory takes nothing else with it.
 */
type Ort = typeof import('onnxruntime-node');

const warmRuns = 20;
const timedMs = 3000;
/** A model that takes longer for one row is not given a batch. */
const slowMs = 200;
const batchRows = 8;

async function probe(ort: Ort, { path, runs }: ProbeOrder): Promise<Omit<Probe, 'failure'>> {
  let session: InferenceSession;
  try {
    session = await ort.InferenceSession.create(path, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: 4,
    });
  } catch (error) {
    return { opened: false, problem: firstLine(error), p99: null, repeatable: null };
  }
  try {
    return { opened: true, problem: null, ...(await look(ort, session, runs)) };
  } catch (error) {
    // Made-up rows may be outside of what the model can take: that says nothing about the model.
    return { opened: true, problem: firstLine(error), p99: null, repeatable: null };
  } finally {
    await session.release();
  }
}

async function look(ort: Ort, session: InferenceSession, runs: number) {
  const { inputMetadata: inputs } = session;
  // The row that warms a revision up; what it says of zeros, the server will hear again.
  const zeros = madeUpFeeds(ort, inputs, 1, () => 0);
  const began = performance.now();
  await session.run(zeros).catch(() => undefined);
  const rows = performance.now() - began > slowMs ? 1 : batchRows;
  const random = createRandom(1);
  const batch = madeUpFeeds(ort, inputs, rows, () => random.normal());
  const [first, second] = [await session.run(batch), await session.run(batch)];
  const repeatable = session.outputNames.every((name) => isSame(first[name], second[name]));
  const one = madeUpFeeds(ort, inputs, 1, () => random.normal());
  const costs: number[] = [];
  const deadline = performance.now() + timedMs;
  for (let run = runs > 1 ? -warmRuns : 0; run < runs && performance.now() < deadline; run++) {
    const started = performance.now();
    await session.run(one);
    if (run >= 0) costs.push(performance.now() - started);
  }
  costs.sort((a, b) => a - b);
  return { p99: costs[Math.ceil(costs.length * 0.99) - 1] ?? null, repeatable };
}

function isSame(a: InferenceSession.OnnxValueMapType[string] | undefined, b: typeof a): boolean {
  const [left, right] = [
    a?.data as ArrayLike<unknown> | undefined,
    b?.data as ArrayLike<unknown> | undefined,
  ];
  if (!left || !right || left.length !== right.length) return left === right;
  for (let i = 0; i < left.length; i++) if (!Object.is(left[i], right[i])) return false;
  return true;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0]!.slice(0, 300);
}

beChild();
const ort = await import('onnxruntime-node');
process.on('message', async (order: ProbeOrder) => {
  process.send?.(await probe(ort, order));
});
process.send?.('ready');
