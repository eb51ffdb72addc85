import { isDisconnected } from '../../../platform/db/disconnected.ts';
import { errorText } from '../../../platform/log.ts';
import type { Platform } from '../../../platform/platform.ts';
import type { Scope } from '../../../platform/scope.ts';

/**
 * What has happened and must be written, although the database may be away: it is written in order, as soon as the
 * database takes it. What is still waiting when the process ends is lost, but for the log.
 */
export type LateWrites = {
  push(what: string, write: (scope: Scope) => Promise<unknown>): void;
  /** Resolves when nothing waits any more. */
  settled(): Promise<void>;
  stop(): Promise<void>;
};

const mostWaiting = 1000;
const firstPauseMs = 200;
const longestPauseMs = 2000;
/** A write that the database refuses for its own sake is given up after so many tries. */
const mostTries = 5;

export function createLateWrites(platform: Platform): LateWrites {
  const waiting: { what: string; write: (scope: Scope) => Promise<unknown> }[] = [];
  let running: Promise<void> | undefined;
  let isStopped = false;
  let wake: () => void = () => {};

  const drain = async () => {
    let pauseMs = firstPauseMs;
    let tries = 0;
    while (waiting.length > 0) {
      const [{ what, write }] = waiting;
      try {
        await write(platform.systemScope('system:serving'));
        waiting.shift();
        tries = 0;
        pauseMs = firstPauseMs;
      } catch (error) {
        if (!isDisconnected(error) && ++tries === mostTries) {
          platform.log.error('a write was given up', { what, error: errorText(error) });
          waiting.shift();
          tries = 0;
          continue;
        }
        platform.log.warn('a write waits for the database', { what, error: errorText(error) });
        if (isStopped) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, pauseMs).unref();
        });
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      }
    }
  };
  const start = () => {
    running ??= drain().finally(() => {
      running = undefined;
      if (waiting.length > 0 && !isStopped) start();
    });
    return running;
  };

  return {
    push(what, write) {
      if (isStopped) return;
      if (waiting.length >= mostWaiting) {
        const dropped = waiting.shift();
        platform.log.error('a write was given up: too many wait for the database', { what: dropped?.what });
      }
      waiting.push({ what, write });
      void start();
    },
    async settled() {
      while (waiting.length > 0) await start();
    },
    async stop() {
      isStopped = true;
      wake();
      await running;
    },
  };
}
