import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessSteps } from './steps.ts';

/** Steps of this domain that run in processes of their own. */
export const processSteps: ProcessSteps = {
  /** Waits, showing its progress; for pipelines that must give the world time, and for trying out an engine. */
  'pipelines/wait': async ({ input, log, progress, signal }) => {
    const seconds = Number(input.seconds ?? 0);
    const begin = Date.now();
    log(`waiting ${seconds} s`);
    for (let gone = 0; gone < seconds; gone = (Date.now() - begin) / 1000) {
      progress(gone / seconds, `${gone.toFixed(0)} of ${seconds} s`);
      await delay(Math.min(250, (seconds - gone) * 1000), undefined, { signal });
    }
    return { outputs: { seconds } };
  },
};
