import { parentPort, workerData } from 'node:worker_threads';
import { openOnnxSession } from './onnx-session.ts';
import { buffersOf } from './shared-feeds.ts';
import type { NamedTensor } from './tensors.ts';

/** Entry of a worker thread: loads one model, then answers runs in the order they come. */
export type WorkerRequest = { id: number; feeds?: NamedTensor[] };
export type WorkerReply =
  | { ready: true; inputs: unknown; outputs: unknown }
  | { id: number; outputs: NamedTensor[] }
  | { id: number; error: string }
  | { failed: string };

const port = parentPort;
if (port) {
  const { path, threads } = workerData as { path: string; threads: number };
  const post = (reply: WorkerReply, move: ArrayBuffer[] = []) => port.postMessage(reply, move);
  try {
    const session = await openOnnxSession(path, threads);
    port.on('message', async ({ id, feeds }: WorkerRequest) => {
      if (!feeds) {
        await session.release();
        port.close();
        return;
      }
      try {
        const outputs = await session.run(feeds);
        post({ id, outputs }, buffersOf(outputs));
      } catch (error) {
        post({ id, error: error instanceof Error ? error.message : String(error) });
      }
    });
    post({ ready: true, inputs: session.inputs, outputs: session.outputs });
  } catch (error) {
    post({ failed: error instanceof Error ? error.message : String(error) });
    port.close();
  }
}
