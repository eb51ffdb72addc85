import { fork } from 'node:child_process';
import { queryError } from './query.errors.ts';
import type { QueryOutcome, QueryTask } from './run-query.ts';

/** Runs queries, each in a process of its own, a few at a time. */
export type QueryRunner = {
  /** @throws serving.query.busy, …timeout, …too_large; the reason of `signal` when it aborts */
  run(task: QueryTask, limits: { timeLimitMs: number; signal?: AbortSignal }): Promise<QueryOutcome>;
};

const atOnce = 2;

export function createQueryRunner(): QueryRunner {
  let running = 0;
  return {
    async run(task, limits) {
      if (running >= atOnce)
        throw queryError('serving.query.busy', `${running} queries run already; more wait outside.`);
      running++;
      try {
        return await inProcess(task, limits);
      } finally {
        running--;
      }
    },
  };
}

function inProcess(
  task: QueryTask,
  { timeLimitMs, signal }: { timeLimitMs: number; signal?: AbortSignal },
): Promise<QueryOutcome> {
  signal?.throwIfAborted();
  // It has none of the server's environment, and so none of its secrets.
  const child = fork(new URL('./query-process.ts', import.meta.url), [], {
    env: {},
    execArgv: ['--max-old-space-size=384'],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  return new Promise<QueryOutcome>((resolve, reject) => {
    const timer = setTimeout(() => {
      const seconds = timeLimitMs / 1000;
      reject(queryError('serving.query.timeout', `The query took longer than ${seconds} s and was ended.`));
    }, timeLimitMs);
    const cancel = () => reject(signal?.reason);
    signal?.addEventListener('abort', cancel, { once: true });
    child.once('message', (outcome) => resolve(outcome as QueryOutcome));
    child.once('error', reject);
    child.once('exit', () =>
      reject(queryError('serving.query.too_large', 'The query needed too much memory and was ended.')),
    );
    child.send(task, (error) => error && reject(error));
    child.once('close', () => signal?.removeEventListener('abort', cancel));
    child.once('close', () => clearTimeout(timer));
  }).finally(() => child.kill('SIGKILL'));
}
