import { Worker } from 'node:worker_threads';
import type { HostReply, HostRequest, OpenHost } from './model-host.ts';
import { shareFeeds } from './shared-feeds.ts';

/** A worker thread with the model at `path`. It is never terminated: that would abort the process in a run. */
export function openThreadHost(path: string, threads: number): OpenHost {
  return ({ onReply, onGone }) => {
    const worker = new Worker(new URL('./session-host.ts', import.meta.url), {
      workerData: { path, threads },
    });
    let how = 'The thread of this model ended.';
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const post = (request: HostRequest) => worker.postMessage(request);
    const shared = new Map<number, () => void>();
    return new Promise((resolve, reject) => {
      worker.on('error', (error) => {
        how = `The thread of this model ended: ${error instanceof Error ? error.message : String(error)}`;
      });
      worker.on('exit', () => {
        reject(new Error(how));
        onGone(how);
      });
      worker.on('message', (reply: HostReply) => {
        if ('failed' in reply) reject(new Error(reply.failed));
        else if (!('ready' in reply)) {
          shared.get(reply.id)?.();
          shared.delete(reply.id);
          onReply(reply.id, reply);
        } else {
          resolve({
            inputs: reply.inputs,
            outputs: reply.outputs,
            pid: null,
            post(id, feeds) {
              const handed = shareFeeds(feeds);
              shared.set(id, handed.free);
              post({ id, feeds: handed.feeds });
            },
            async end() {
              post({ id: -1 });
              await exited;
            },
            kill: null,
            residentBytes: async () => null,
          });
        }
      });
    });
  };
}
