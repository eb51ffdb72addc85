import { record } from '../../../platform/ledger/index.ts';
import type { Scope } from '../../../platform/scope.ts';
import { transact, withCause } from '../../../platform/scope.ts';
import { getPipeline } from '../definitions/definitions.service.ts';
import { advanceRun } from './advance.ts';
import * as store from './runs.store.ts';
import { failed } from './step-context.ts';

/**
 * Ends steps whose job can no longer end them: it is dead, because its server died too often while it ran, or it
 * is gone. Without this a run could wait for ever.
 */
export async function failOrphanedSteps(scope: Scope): Promise<void> {
  for (const run of await store.listRuns(scope.db, { state: 'running', limit: 1000 })) {
    for (const step of await store.listSteps(scope.db, run.id)) {
      if ((step.state !== 'ready' && step.state !== 'running') || step.job_id === null) continue;
      const job = await scope.platform.jobs.get(scope, step.job_id);
      if (job?.state === 'queued' || job?.state === 'running') continue;
      await failStep(scope, run.id, step.key, step.job_id, job?.error ?? 'Its job is gone.');
    }
  }
}

function failStep(scope: Scope, runId: string, key: string, jobId: string, why: string): Promise<void> {
  return transact(scope, async (tx) => {
    const run = await store.lockRun(tx.db, runId);
    const step = await store.findStep(tx.db, runId, key);
    // It may have gone on since it was looked at.
    const isSame = step?.job_id === jobId && (step.state === 'ready' || step.state === 'running');
    const job = await tx.platform.jobs.get(tx, jobId);
    if (!run || !isSame || job?.state === 'queued' || job?.state === 'running') return;
    const { retry: _retry, ...error } = failed('pipelines.step.failed', why);
    const values = { state: 'failed' as const, ended_at: tx.now(), error: JSON.stringify(error) };
    await store.updateStep(tx.db, runId, key, values);
    const event = await record(withCause(tx, run.started_event), {
      type: 'pipelines.step.finished',
      subject: `step:${runId}/${key}`,
      data: { run: runId, pipeline: run.pipeline, step: key, state: 'failed', error: why },
    });
    const { spec } = await getPipeline(tx, run.pipeline, run.revision);
    await advanceRun(withCause(tx, event.id), runId, spec);
  });
}
