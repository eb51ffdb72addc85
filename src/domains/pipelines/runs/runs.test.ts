import { setTimeout as delay } from 'node:timers/promises';
import Type from 'typebox';
import { afterEach, expect, it } from 'vitest';
import { describeOnEachDatabase, type OpenPlatform } from '../../../../test/databases.ts';
import { eventually } from '../../../../test/eventually.ts';
import type { Json, JsonObject } from '../../../platform/json.ts';
import { listEvents, record } from '../../../platform/ledger/index.ts';
import type { Platform } from '../../../platform/platform.ts';
import { createReactors } from '../../../platform/reactors/reactors.ts';
import { transact } from '../../../platform/scope.ts';
import { createPipelinesDomain } from '../index.ts';
import { type StepKind, stepOutcome } from '../steps.ts';

type Harness = Awaited<ReturnType<typeof startHarness>>;

const open = Type.Object({}, { additionalProperties: true });

/** Kinds that do what the test says and remember how often. */
function testKinds(counts: Record<string, number>): StepKind[] {
  const count = (name: string) => {
    counts[name] = (counts[name] ?? 0) + 1;
    return counts[name];
  };
  return [
    {
      name: 'test/echo',
      version: '1',
      runs: 'server',
      inputs: open,
      cached: true,
      execute: async ({ input, log }) => {
        count('echo');
        log(`echo ${JSON.stringify(input)}`);
        return { outputs: input, uses: ['dataset:flights@1'] };
      },
    },
    {
      name: 'test/flaky',
      version: '1',
      runs: 'server',
      inputs: Type.Object({ fail: Type.Integer() }, { additionalProperties: false }),
      execute: async ({ input }) => {
        if (count('flaky') <= Number(input.fail)) throw new Error('not yet');
        return { outputs: { tries: counts.flaky } };
      },
      commit: async (tx, result) => {
        count('commit');
        await record(tx, { type: 'test.thing.made', subject: 'thing:1', data: result.outputs });
        return { committed: true };
      },
    },
    {
      name: 'test/gate',
      version: '1',
      runs: 'server',
      inputs: open,
      execute: async () => ({ outputs: { verdict: 'no-go' }, stopped: 'AUC is below the champion' }),
    },
    {
      name: 'test/ask',
      version: '1',
      runs: 'server',
      inputs: open,
      execute: async () => ({ outputs: {} }),
      commit: async () => stepOutcome({ outputs: { asked: true }, awaiting: 'approval:a1' }),
    },
    {
      name: 'test/slow',
      version: '1',
      runs: 'server',
      inputs: open,
      execute: ({ signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('told to end'))),
        ),
    },
  ];
}

async function startHarness(platform: Platform) {
  const counts: Record<string, number> = {};
  const domain = createPipelinesDomain(platform);
  domain.registerSteps(testKinds(counts));
  for (const kind of domain.jobs ?? []) platform.jobs.define(kind);
  const reactors = createReactors(platform, domain.reactors ?? []);
  const scope = platform.systemScope('user:local');
  await domain.start?.(scope);
  await platform.jobs.start();
  await reactors.start();
  const stop = async () => {
    await platform.jobs.stop({ graceMs: 500 });
    await reactors.stop();
    await domain.stop?.();
  };
  return { platform, domain, reactors, scope, counts, stop };
}

function ended(h: Harness, id: string) {
  return eventually(async () => {
    const found = await h.domain.getRun(h.scope, id);
    expect(['succeeded', 'failed', 'stopped', 'cancelled']).toContain(found.run.state);
    return found;
  });
}

async function runOnce(h: Harness, jobs: Json, params: JsonObject = {}, more: JsonObject = {}) {
  await h.domain.putPipeline(h.scope, 'p', { ...more, jobs });
  const { id } = await h.domain.startRun(h.scope, { pipeline: 'p', params });
  return ended(h, id);
}

const statesOf = (steps: { key: string; state: string }[]) =>
  Object.fromEntries(steps.map((s) => [s.key, s.state]));
const outputsOf = (step: { outputs: string | null } | undefined) =>
  JSON.parse(step?.outputs ?? '{}') as JsonObject;

