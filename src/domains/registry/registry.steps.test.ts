import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../test/databases.ts';
import type { JsonObject } from '../../platform/json.ts';
import { listEvents, why } from '../../platform/ledger/index.ts';
import type { Platform } from '../../platform/platform.ts';
import { type Scope, transact } from '../../platform/scope.ts';
import { processSteps as experimentSteps } from '../experiments/experiments.process-steps.ts';
import { createExperimentsDomain } from '../experiments/index.ts';
import {
  type FileRef,
  type StepContext,
  type StepKind,
  StepOutcome,
  type StepResult,
} from '../pipelines/index.ts';
import { createRegistryDomain } from './index.ts';
import { processSteps as registrySteps } from './registry.process-steps.ts';

/** Runs a step as the pipelines would: prepare, execute, files to blobs, commit in one transaction. */
async function runStep(
  scope: Scope,
  kind: StepKind,
  values: JsonObject,
): Promise<JsonObject & { stopped?: string }> {
  const run: StepContext = {
    runId: 'run_1',
    pipeline: 'flights',
    revision: 1,
    step: kind.name,
    attempt: 1,
    runSubject: 'run:run_1',
    stepSubject: `step:run_1/${kind.name}`,
    params: {},
    matrix: {},
    with: values,
  };
  const input = kind.prepare ? await kind.prepare(scope, values, run) : values;
  const signal = new AbortController().signal;
  const base = { input, log: () => {}, progress: () => {}, signal };
  let result: StepResult;
  if (kind.runs === 'server') result = await kind.execute({ ...base, scope, run });
  else {
    const outputDir = mkdtempSync(join(tmpdir(), 'houston-step-'));
    const program = experimentSteps[kind.name] ?? registrySteps[kind.name];
    result = await program!({ ...base, outputDir });
  }
  const files: Record<string, FileRef> = {};
  for (const [name, path] of Object.entries(result.files ?? {}))
    files[name] = await scope.platform.blobs.putFile(path);
  const outputs = { ...result.outputs, ...files } as JsonObject;
  return transact(scope, async (tx) => {
    const committed = await kind.commit?.(tx, { outputs, files, uses: [], input }, run);
    if (committed instanceof StepOutcome) {
      return {
        ...outputs,
        ...committed.outputs,
        ...(committed.stopped !== undefined && { stopped: committed.stopped }),
      };
    }
    return { ...outputs, ...committed };
  });
}

/** 12,000 rows where `a` matters, `b` does not; labels may be shuffled. */
async function makeTable(platform: Platform, rows: [number, number], shuffled = false): Promise<FileRef> {
  const path = join(mkdtempSync(join(tmpdir(), 'houston-table-')), 't.parquet');
  const chance = shuffled ? '0.3' : '1 / (1 + exp(-(1.5 * a - 1)))';
  await platform.tables.run(`
    COPY (
      SELECT make_timestamp(i * 60000000) AS __time, ((hash(i, 7) % 1000) / 1000.0 < ${chance})::INTEGER AS __label,
        'X' || (i % 3) AS __slice_airport, a::FLOAT AS a, b::FLOAT AS b
      FROM (
        SELECT i, (hash(i, 1) % 1000) / 500.0 - 1 AS a, nullif((hash(i, 2) % 1000) / 500.0 - 1, 0) AS b
        FROM range(${rows[0]}, ${rows[1]}) r(i)
      )
    ) TO '${path}' (FORMAT parquet)`);
  return platform.blobs.putFile(path);
}

