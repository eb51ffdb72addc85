import { Worker } from 'node:worker_threads';
import type { JoinedRuns } from '../meter/meter.ts';
import { batched } from './batching.ts';
import { openOnnxSession } from './onnx-session.ts';
import type { Runner } from './runner.ts';
import type { WorkerReply } from './session-worker.ts';
import { createSharedFeeds } from './shared-feeds.ts';
import type { NamedTensor, TensorSpec } from './tensors.ts';

/** Runs on the calling thread: for models whose run costs less than the hop to a worker. */
export async function openInlineRunner(path: string, threads: number, joined?: JoinedRuns): Promise<Runner> {
  const session = await openOnnxSession(path, threads);
  let running = 0;
  let onIdle: () => void = () => {};
  const onDone = (runs: number) => {
    running -= runs;
    if (running === 0) onIdle();
  };
  const runJoined = await batched(session, onDone, joined);
  return {
    placement: 'inline',
    inputs: session.inputs,
    outputs: session.outputs,
    // They come in turns of the event loop and are joined.
    parallel: Number.POSITIVE_INFINITY,
    run(feeds) {
      running++;
      return runJoined(feeds);
    },
    async close() {
      if (running > 0) {
        await new Promise<void>((resolve) => {
          onIdle = resolve;
        });
      }
      await session.release();
    },
  };
}

type Waiting = { resolve(outputs: NamedTensor[]): void; reject(error: Error): void; free(): void };

/**
 * Runs in a pool of worker threads; a run goes to the worker with the fewest runs waiting. Closing drains: a
 * worker is never terminated in the middle of a run (that would abort the whole process).
 */
export async function openWorkerRunner(path: string, threads: number, workers: number): Promise<Runner> {
  const pool = await Promise.all(Array.from({ length: workers }, () => openWorker(path, threads)));
  return {
    placement: 'worker',
    inputs: pool[0].inputs,
    outputs: pool[0].outputs,
    // One runs, the next is there when it is done.
    parallel: 2 * pool.length,
    run(feeds) {
      let idlest = pool[0];
      for (const worker of pool) if (worker.waiting.size < idlest.waiting.size) idlest = worker;
      return idlest.run(feeds);
    },
    close: async () => void (await Promise.all(pool.map((worker) => worker.close()))),
  };
}

type ModelWorker = {
  inputs: TensorSpec[];
  outputs: TensorSpec[];
  waiting: Map<number, Waiting>;
  run(feeds: readonly NamedTensor[]): Promise<NamedTensor[]>;
  close(): Promise<void>;
};

function openWorker(path: string, threads: number): Promise<ModelWorker> {
  const worker = new Worker(new URL('./session-worker.ts', import.meta.url), {
    workerData: { path, threads },
  });
  const waiting = new Map<number, Waiting>();
  const memory = createSharedFeeds();
  let next = 0;
  let drained: (() => void) | undefined;
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const settle = (id: number, act: (one: Waiting) => void) => {
    const one = waiting.get(id);
    waiting.delete(id);
    one?.free();
    if (one) act(one);
    if (waiting.size === 0) drained?.();
  };
  const failAll = (error: Error) => {
    for (const id of [...waiting.keys()]) settle(id, (one) => one.reject(error));
  };
  worker.on('exit', () => failAll(new Error('The worker of this model has stopped.')));

  const run = (feeds: readonly NamedTensor[]) =>
    new Promise<NamedTensor[]>((resolve, reject) => {
      const id = next++;
      const shared = memory.share(feeds);
      waiting.set(id, { resolve, reject, free: shared.free });
      worker.postMessage({ id, feeds: shared.feeds });
    });
  const close = async () => {
    if (waiting.size > 0) {
      await new Promise<void>((resolve) => {
        drained = resolve;
      });
    }
    worker.postMessage({ id: next++ });
    await exited;
  };
  return new Promise((resolve, reject) => {
    worker.on('error', (error) => {
      failAll(error instanceof Error ? error : new Error(String(error)));
      reject(error);
    });
    worker.on('message', (reply: WorkerReply) => {
      if ('failed' in reply) reject(new Error(reply.failed));
      else if ('ready' in reply) {
        resolve({
          inputs: reply.inputs as TensorSpec[],
          outputs: reply.outputs as TensorSpec[],
          waiting,
          run,
          close,
        });
      } else if ('error' in reply) settle(reply.id, (one) => one.reject(new Error(reply.error)));
      else settle(reply.id, (one) => one.resolve(reply.outputs));
    });
  });
}
