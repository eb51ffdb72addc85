import { parentPort, workerData } from 'node:worker_threads';
import { beChild } from '../../../platform/children/child-main.ts';
import type { HostReply, HostRequest } from './model-host.ts';
import { openOnnxSession } from './onnx-session.ts';
import { buffersOf } from './shared-feeds.ts';

/**
 * Program of a worker thread or a child process: loads one model, then answers runs in the order they come.
 */
type Channel = {
  post(reply: HostReply, move?: ArrayBuffer[]): void;
  listen(on: (request: HostRequest) => void): void;
  end(): void;
};

function channelOf(): { channel: Channel; path: string; threads: number } {
  if (parentPort) {
    const port = parentPort;
    return {
      channel: {
        post: (reply, move = []) => port.postMessage(reply, move),
        listen: (on) => void port.on('message', on),
        end: () => port.close(),
      },
      ...(workerData as { path: string; threads: number }),
    };
  }
  const [, , path = '', threads = '1'] = process.argv;
  return {
    channel: {
      post: (reply) => void process.send?.(reply),
      listen: (on) => void process.on('message', on),
      end: () => process.exit(0),
    },
    path,
    threads: Number(threads),
  };
}

const { channel, path, threads } = channelOf();
if (!parentPort) beChild();
const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
try {
  const session = await openOnnxSession(path, threads);
  channel.listen(async ({ id, feeds }) => {
    if (!feeds) {
      await session.release();
      channel.end();
      return;
    }
    try {
      const outputs = await session.run(feeds);
      channel.post({ id, outputs }, parentPort ? buffersOf(outputs) : []);
    } catch (error) {
      channel.post({ id, error: textOf(error) });
    }
  });
  channel.post({ ready: true, inputs: session.inputs, outputs: session.outputs });
} catch (error) {
  channel.post({ failed: textOf(error) });
  if (parentPort) channel.end();
  else process.disconnect();
}
