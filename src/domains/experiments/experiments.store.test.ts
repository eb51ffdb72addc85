import { beforeAll, expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../test/databases.ts';
import { listEvents } from '../../platform/ledger/index.ts';
import type { Scope } from '../../platform/scope.ts';
import {
  createRun,
  finishRun,
  getRun,
  listAllExperiments,
  listRuns,
  logArtifacts,
  logMetrics,
  logParams,
  metricHistory,
} from './experiments.service.ts';
import { experimentsMigrations } from './experiments.tables.ts';

describeOnEachDatabase('experiments', (open) => {
  let scope: Scope;
  beforeAll(async () => {
    scope = (await open(experimentsMigrations)).systemScope('user:test');
  });

  it('keeps runs with their params, tags, metrics, artifacts and inputs', async () => {
    const parent = await createRun(scope, { experiment: 'flights', name: 'parent' });
    const run = await createRun(scope, {
      experiment: 'flights',
      parent: parent.id,
      params: { trees: '100' },
      tags: { team: 'ops' },
      environment: { node: '24' },
      inputs: [{ subject: 'dataset:flights@3', role: 'training' }],
    });
    expect(run.id).toMatch(/^[0-9a-f]{32}$/);
    await logMetrics(scope, run.id, [
      { key: 'auc', value: 0.7, step: 0, time: 1000 },
      { key: 'auc', value: 0.8, step: 1, time: 900 },
      { key: 'loss', value: Number.NaN, step: 0, time: 1000 },
      { key: 'peak', value: Number.POSITIVE_INFINITY, step: 0, time: 1000 },
    ]);
    const digest = `sha256:${'a'.repeat(64)}`;
    await logArtifacts(scope, run.id, [
      { path: 'model.onnx', digest, size: 3, mediaType: 'application/octet-stream' },
    ]);
    expect(await getRun(scope, run.id)).toMatchObject({
      experiment: 'flights',
      parent: parent.id,
      status: 'running',
      params: { trees: '100' },
      tags: { team: 'ops' },
      metrics: { auc: 0.8, loss: Number.NaN, peak: Number.POSITIVE_INFINITY },
      inputs: [{ subject: 'dataset:flights@3', role: 'training' }],
      artifacts: [{ path: 'model.onnx', digest, size: 3 }],
      environment: { node: '24' },
    });
    expect((await metricHistory(scope, run.id, 'auc')).map(({ value }) => value)).toEqual([0.8, 0.7]);
    expect((await metricHistory(scope, run.id, 'none')).length).toBe(0);
  });

  it('takes a batch twice without doubling it, and never moves the latest value back', async () => {
    const { id } = await createRun(scope, { experiment: 'batches' });
    const points = Array.from({ length: 1000 }, (_, step) => ({
      key: 'loss',
      value: 1 / (step + 1),
      step,
      time: 5,
    }));
    await logMetrics(scope, id, points);
    await logMetrics(scope, id, points);
    await logMetrics(scope, id, [{ key: 'loss', value: 99, step: 10, time: 6 }]);
    expect((await metricHistory(scope, id, 'loss', 5000)).length).toBe(1001);
    expect((await getRun(scope, id)).metrics.loss).toBe(1 / 1000);
  });

  it('keeps params as they are and refuses another value without keeping anything', async () => {
    const { id } = await createRun(scope, { experiment: 'params', params: { a: '1' } });
    await logParams(scope, id, { params: { a: '1', b: '2' }, tags: { note: 'x' } });
    await logParams(scope, id, { tags: { note: 'y' } });
    await expect(logParams(scope, id, { params: { c: '3', a: '9' } })).rejects.toMatchObject({
      code: 'experiments.param.immutable',
    });
    expect(await getRun(scope, id)).toMatchObject({ params: { a: '1', b: '2' }, tags: { note: 'y' } });
    expect((await getRun(scope, id)).params.c).toBeUndefined();
  });

  it('makes one experiment when many runs open it at once', async () => {
    await Promise.all(Array.from({ length: 12 }, () => createRun(scope, { experiment: 'crowd' })));
    const found = (await listAllExperiments(scope)).filter(({ name }) => name === 'crowd');
    expect(found).toMatchObject([{ runs: 12 }]);
  });

  it('ends a run once and records it', async () => {
    const { id } = await createRun(scope, {
      experiment: 'ends',
      inputs: [{ subject: 'dataset:d@1', role: 'training' }],
    });
    await finishRun(scope, id);
    await finishRun(scope, id);
    await expect(finishRun(scope, id, 'failed')).rejects.toMatchObject({ code: 'experiments.run.closed' });
    const events = await listEvents(scope, { subject: `experiment-run:${id}` });
    expect(events).toMatchObject([{ type: 'experiments.run.finished', uses: ['dataset:d@1'] }]);
  });

  it('searches by status, metric, param and tag, and pages by key', async () => {
    for (let i = 0; i < 7; i++) {
      const { id } = await createRun(scope, {
        experiment: 'search',
        startedAt: 1000 + i,
        params: { kind: i % 2 ? 'odd' : 'even' },
        tags: { n: String(i) },
      });
      await logMetrics(scope, id, [{ key: 'auc', value: i === 6 ? Number.NaN : i / 10, step: 0, time: 1 }]);
      if (i < 2) await finishRun(scope, id);
    }
    const names = async (query: Parameters<typeof listRuns>[2]) =>
      (await listRuns(scope, 'search', query)).items.map(({ tags }) => tags.n);
    expect(await names({})).toEqual(['6', '5', '4', '3', '2', '1', '0']);
    expect(await names({ status: 'finished' })).toEqual(['1', '0']);
    expect(await names({ param: 'kind=odd', order: 'asc' })).toEqual(['1', '3', '5']);
    expect(await names({ tag: 'n=3' })).toEqual(['3']);
    expect(await names({ metric: 'auc >= 0.4' })).toEqual(['5', '4']);
    const first = await listRuns(scope, 'search', { orderBy: 'metrics.auc', limit: 4 });
    expect(first.items.map(({ tags }) => tags.n)).toEqual(['5', '4', '3', '2']);
    expect(await names({ orderBy: 'metrics.auc', limit: 4, cursor: first.next! })).toEqual(['1', '0']);
    await expect(listRuns(scope, 'search', { cursor: 'x' })).rejects.toMatchObject({
      code: 'experiments.search.invalid',
    });
    await expect(listRuns(scope, 'nowhere', {})).rejects.toMatchObject({ status: 404 });
  });

  it('refuses names that are paths out of place', async () => {
    const { id } = await createRun(scope, { experiment: 'names' });
    for (const key of ['../x', '/x', 'a//b', './a', 'a/..', '', 'a\u0000b', 'x'.repeat(251)]) {
      await expect(logMetrics(scope, id, [{ key, value: 1, step: 0, time: 1 }])).rejects.toMatchObject({
        code: 'experiments.key.invalid',
      });
    }
  });
});
