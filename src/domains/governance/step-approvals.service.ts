import { roleNames } from '../../platform/auth/roles.ts';
import type { Reactor } from '../../platform/reactors/reactors.ts';
import { transact } from '../../platform/scope.ts';
import type { ApprovalPort } from '../pipelines/index.ts';
import { close, openApproval, personBehind } from './approvals.service.ts';
import { governanceError } from './governance.contract.ts';
import { pendingOfRun } from './governance.store.ts';

/** A week, as for promotions. */
const EXPIRES_AFTER_MS = 168 * 3_600_000;

/**
 * Approvals for `uses: pipelines/approval`: one person who holds one of the roles (default approver) and is not the one
 * who set the run in motion. Each attempt of a step asks anew.
 * @throws governance.role.unknown when the step names a role that nobody can hold.
 */
export const stepApprovals: ApprovalPort = {
  async request(tx, { subject, question, roles, run }) {
    const unknown = roles.find((role) => !roleNames.some((known) => known === role));
    if (unknown !== undefined) {
      throw governanceError('governance.role.unknown', `No user can hold the role "${unknown}".`);
    }
    const requester = await personBehind(tx);
    const approval = await openApproval(
      tx,
      {
        kind: 'step',
        key: ['step', run.runId, run.step, run.attempt].join('|'),
        subject,
        question,
        run: run.runId,
        step: run.step,
        required: 1,
        requester,
        roleNames: roles.length > 0 ? [...roles] : ['approver'],
        mayNot: [requester],
        expiresAfterMs: EXPIRES_AFTER_MS,
      },
      // The step itself is the cause, not a source.
      [run.runSubject, ...(subject === run.stepSubject ? [] : [subject])],
    );
    return `approval:${approval.id}`;
  },
};

/** A run that has ended asks nobody any more. */
export const endedRuns: Reactor = {
  name: 'governance.ended-runs',
  types: [
    'pipelines.run.cancelled',
    'pipelines.run.failed',
    'pipelines.run.stopped',
    'pipelines.run.succeeded',
  ],
  handle: (scope, event) =>
    transact(scope, async (tx) => {
      for (const row of await pendingOfRun(tx.db, String(event.data.run))) {
        const reason = `the run ${event.type.slice('pipelines.run.'.length)}`;
        await close(tx, row, 'superseded', { reason });
      }
    }),
};
