import { beforeAll, expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../test/databases.ts';
import { listEvents } from '../../platform/ledger/index.ts';
import { logisticRegressionToOnnx } from '../../platform/onnx/logistic-regression-onnx.ts';
import { type Scope, transact } from '../../platform/scope.ts';
import { listHeadlines, recordEvaluation } from './evaluation/evaluations.service.ts';
import { gate, latestVerdict } from './gate/gate.service.ts';
import { updateModel } from './models.store.ts';
import { promptTag } from './prompt.model.ts';
import {
  countModels,
  deleteAlias,
  findVersion,
  getModel,
  getVersion,
  listModels,
  listVersions,
  profile,
  putModel,
  registerVersion,
  setAlias,
} from './registry.service.ts';
import { registryMigrations } from './registry.tables.ts';
import { lineage } from './versions/lineage.service.ts';

/** A small ONNX model whose bytes depend on `weight`. */
function onnx(weight: number, features = ['a', 'b']): Uint8Array {
  return logisticRegressionToOnnx({
    kind: 'logistic-regression',
    features,
    means: features.map(() => 0),
    scales: features.map(() => 1),
    coefficients: features.map(() => weight),
    intercept: -1,
    importance: [],
    loss: 0,
    iterations: 1,
    converged: true,
  });
}

describeOnEachDatabase('registry', (open) => {
  let scope: Scope;
  beforeAll(async () => {
    scope = (await open(registryMigrations)).systemScope('user:test');
  });
  const put = async (bytes: Uint8Array) => (await scope.platform.blobs.put(bytes)).digest;
  const register = async (model: string, weight: number, more = {}) => {
    const digest = await put(onnx(weight));
    return transact(scope, (tx) => registerVersion(tx, { model, digest, ...more }));
  };

  it('numbers versions without gaps when many register at once', async () => {
    const digest = await put(onnx(1));
    const versions = await Promise.all(
      Array.from({ length: 10 }, () =>
        transact(scope, (tx) => registerVersion(tx, { model: 'crowd', digest })),
      ),
    );
    expect(versions.map(({ version }) => version).sort((a, b) => a - b)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
    expect(await getModel(scope, 'crowd')).toMatchObject({ latestVersion: 10, risk: null, gate: {} });
  });

  it('keeps signature, lineage and ledger edges of a version', async () => {
    const version = await register('lines', 2, {
      source: 'test',
      lineage: { experimentRun: 'e1', pipelineRun: 'run_1', dataset: 'flights@3', featureService: 'f@abc' },
    });
    expect(version).toMatchObject({
      version: 1,
      flavor: 'onnx',
      signature: {
        inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 2] }],
        features: ['a', 'b'],
      },
      format: { producer: 'houston' },
      lineage: { dataset: 'flights@3' },
    });
    const [event] = await listEvents(scope, { subject: 'model:lines/1' });
    expect(event).toMatchObject({
      type: 'registry.version.registered',
      uses: ['dataset:flights@3', 'feature-service:f@abc', 'experiment-run:e1', 'run:run_1'],
    });
    const graph = await lineage(scope, 'lines', 1);
    expect(graph.edges).toContainEqual({ from: 'dataset:flights@3', to: 'model:lines/1' });
    expect(graph.nodes.map(({ kind }) => kind).sort()).toEqual([
      'dataset',
      'experiment-run',
      'feature-service',
      'model',
      'run',
    ]);
  });

  it('gives the same version back for the same bytes when asked to', async () => {
    const first = await register('again', 3, { reuse: true });
    const second = await register('again', 3, { reuse: true });
    expect([first.version, second.version]).toEqual([1, 1]);
    expect((await register('again', 3)).version).toBe(2);
  });

  it('moves aliases, finds by them, and records only changes', async () => {
    await register('alias', 4);
    await register('alias', 5);
    await setAlias(scope, 'alias', 'champion', 1);
    await setAlias(scope, 'alias', 'champion', 2);
    await setAlias(scope, 'alias', 'champion', 2);
    expect((await getVersion(scope, 'alias', '@champion')).version).toBe(2);
    expect((await getVersion(scope, 'alias', 'latest')).aliases).toEqual(['champion']);
    expect((await listVersions(scope, 'alias')).map(({ aliases }) => aliases)).toEqual([['champion'], []]);
    const events = await listEvents(scope, { types: ['registry.alias.set'], subject: 'model:alias' });
    expect(events.map(({ data }) => [data.version, data.previous])).toEqual([
      [2, 1],
      [1, null],
    ]);
    await deleteAlias(scope, 'alias', 'champion');
    expect(await findVersion(scope, 'alias', '@champion')).toBeUndefined();
    await expect(getVersion(scope, 'alias', '@champion')).rejects.toMatchObject({
      code: 'registry.alias.not_found',
    });
    await expect(getVersion(scope, 'alias', 9)).rejects.toMatchObject({ code: 'registry.version.not_found' });
    await expect(getVersion(scope, 'none', 1)).rejects.toMatchObject({ code: 'registry.model.not_found' });
    await expect(setAlias(scope, 'alias', 'latest', 1)).rejects.toMatchObject({
      code: 'registry.alias.invalid',
    });
    await expect(setAlias(scope, 'alias', 'x', 9)).rejects.toMatchObject({ status: 404 });
  });

  it('changes a model only where the spec says so', async () => {
    await putModel(scope, 'spec', { owner: 'ops', risk: { probability: 3, impact: 4 } });
    await putModel(scope, 'spec', { description: 'd' });
    await putModel(scope, 'spec', { description: 'd' });
    expect(await getModel(scope, 'spec')).toMatchObject({
      owner: 'ops',
      description: 'd',
      risk: { score: 12, severity: 'high' },
    });
    const events = await listEvents(scope, { subject: 'model:spec' });
    expect(events.map(({ type }) => type)).toEqual([
      'registry.model.changed',
      'registry.model.changed',
      'registry.model.created',
    ]);
    expect((await listModels(scope)).some(({ name }) => name === 'spec')).toBe(true);
  });

  it('counts models and their versions, also deleted ones, and no prompts', async () => {
    const before = await countModels(scope);
    await register('counted', 20);
    await register('counted', 21);
    await register('a prompt', 22);
    await putModel(scope, 'a prompt', { tags: { [promptTag]: 'true' } });
    const expected = { models: before.models + 1, versions: before.versions + 2 };
    expect(await countModels(scope)).toEqual(expected);
    await updateModel(scope.db, 'counted', { deleted_at: 1 });
    expect(await countModels(scope)).toEqual(expected);
  });

  it('judges an upload by running it aside: a first version may go, the next one is held', async () => {
    await register('bare', 6);
    expect(await gate(scope, 'bare', 1)).toMatchObject({ decision: 'go', champion: null, evaluation: null });
    await setAlias(scope, 'bare', 'champion', 1);
    await register('bare', 7);
    const verdict = await gate(scope, 'bare', 'latest');
    expect(verdict).toMatchObject({ decision: 'hold', version: 2, champion: { version: 1 } });
    const latency = verdict.checks.find(({ name }) => name === 'latency');
    expect(latency).toMatchObject({ decision: 'pass', unit: 'ms at p99' });
    expect(await latestVerdict(scope, 'bare', 2)).toEqual(verdict);
    const [event] = await listEvents(scope, { subject: 'model:bare/2' });
    expect(event).toMatchObject({ type: 'registry.gate.held', uses: ['model:bare/2', 'model:bare/1'] });
  });

  it('refuses a next version with another interface', async () => {
    await register('shape', 8);
    await setAlias(scope, 'shape', 'champion', 1);
    const digest = await put(onnx(8, ['a', 'b', 'c']));
    await transact(scope, (tx) => registerVersion(tx, { model: 'shape', digest }));
    const verdict = await gate(scope, 'shape', 2);
    expect(verdict.decision).toBe('no-go');
    expect(verdict.checks.find(({ name }) => name === 'signature')).toMatchObject({
      decision: 'fail',
      value: 1,
    });
  });

  it('finds the training profile of bytes that were evaluated later', async () => {
    const version = await register('late', 9);
    expect(version.trainingProfile).toBeNull();
    const content = {
      features: {},
      score: { bins: { kind: 'edges', edges: [] }, counts: [] },
      labelRate: 0.2,
      rows: 9,
    };
    const blob = await put(Buffer.from(JSON.stringify(content)));
    const id = await transact(scope, (tx) =>
      recordEvaluation(tx, {
        model: 'late',
        digest: version.digest,
        championDigest: null,
        baselineDigest: null,
        testDigest: blob,
        report: blob,
        profile: blob,
        uses: [],
      }),
    );
    expect(await listVersions(scope, 'late')).toMatchObject([{ evaluation: id, trainingProfile: blob }]);
    const found = await getVersion(scope, 'late', 1);
    expect(found).toMatchObject({ evaluation: id, trainingProfile: blob });
    expect(await profile(scope, blob)).toEqual(content);
  });

  it('lists in short what the newest evaluation of each version says', async () => {
    const evaluated = async (digest: string, auc: number) => {
      const figure = (value: number) => ({ value, lower: value - 0.01, upper: value + 0.01 });
      const candidate = { auc: figure(auc), logLoss: figure(0.5), brier: figure(0.1), ece: 0.02 };
      const report = await put(Buffer.from(JSON.stringify({ rows: 100, candidate, slices: [] })));
      return transact(scope, (tx) =>
        recordEvaluation(tx, {
          model: 'short',
          digest,
          championDigest: null,
          baselineDigest: null,
          testDigest: report,
          report,
          profile: null,
          uses: [],
        }),
      );
    };
    const [first, , third] = [
      await register('short', 31),
      await register('short', 32),
      await register('short', 33),
    ];
    await evaluated(first.digest, 0.6);
    const again = await evaluated(first.digest, 0.7);
    const last = await evaluated(third.digest, 0.8);
    expect(await listHeadlines(scope, 'short')).toMatchObject([
      { version: 3, evaluation: last, rows: 100, auc: { value: 0.8 } },
      { version: 1, evaluation: again, rows: 100, auc: { value: 0.7, lower: 0.69 }, brier: { value: 0.1 } },
    ]);
  });
});
