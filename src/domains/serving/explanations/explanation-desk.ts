import { setTimeout as pause } from 'node:timers/promises';
import { explanationError } from './explanation.errors.ts';

/** How far a piece of work is, in rows scored; `total` is 0 until it is known. `mustEnd`: nobody wants it any more. */
export type Progress = { done: number; total: number; mustEnd: boolean };

export type Asked<T> =
  | { state: 'done'; result: T; isKept: boolean }
  | { state: 'running'; waiting: number; done: number; total: number };

/**
 * Works out explanations, one at a time, and keeps the newest ones. Whoever asks for the same again gets the one that
 * is kept or under way.
 */
export type ExplanationDesk<T> = {
  /** The result, or how far it is after `waitMs`. @throws what `work` throws, serving.explanation.busy */
  ask(key: string, waitMs: number, work: (progress: Progress) => Promise<T>): Promise<Asked<T>>;
  /** Lets go of what is kept; who is waiting still gets an answer. */
  clear(): void;
  /** Tells the work under way to end, and waits for it. */
  close(): Promise<void>;
};

type Job<T> = { result: Promise<T>; number: number; progress: Progress; isDone: boolean };

const mostWaiting = 16;
const mostKept = 128;
/** A failure is told to those who ask on for it, and then tried anew. */
const failureMs = 10_000;

/** What those are told whose explanation ends with the server. */
export const stopping = () => explanationError('serving.explanation.busy', 'The server is stopping.');

export function createExplanationDesk<T>(): ExplanationDesk<T> {
  const jobs = new Map<string, Job<T>>();
  const forgetting = new Set<NodeJS.Timeout>();
  let tail: Promise<unknown> = Promise.resolve();
  let begun = 0;
  let ended = 0;
  let isClosed = false;

  const forget = (key: string, job: Job<T>) => {
    const timer = setTimeout(() => {
      forgetting.delete(timer);
      if (jobs.get(key) === job) jobs.delete(key);
    }, failureMs).unref();
    forgetting.add(timer);
  };
  const begin = (key: string, work: (progress: Progress) => Promise<T>): Job<T> => {
    if (begun - ended >= mostWaiting)
      throw explanationError(
        'serving.explanation.busy',
        `${begun - ended} explanations are waiting already.`,
      );
    const progress: Progress = { done: 0, total: 0, mustEnd: false };
    const result = tail.then(() => {
      if (isClosed) throw stopping();
      return work(progress);
    });
    const job: Job<T> = { result, number: begun++, progress, isDone: false };
    tail = result.then(
      () => {
        job.isDone = true;
        ended++;
      },
      () => {
        ended++;
        forget(key, job);
      },
    );
    jobs.set(key, job);
    for (const [old, { isDone }] of jobs) {
      if (jobs.size <= mostKept) break;
      if (isDone) jobs.delete(old);
    }
    return job;
  };
  return {
    async ask(key, waitMs, work) {
      const known = jobs.get(key);
      if (known?.isDone) return { state: 'done', result: await known.result, isKept: true };
      const job = known ?? begin(key, work);
      const stop = new AbortController();
      const late = pause(waitMs, 'late' as const, { signal: stop.signal }).catch(() => 'late' as const);
      try {
        const first = await Promise.race([job.result.then((result) => ({ result })), late]);
        if (first !== 'late') return { state: 'done', result: first.result, isKept: false };
        const { done, total } = job.progress;
        return { state: 'running', waiting: Math.max(0, job.number - ended), done, total };
      } finally {
        stop.abort();
      }
    },
    clear: () => jobs.clear(),
    async close() {
      isClosed = true;
      for (const timer of forgetting) clearTimeout(timer);
      for (const { progress } of jobs.values()) progress.mustEnd = true;
      await tail;
    },
  };
}