describeOnEachDatabase('from training to verdict', (open) => {
  let platform: Platform;
  let scope: Scope;
  let steps: Map<string, StepKind>;
  let domains: {
    registry: ReturnType<typeof createRegistryDomain>;
    experiments: ReturnType<typeof createExperimentsDomain>;
  };
  let train: FileRef;
  let test: FileRef;

  beforeAll(async () => {
    const experiments = createExperimentsDomain(undefined as unknown as Platform);
    const registry = createRegistryDomain(undefined as unknown as Platform, { experiments });
    domains = { experiments, registry };
    platform = await open([...experiments.migrations!, ...registry.migrations!]);
    scope = platform.systemScope('job:test');
    steps = new Map([...experiments.steps, ...registry.steps].map((step) => [step.name, step]));
    train = await makeTable(platform, [0, 12_000]);
    test = await makeTable(platform, [12_000, 18_000]);
  });

  const trainModel = (trainer: string, table: FileRef, more: JsonObject = {}) =>
    runStep(scope, steps.get('experiments/train')!, {
      table,
      trainer,
      dataset: 'flights@3',
      featureService: `delay@sha256:${'f'.repeat(64)}`,
      ...more,
    } as JsonObject);
  const exam = async (trained: JsonObject) => {
    const file = { candidate: trained.model!, runId: trained.runId! };
    const evaluated = await runStep(scope, steps.get('registry/evaluate')!, {
      model: 'delay',
      test,
      ...file,
    } as JsonObject);
    const registered = await runStep(scope, steps.get('registry/register')!, { model: 'delay', ...file });
    const judged = await runStep(scope, steps.get('registry/gate')!, {
      model: 'delay',
      version: registered.version!,
    });
    return { evaluated, registered, judged };
  };

  it('records a run, evaluates, registers with lineage, and passes', async () => {
    const trained = await trainModel('logistic-regression', train);
    const run = await domains.experiments.getRun(scope, String(trained.runId));
    expect(run).toMatchObject({
      experiment: 'flights',
      status: 'finished',
      params: { trainer: 'logistic-regression', l2: '1' },
    });
    expect(run.environment.node).toBe(process.versions.node);

    const { evaluated, registered, judged } = await exam(trained);
    expect(evaluated.metrics).toMatchObject({ auc: expect.closeTo(0.72, 1) });
    expect(registered).toMatchObject({ model: 'delay', version: 1 });
    expect(judged).toMatchObject({ verdict: 'go' });
    expect(judged.stopped).toBeUndefined();

    const version = await domains.registry.getVersion(scope, 'delay', 1);
    expect(version.lineage).toEqual({
      experimentRun: run.id,
      pipelineRun: 'run_1',
      dataset: 'flights@3',
      featureService: 'delay@ffffffffffff',
    });
    const profile = await domains.registry.profile(scope, version.trainingProfile!);
    expect(Object.keys(profile.features)).toEqual(['a', 'b']);
    expect(profile.score.counts.reduce((sum, count) => sum + count)).toBe(6000);
    // 6,000 minutes from 08:00 of the ninth day: the first and the last day are cut.
    const { length, items } = profile.chunks!;
    expect(length).toBe(86_400_000);
    expect(items.map(({ start, rows }) => [start / length, rows])).toEqual([
      [8, 960],
      [9, 1440],
      [10, 1440],
      [11, 1440],
      [12, 720],
    ]);
    expect(items[1]!.hours).toHaveLength(24);
    expect(items[1]!.features.a!.reduce((sum, count) => sum + count)).toBe(1440);
    const losses = items.flatMap(({ hours }) => hours).reduce((sum, { logLoss }) => sum + logLoss, 0);
    const { report } = (await domains.registry.latestEvaluation(scope, 'delay', version.digest))!;
    expect(losses / 6000).toBeCloseTo(report.candidate.logLoss.value!, 6);
    expect((await domains.experiments.getRun(scope, run.id)).metrics['test.auc']).toBeCloseTo(0.72, 1);
    const { nodes } = await why(scope, 'model:delay/1');
    expect(nodes.map(({ event }) => event.type)).toEqual(
      expect.arrayContaining([
        'registry.gate.passed',
        'registry.version.registered',
        'registry.evaluation.recorded',
      ]),
    );
  });

  it('stops a model of shuffled labels against the champion, and names the checks', async () => {
    await transact(scope, (tx) => domains.registry.setAlias(tx, 'delay', 'champion', 1));
    const shuffled = await makeTable(platform, [0, 12_000], true);
    const { judged, registered } = await exam(
      await trainModel('gradient-boosting', shuffled, { params: { trees: 10 } }),
    );
    expect(judged).toMatchObject({ verdict: 'no-go' });
    expect(judged.stopped).toMatch(/champion: Worse than the champion/);
    const verdict = await domains.registry.latestVerdict(scope, 'delay', Number(registered.version));
    expect(verdict).toMatchObject({ decision: 'no-go', champion: { version: 1 } });
    const [event] = await listEvents(scope, { types: ['registry.gate.refused'] });
    expect(event.subject).toBe(`model:delay/${registered.version}`);
  });

  it('stops a constant, and lets an equal model pass beside the champion', async () => {
    const constant = await exam(await trainModel('base-rate', train));
    expect(constant.judged.verdict).toBe('no-go');
    const equal = await exam(
      await trainModel('gradient-boosting', train, { params: { trees: 30, leaves: 4 }, seed: 2 }),
    );
    expect(equal.judged.verdict).toBe('go');
    const report = (await domains.registry.latestEvaluation(
      scope,
      'delay',
      (
        await domains.registry.getVersion(scope, 'delay', 'latest')
      ).digest,
    ))!.report;
    expect(report.slices.map(({ value }) => value).sort()).toEqual(['X0', 'X1', 'X2']);
    expect(report.importance[0]!.feature).toBe('a');
    expect(report.versusChampion!.auc.value).toBeCloseTo(0, 1);
  });

  it('trains the same bytes again from the same input', async () => {
    const once = await trainModel('gradient-boosting', train, { params: { trees: 5 }, seed: 3 });
    const twice = await trainModel('gradient-boosting', train, { params: { trees: 5 }, seed: 3 });
    expect(twice.model).toEqual(once.model);
    await expect(trainModel('gradient-boosting', train, { params: { wood: 1 } })).rejects.toThrow(
      'no parameter "wood"',
    );
    await expect(trainModel('gradient-boosting', train, { label: 'nowhere' })).rejects.toThrow(
      'no column "nowhere"',
    );
  });
});
