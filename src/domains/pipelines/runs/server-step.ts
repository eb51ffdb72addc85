import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { JobContext } from '../../../platform/jobs/jobs.ts';
import type { JsonObject } from '../../../platform/json.ts';
import type { Scope } from '../../../platform/scope.ts';
import type { ServerStepKind } from '../steps.ts';
import { showProgress } from './progress.ts';
import { type Attempt, externalIdOf, failed, type Outcome } from './step-context.ts';

/** Runs a light step in this process, until it ends, its time is over, or it is told to end. */
export async function runInServer(
  scope: Scope,
  attempt: Attempt,
  job: JobContext,
  kind: ServerStepKind,
  input: JsonObject,
  folder: string,
): Promise<Outcome> {
  const log = openLog(join(folder, externalIdOf(attempt.step)));
  const timeout = timeoutSignal(attempt.deadline);
  const signal = AbortSignal.any([job.signal, timeout]);
  const interrupted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  interrupted.catch(() => {});
  try {
    const progress = showProgress(scope, attempt.step);
    const work = kind.execute({ scope, input, log, progress, run: attempt.context, signal });
    const result = await Promise.race([work, interrupted]);
    return { state: 'done', result, input };
  } catch (error) {
    if (!job.signal.aborted && timeout.aborted) return { state: 'failed', error: timedOut(attempt) };
    log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    throw error;
  }
}

/** A log file beside those of the local engine, so that both are read alike. */
function openLog(folder: string): (line: string) => void {
  const path = join(folder, 'log.txt');
  let made = false;
  return (line) => {
    if (!made) mkdirSync(folder, { recursive: true, mode: 0o700 });
    made = true;
    appendFileSync(path, `${line}\n`);
  };
}

/** Aborts at a time; never sooner than now, and not beyond what a timer can hold. */
export function timeoutSignal(deadline: number): AbortSignal {
  return AbortSignal.timeout(Math.min(Math.max(deadline - Date.now(), 1), 2 ** 31 - 1));
}

export function timedOut({ job }: Attempt) {
  return failed('pipelines.step.timeout', `The step ran longer than its timeout of ${job.timeout ?? '6h'}.`);
}