function withHarness(openPlatform: OpenPlatform) {
  const open: Harness[] = [];
  afterEach(async () => {
    for (const h of open.splice(0)) await h.stop();
  });
  return async () => {
    const { createPipelineTables } = await import('../migrations/pipelines-001-runs.ts');
    const h = await startHarness(await openPlatform([createPipelineTables]));
    open.push(h);
    return h;
  };
}

describeOnEachDatabase('pipeline runs', (openPlatform) => {
  const start = withHarness(openPlatform);

  it('passes params and outputs along and records what happened', async () => {
    const h = await start();
    const jobs = {
      a: { uses: 'test/echo', with: { x: '${{ params.x }}', text: 'x=${{ params.x }}' } },
      b: { needs: 'a', uses: 'test/echo', with: { y: '${{ jobs.a.outputs.x }}', run: '${{ run.id }}' } },
    };
    const { run, steps } = await runOnce(h, jobs, { x: 3 }, { params: { x: { type: 'number' } } });
    expect(run.state).toBe('succeeded');
    expect(outputsOf(steps[0])).toEqual({ x: 3, text: 'x=3' });
    expect(outputsOf(steps[1])).toEqual({ y: 3, run: run.id });
    const events = await listEvents(h.scope, { types: ['pipelines.*'], order: 'oldest' });
    expect(events.map((event) => event.type)).toEqual([
      'pipelines.pipeline.created',
      'pipelines.run.started',
      'pipelines.step.finished',
      'pipelines.step.finished',
      'pipelines.run.succeeded',
    ]);
    expect(events[3].uses).toEqual(['dataset:flights@1', `step:${run.id}/a`]);
    expect(events[1].uses).toEqual(['pipeline:p@1']);
    expect(events[2].cause).toBe(events[1].id);
    expect(events[4].cause).toBe(events[3].id);
    expect(events[1].actor).toBe('user:local');
  });

  it('takes earlier results of equal input and says why it cannot', async () => {
    const h = await start();
    const jobs = { a: { uses: 'test/echo', with: { x: '${{ params.x }}' } } };
    const more = { params: { x: { type: 'number' }, y: { type: 'number', default: 0 } } };
    const first = await runOnce(h, jobs, { x: 1 }, more);
    expect(JSON.parse(first.steps[0].cache_why ?? '')).toEqual(['This step has not run before.']);
    const second = await runOnce(h, jobs, { x: 1, y: 5 }, more);
    expect(second.steps[0]).toMatchObject({ state: 'cached', outputs: '{"x":1}' });
    expect(h.counts.echo).toBe(1);
    const third = await runOnce(h, jobs, { x: 2 }, more);
    expect(JSON.parse(third.steps[0].cache_why ?? '')).toEqual(['input.x was 1, is 2']);
    const { id } = await h.domain.startRun(h.scope, { pipeline: 'p', params: { x: 1 }, noCache: true });
    expect((await ended(h, id)).steps[0].state).toBe('succeeded');
    expect(h.counts.echo).toBe(3);
  });

  it('retries, commits once, and fails after the last attempt; then resumes from there', async () => {
    const h = await start();
    const jobs = {
      first: { uses: 'test/echo', with: { n: 1 }, cache: false },
      flaky: { needs: ['first'], uses: 'test/flaky', with: { fail: 3 }, retries: 1, 'retry-delay': '10ms' },
      after: { needs: ['flaky'], uses: 'test/echo', with: { tries: '${{ jobs.flaky.outputs.tries }}' } },
      cleanup: { needs: ['flaky'], if: 'failure()', uses: 'test/echo', with: { sad: true } },
    };
    const { run, steps } = await runOnce(h, jobs);
    expect(run.state).toBe('failed');
    expect(statesOf(steps)).toEqual({
      first: 'succeeded',
      flaky: 'failed',
      after: 'skipped',
      cleanup: 'succeeded',
    });
    expect(steps[1]).toMatchObject({ attempt: 2, failures: 2 });
    expect(JSON.parse(steps[1].error ?? '')).toMatchObject({ message: 'not yet' });
    expect(run.reason).toBe('flaky: not yet');
    await h.domain.resumeRun(h.scope, run.id);
    const resumed = await ended(h, run.id);
    expect(resumed.run.state).toBe('succeeded');
    expect(resumed.steps[1]).toMatchObject({ state: 'succeeded', attempt: 4 });
    expect(outputsOf(resumed.steps[2])).toEqual({ tries: 4 });
    expect(h.counts).toMatchObject({ commit: 1, flaky: 4 });
    expect(await listEvents(h.scope, { types: ['test.thing.made'] })).toHaveLength(1);
    await expect(h.domain.resumeRun(h.scope, run.id)).rejects.toMatchObject({
      code: 'pipelines.run.not_resumable',
    });
  });

  it('ends as stopped when a step says so', async () => {
    const h = await start();
    const jobs = {
      gate: { uses: 'test/gate' },
      deploy: { needs: 'gate', uses: 'test/echo' },
      tell: { needs: 'gate', if: 'always()', uses: 'test/echo', with: { was: '${{ jobs.gate.result }}' } },
    };
    const { run, steps } = await runOnce(h, jobs);
    expect(run).toMatchObject({ state: 'stopped', reason: 'gate: AUC is below the champion' });
    expect(statesOf(steps)).toEqual({ gate: 'stopped', deploy: 'skipped', tell: 'succeeded' });
    expect(outputsOf(steps[2])).toEqual({ was: 'stopped' });
  });

  it('fans out over a matrix, also one made by a step, and gathers the outputs', async () => {
    const h = await start();
    const jobs = {
      list: { uses: 'test/echo', with: { sizes: [1, 2, 3] } },
      each: {
        needs: 'list',
        uses: 'test/echo',
        with: { size: '${{ matrix.size }}' },
        strategy: { matrix: { size: '${{ jobs.list.outputs.sizes }}' }, 'max-parallel': 2 },
      },
      pairs: {
        uses: 'test/echo',
        with: { v: '${{ matrix.a }}${{ matrix.b }}' },
        strategy: { matrix: { a: [1, 2], b: ['x', 'y'] } },
      },
      gather: {
        needs: ['each', 'pairs'],
        uses: 'test/echo',
        with: { sizes: '${{ jobs.each.outputs.size }}', v: '${{ jobs.pairs.outputs.v }}' },
      },
    };
    const { run, steps } = await runOnce(h, jobs);
    expect(run.state).toBe('succeeded');
    expect(outputsOf(steps.find((step) => step.key === 'gather'))).toEqual({
      sizes: [1, 2, 3],
      v: ['1x', '1y', '2x', '2y'],
    });
  });

  it('waits for an approval without a worker, goes on when granted and stops when rejected', async () => {
    const h = await start();
    const jobs = {
      ask: { uses: 'test/ask' },
      go: { needs: 'ask', uses: 'test/echo', with: { ok: '${{ jobs.ask.outputs.approved }}' } },
    };
    const decide = (verb: string) =>
      transact(h.scope, (tx) =>
        record(tx, {
          type: `governance.approval.${verb}`,
          subject: 'approval:a1',
          data: { reason: 'because' },
        }),
      );
    const waiting = async () => {
      await h.domain.putPipeline(h.scope, 'p', { jobs });
      const { id } = await h.domain.startRun(h.scope, { pipeline: 'p' });
      await eventually(async () => {
        const { steps } = await h.domain.getRun(h.scope, id);
        expect(steps[0]?.state).toBe('awaiting-approval');
      });
      return id;
    };
    const id = await waiting();
    await h.platform.jobs.idle();
    expect((await h.platform.jobs.count(h.scope)).running ?? 0).toBe(0);
    await decide('rejected');
    expect((await ended(h, id)).run).toMatchObject({ state: 'stopped', reason: 'because' });
    await h.platform.db
      .deleteFrom('ledger_events')
      .where('type', '=', 'governance.approval.rejected')
      .execute();
    const second = await waiting();
    await decide('granted');
    const { run, steps } = await ended(h, second);
    expect(run.state).toBe('succeeded');
    expect(outputsOf(steps[1])).toEqual({ ok: true });
    // Decided before it was asked: it does not wait.
    const { id: third } = await h.domain.startRun(h.scope, { pipeline: 'p' });
    expect((await ended(h, third)).run.state).toBe('succeeded');
  });

  it('cancels, times out, and runs one run at a time', async () => {
    const h = await start();
    await h.domain.putPipeline(h.scope, 'p', {
      jobs: { slow: { uses: 'test/slow' }, next: { needs: 'slow', uses: 'test/echo' } },
    });
    const first = await h.domain.startRun(h.scope, { pipeline: 'p' });
    await delay(2);
    const second = await h.domain.startRun(h.scope, { pipeline: 'p' });
    await eventually(async () =>
      expect((await h.domain.getRun(h.scope, first.id)).steps[0]?.state).toBe('running'),
    );
    expect((await h.domain.getRun(h.scope, second.id)).run.state).toBe('queued');
    await h.domain.cancelRun(h.scope, first.id);
    const { run, steps } = await ended(h, first.id);
    expect(run.state).toBe('cancelled');
    expect(statesOf(steps)).toEqual({ slow: 'cancelled', next: 'cancelled' });
    await eventually(async () =>
      expect((await h.domain.getRun(h.scope, second.id)).run.state).toBe('running'),
    );
    await h.domain.cancelRun(h.scope, second.id);
    await ended(h, second.id);
    const late = await runOnce(h, { slow: { uses: 'test/slow', timeout: '100ms' } });
    expect(late.run.state).toBe('failed');
    expect(JSON.parse(late.steps[0].error ?? '')).toMatchObject({ code: 'pipelines.step.timeout' });
  });

  it('starts by events: once each, queued ones of a trigger become one, with a cooldown', async () => {
    const h = await start();
    const happen = (type: string, data: JsonObject) =>
      transact(h.scope, (tx) => record(tx, { type, subject: 'x:1', data }));
    await h.domain.putPipeline(h.scope, 'train', {
      on: {
        data: { dataset: 'flights', params: { why: '${{ event.data.version }}' } },
        incident: { deployment: 'd', cooldown: '1h', params: { why: '${{ event.type }}' } },
      },
      params: { why: { type: 'json', default: null } },
      jobs: { wait: { uses: 'test/slow' } },
    });
    const opened = await happen('monitoring.incident.opened', { deployment: 'd', incident: 'i1' });
    await happen('monitoring.incident.opened', { deployment: 'd', incident: 'i2' });
    await happen('monitoring.incident.opened', { deployment: 'other' });
    await h.reactors.settled();
    await happen('data.version.created', { dataset: 'flights', version: 1 });
    const newest = await happen('data.version.created', { dataset: 'flights', version: 2 });
    await h.reactors.settled();
    await h.platform.jobs.wake();
    const rows = await eventually(async () => {
      const found = await h.platform.db.selectFrom('pipelines_runs').selectAll().orderBy('id').execute();
      expect(found.map((run) => run.state)).toEqual(['running', 'queued']);
      return found;
    });
    expect(rows[0]).toMatchObject({
      trigger_kind: 'incident',
      cause: opened.id,
      params: '{"why":"monitoring.incident.opened"}',
    });
    expect(rows[1]).toMatchObject({
      trigger_kind: 'data',
      cause: newest.id,
      params: '{"why":2}',
      coalesced: 1,
    });
    const [started] = await listEvents(h.scope, { types: ['pipelines.run.started'] });
    expect(started.cause).toBe(opened.id);
    for (const run of [...rows].reverse()) await h.domain.cancelRun(h.scope, run.id);
  });

  it('runs shell steps by the manifest contract, keeps their files, reads their progress and log', async () => {
    const h = await start();
    const script = `
      echo "hello $NAME"
      node -e '
        const fs = require("fs"), m = JSON.parse(fs.readFileSync(process.env.HOUSTON_STEP_MANIFEST))
        fs.appendFileSync(m.progress, JSON.stringify({ progress: 0.5, note: "half" }) + "\\n")
        fs.writeFileSync(m.outputDir + "/out.txt", "made by " + m.key)
        fs.writeFileSync(m.outputs, JSON.stringify({ outputs: { secret: process.env.HOUSTON_TEST_SECRET ?? null, got: m.input.x }, files: { text: "out.txt" } }))
      '
      sleep 0.4`;
    process.env.HOUSTON_TEST_SECRET = 'hidden';
    const jobs = {
      make: { run: script, env: { NAME: '${{ params.name }}' }, with: { x: 7 } },
      read: {
        needs: 'make',
        run: 'node -e \'const fs=require("fs"),m=JSON.parse(fs.readFileSync(process.env.HOUSTON_STEP_MANIFEST));fs.writeFileSync(m.outputs,JSON.stringify({outputs:{read:fs.readFileSync(m.input.file.path,"utf8")}}))\'',
        with: { file: '${{ jobs.make.outputs.text }}' },
      },
    };
    const { run, steps } = await runOnce(h, jobs, { name: 'you' }, { params: { name: { type: 'string' } } });
    expect(run).toMatchObject({ state: 'succeeded' });
    const made = outputsOf(steps[0]);
    expect(made).toMatchObject({ secret: null, got: 7, text: { size: 12 } });
    expect(outputsOf(steps[1])).toEqual({ read: 'made by make' });
    expect(steps[0]).toMatchObject({ engine: 'local', note: 'half' });
    const failing = await runOnce(h, {
      bad: { run: 'echo oh no >&2; exit 3' },
      esc: {
        run: 'echo "{\\"files\\":{\\"a\\":\\"/etc/passwd\\"}}" > $(node -p "JSON.parse(require(\\"fs\\").readFileSync(process.env.HOUSTON_STEP_MANIFEST)).outputs")',
      },
    });
    expect(failing.run.state).toBe('failed');
    expect(JSON.parse(failing.steps[0].error ?? '')).toMatchObject({
      message: 'The program ended with exit code 3.',
    });
    expect(JSON.parse(failing.steps[1].error ?? '')).toMatchObject({ code: 'pipelines.step.output_invalid' });
    const again = await runOnce(h, {
      again: {
        run: 'test "$(node -p "JSON.parse(require(\\"fs\\").readFileSync(process.env.HOUSTON_STEP_MANIFEST)).attempt")" = 2 || exit 75',
      },
    });
    expect(again.run.state).toBe('succeeded');
    expect(again.steps[0].attempt).toBe(2);
  });

  it('fails a step whose job has died, so that no run waits for ever', async () => {
    const h = await start();
    await h.domain.putPipeline(h.scope, 'p', { jobs: { slow: { uses: 'test/slow' } } });
    const { id } = await h.domain.startRun(h.scope, { pipeline: 'p' });
    const step = await eventually(async () => {
      const [found] = (await h.domain.getRun(h.scope, id)).steps;
      expect(found?.state).toBe('running');
      return found;
    });
    const { failOrphanedSteps } = await import('./reconcile.ts');
    await failOrphanedSteps(h.scope);
    expect((await h.domain.getRun(h.scope, id)).run.state).toBe('running');
    await h.platform.db
      .updateTable('jobs')
      .set({ state: 'dead', error: 'Its server died 26 times while it ran.' })
      .where('id', '=', step.job_id ?? '')
      .execute();
    await failOrphanedSteps(h.scope);
    const { run } = await h.domain.getRun(h.scope, id);
    expect(run).toMatchObject({ state: 'failed', reason: 'slow: Its server died 26 times while it ran.' });
  });

  it('ends the whole process group of a cancelled step, and runs built-in process steps', async () => {
    const h = await start();
    const marker = `houston-test-${Math.random().toString(36).slice(2)}`;
    await h.domain.putPipeline(h.scope, 'p', {
      jobs: {
        a: { run: `sh -c 'exec -a ${marker} sleep 60' & sleep 60` },
        w: { uses: 'pipelines/wait', with: { seconds: 0.3 } },
      },
    });
    const { id } = await h.domain.startRun(h.scope, { pipeline: 'p' });
    await eventually(async () =>
      expect((await h.domain.getRun(h.scope, id)).steps[1]?.state).toBe('succeeded'),
    );
    await h.domain.cancelRun(h.scope, id);
    const { run, steps } = await ended(h, id);
    expect(run.state).toBe('cancelled');
    expect(statesOf(steps)).toEqual({ a: 'cancelled', w: 'succeeded' });
    const { execFileSync } = await import('node:child_process');
    await eventually(() =>
      expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain(marker),
    );
  });
});
