import { errorText } from '../../../platform/log.ts';
import type { Scope } from '../../../platform/scope.ts';
import type { StepRow } from '../pipelines.tables.ts';
import type { StepProgress } from '../steps.ts';
import { updateProgress } from './runs.store.ts';

const everyMs = 500;

/** Writes how far a step is, at most twice a second. */
export function showProgress(scope: Scope, step: Pick<StepRow, 'run_id' | 'key' | 'attempt'>): StepProgress {
  let last = 0;
  return (fraction, note) => {
    const now = Date.now();
    if (now - last < everyMs) return;
    last = now;
    updateProgress(scope.db, step, { progress: fraction, note: note ?? null }).catch((error) =>
      scope.log.debug('pipelines: progress was not written', { step: step.key, error: errorText(error) }),
    );
  };
}
