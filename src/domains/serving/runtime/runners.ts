import { statSync } from 'node:fs';
import type { JoinedRuns } from '../meter/meter.ts';
import { batched } from './batching.ts';
import { type HostPool, openHostPool } from './host-pool.ts';
import type { Fault } from './model-host.ts';
import { openOnnxSession } from './onnx-session.ts';
import { openProcessHost } from './process-host.ts';
import { defaultMemoryBytes } from './restart.model.ts';
import type { Runner, RuntimeSettings } from './runner.ts';
import { openThreadHost } from './thread-host.ts';

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

/** Runs in a pool of worker threads, each with the model of its own; a run goes to the one with the fewest waiting. */
export async function openWorkerRunner(
  path: string,
  { threads, workers, timeoutMs }: RuntimeSettings,
  onFault: (fault: Fault) => void,
): Promise<Runner> {
  const options = { hosts: workers, timeoutMs, memoryBytes: null, onFault };
  return poolRunner('worker', workers, await openHostPool(openThreadHost(path, threads), options));
}

/**
 * Runs in child processes, each with the model of its own. What goes wrong in one stays in it: it is ended in the
 * middle of a run that takes too long, and replaced when it holds more memory than it may.
 */
export async function openProcessRunner(
  path: string,
  { threads, workers, timeoutMs, memoryMb }: RuntimeSettings,
  onFault: (fault: Fault) => void,
): Promise<Runner> {
  const memoryBytes = memoryMb ? memoryMb * 1024 * 1024 : defaultMemoryBytes(statSync(path).size);
  const options = { hosts: workers, timeoutMs, memoryBytes, onFault };
  return poolRunner('process', workers, await openHostPool(openProcessHost(path, threads), options));
}

function poolRunner(placement: 'worker' | 'process', hosts: number, pool: HostPool): Runner {
  // One runs, the next is there when it is done.
  return {
    placement,
    inputs: pool.inputs,
    outputs: pool.outputs,
    parallel: 2 * hosts,
    run: pool.run,
    close: pool.close,
  };
}
