import { listEvents, record } from '../../../platform/ledger/index.ts';
import { type Scope, transact, withCause } from '../../../platform/scope.ts';
import { getPipeline } from '../definitions/definitions.service.ts';
import { advanceRun } from './advance.ts';
import * as store from './runs.store.ts';

/** A person has decided: the step goes on, or ends its run as stopped. */
export function decideApproval(
  scope: Scope,
  subject: string,
  granted: boolean,
  reason: string | null,
): Promise<void> {
  return transact(scope, async (tx) => {
    for (const { run_id: id } of await store.stepsAwaiting(tx.db, subject)) {
      const run = await store.lockRun(tx.db, id);
      if (run?.state !== 'running') continue;
      const { spec } = await getPipeline(tx, run.pipeline, run.revision);
      const waiting = (await store.listSteps(tx.db, id)).filter(
        (step) => step.awaiting === subject && step.state === 'awaiting-approval',
      );
      for (const step of waiting) {
        const outputs = {
          ...store.parseObject(step.outputs),
          approval: subject.slice('approval:'.length),
          approved: granted,
        };
        await store.updateStep(tx.db, id, step.key, {
          state: granted ? 'succeeded' : 'stopped',
          outputs: JSON.stringify(outputs),
          note: reason,
          ended_at: tx.now(),
        });
        if (!granted) await store.updateRun(tx.db, id, { reason: reason ?? `${subject} was rejected` });
        const event = await record(tx, {
          type: 'pipelines.step.finished',
          subject: `step:${id}/${step.key}`,
          data: { run: id, pipeline: run.pipeline, step: step.key, state: granted ? 'succeeded' : 'stopped' },
          uses: [subject],
        });
        await advanceRun(withCause(tx, event.id), id, spec);
      }
    }
  });
}

/** The decision on an approval that fell before its step began to wait; null when there is none yet. */
export async function earlierDecision(tx: Scope, subject: string): Promise<{ granted: boolean } | null> {
  const types = ['governance.approval.granted', 'governance.approval.rejected'];
  const [event] = await listEvents(tx, { subject, types, limit: 1 });
  return event ? { granted: event.type.endsWith('.granted') } : null;
}
