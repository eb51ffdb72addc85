import type { JobKind } from '../../../platform/jobs/jobs.ts';
import { errorText } from '../../../platform/log.ts';
import { authorise, type Scope } from '../../../platform/scope.ts';
import { getDeployment } from '../deployments.service.ts';
import type { ServingState } from '../serving.state.ts';
import { deploymentsWithRetention, expire } from './retention.service.ts';

const retentionJob = 'serving/retention';
const day = 86_400_000;
/** A start does not begin with it. */
const firstMs = 600_000;

type Payload = { deployment?: string };

/** Removes what is past its time: of one deployment when asked to, of all of them once a day. */
export function retentionJobKind(state: ServingState): JobKind {
  return {
    kind: retentionJob,
    atStop: 'release',
    async run(scope, payload, job) {
      const { deployment } = payload as Payload;
      const names = deployment === undefined ? await deploymentsWithRetention(scope) : [deployment];
      for (const [i, name] of names.entries()) {
        job.signal.throwIfAborted();
        await expire(state, scope, name, (note) => job.progress(i / names.length, note)).catch((error) => {
          // One log that cannot be changed does not keep the others from it.
          if (deployment !== undefined) throw error;
          scope.log.error('records could not be expired', { deployment: name, error: errorText(error) });
        });
      }
      if (deployment === undefined) await scheduleRetention(scope, scope.now() + day);
    },
  };
}

/** The next daily run, once however often the server starts. */
export async function scheduleRetention(scope: Scope, notBefore = scope.now() + firstMs): Promise<void> {
  await scope.platform.jobs.enqueue(scope, {
    kind: retentionJob,
    key: `${retentionJob}:daily`,
    payload: {},
    notBefore,
  });
}

/** Runs the rules of one deployment now; returns the job. */
export async function startRetention(scope: Scope, deployment: string): Promise<string> {
  authorise(scope, 'serving.erase');
  await getDeployment(scope, deployment);
  return scope.platform.jobs.enqueue(scope, {
    kind: retentionJob,
    key: `${retentionJob}:${deployment}`,
    payload: { deployment },
  });
}
