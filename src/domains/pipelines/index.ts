import { availableParallelism } from 'node:os';
import Type from 'typebox';
import { dataFolder } from '../../platform/config.ts';
import type { Engine } from '../../platform/engines/engine.ts';
import { createLocalEngine } from '../../platform/engines/local-engine.ts';
import type { JobKind } from '../../platform/jobs/jobs.ts';
import type { Json } from '../../platform/json.ts';
import { errorText } from '../../platform/log.ts';
import type { DomainModule } from '../../platform/module.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Scope } from '../../platform/scope.ts';
import { type ApprovalPort, approvalStep } from './approval-step.ts';
import { PipelineSpec } from './definitions/definition.contract.ts';
import { putPipeline } from './definitions/definitions.service.ts';
import { type Definition, listDefinitions } from './definitions/definitions.store.ts';
import { createPipelineTables } from './migrations/pipelines-001-runs.ts';
import { pipelinesRoutes } from './pipelines.routes.ts';
import type { RunRow, StepRow } from './pipelines.tables.ts';
import { admitJob, stepJobs } from './runs/advance.ts';
import { failOrphanedSteps } from './runs/reconcile.ts';
import { admitRuns, cancelRun, getRun, type NewRun, resumeRun, startRun } from './runs/runs.service.ts';
import { listSteps } from './runs/runs.store.ts';
import { createStepRunner, type StepPayload } from './runs/step-job.ts';
import { stepsOf } from './runs/step-registry.ts';
import { fireDue } from './schedules.ts';
import type { StepKind } from './steps.ts';
import { pipelineReactors } from './triggers.reactors.ts';

export type { ApprovalPort, ApprovalQuestion } from './approval-step.ts';
export type { RunState, StepState } from './pipelines.contract.ts';
export type { RunRow as PipelineRun, StepRow as PipelineStep } from './pipelines.tables.ts';
export type { NewRun, Trigger } from './runs/runs.service.ts';
export * from './steps.ts';

/** What other domains may do with pipelines. That a run has ended they learn from the ledger (`pipelines.run.*`). */
export type PipelinesDoor = {
  /** Offers step kinds for `uses:`; before the server starts. */
  registerSteps(kinds: readonly StepKind[]): void;
  /** Names who keeps approvals, for `uses: pipelines/approval`. */
  connectApprovals(port: ApprovalPort): void;
  /** Declares a pipeline; an equal definition changes nothing. */
  putPipeline(scope: Scope, name: string, spec: Json): Promise<Definition>;
  /** Queues a run in the caller's transaction. `scope.cause` becomes the cause of the run. */
  startRun(scope: Scope, run: NewRun): Promise<RunRow>;
  getRun(scope: Scope, id: string): Promise<{ run: RunRow; steps: StepRow[] }>;
  cancelRun(scope: Scope, id: string): Promise<RunRow>;
  resumeRun(scope: Scope, id: string, options?: { latest?: boolean }): Promise<RunRow>;
};

export type PipelinesNeeds = { engine?: Engine; approvals?: ApprovalPort };

const tickMs = 1000;
const reconcileEveryMs = 60_000;

/** Pipelines: definitions, runs, steps, triggers. */
export function createPipelinesDomain(
  platform: Platform,
  needs: PipelinesNeeds = {},
): DomainModule & PipelinesDoor {
  const folder = dataFolder(platform.config, 'steps');
  const engine = needs.engine ?? createLocalEngine({ folder });
  const steps = stepsOf(platform);
  const ticker = createTicker(platform);
  let approvals = needs.approvals;
  steps.register([approvalStep(() => approvals), waitStep]);

  return {
    name: 'pipelines',
    migrations: [createPipelineTables],
    blobReferrers: [
      { table: 'pipelines_runs', column: 'params', holds: 'text' },
      { table: 'pipelines_steps', column: 'input', holds: 'text' },
      { table: 'pipelines_steps', column: 'outputs', holds: 'text' },
      { table: 'pipelines_cache', column: 'outputs', holds: 'text' },
    ],
    jobs: jobKinds(engine, folder),
    reactors: pipelineReactors,
    routes: (app) => pipelinesRoutes(app, platform, engine),
    declarables: [
      {
        kind: 'pipelines',
        schema: PipelineSpec,
        order: 60,
        list: async (scope) =>
          Object.fromEntries(
            (await listDefinitions(scope.db)).map(({ pipeline, spec }) => [
              pipeline,
              spec as unknown as Json,
            ]),
          ),
        apply: async (tx, name, spec) => void (await putPipeline(tx, name, spec, steps)),
      },
    ],
    start: ticker.start,
    stop: ticker.stop,
    registerSteps: steps.register,
    connectApprovals(port) {
      approvals = port;
    },
    putPipeline: (scope, name, spec) => putPipeline(scope, name, spec, steps),
    startRun,
    getRun: async (scope, id) => ({ run: await getRun(scope, id), steps: await listSteps(scope.db, id) }),
    cancelRun,
    resumeRun,
  };
}

function jobKinds(engine: Engine, folder: string): JobKind[] {
  const run = createStepRunner(engine, folder);
  // A step ends by its own rules; its job only repeats what the database or a shutdown interrupted.
  const backoff = (attempt: number) => Math.min(200 * 2 ** attempt, 30_000);
  const step = { attempts: 1_000, backoff, atStop: 'release' as const };
  return [
    {
      kind: admitJob,
      slots: 8,
      pool: 'pipelines',
      run: (scope, { pipeline }) => admitRuns(scope, String(pipeline)),
    },
    {
      ...step,
      kind: stepJobs.server,
      pool: 'pipelines',
      slots: 8,
      run: (scope, payload, job) => run(scope, payload as StepPayload, job),
    },
    {
      ...step,
      kind: stepJobs.process,
      pool: 'processes',
      slots: Math.max(2, availableParallelism()),
      // The process lives on while servers die; that says nothing against it.
      takeovers: 1_000,
      run: (scope, payload, job) => run(scope, payload as StepPayload, job),
    },
  ];
}

const waitStep: StepKind = {
  name: 'pipelines/wait',
  version: '1',
  summary: 'Wait for some seconds.',
  runs: 'process',
  cached: false,
  inputs: Type.Object(
    { seconds: Type.Number({ minimum: 0, maximum: 86_400 }) },
    { additionalProperties: false },
  ),
};

/** Looks once a second for schedules that are due, and once a minute for steps that nobody can end. */
function createTicker(platform: Platform) {
  const scope = platform.systemScope('system:schedules');
  let timer: NodeJS.Timeout | undefined;
  let ticking: Promise<void> = Promise.resolve();
  let stopped = true;
  let reconciled = 0;
  const started = platform.now();

  async function tick(): Promise<void> {
    try {
      await fireDue(scope, started);
      if (platform.now() - reconciled > reconcileEveryMs) {
        reconciled = platform.now();
        await failOrphanedSteps(scope);
      }
    } catch (error) {
      if (!stopped) platform.log.error('pipelines: the clock failed', { error: errorText(error) });
    }
    if (!stopped) schedule();
  }

  function schedule(): void {
    timer = setTimeout(() => {
      ticking = tick();
    }, tickMs);
    timer.unref();
  }

  return {
    async start() {
      stopped = false;
      schedule();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await ticking;
    },
  };
}
