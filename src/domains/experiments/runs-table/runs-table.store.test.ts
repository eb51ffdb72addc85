import { beforeAll, expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../../test/databases.ts';
import type { Scope } from '../../../platform/scope.ts';
import { curvesOf } from '../charts/charts.service.ts';
import { createRun, finishRun, getRun, logMetrics } from '../experiments.service.ts';
import { experimentsMigrations } from '../experiments.tables.ts';
import { deleteRun } from '../tracking/runs.service.ts';
import { catalogueOf } from './catalogue.service.ts';
import { changeRun, setRunStage } from './changes.service.ts';
import { relatedTo } from './related.service.ts';
import { everyRun, fieldValues, runGroups, runsWindow } from './runs-table.service.ts';

describeOnEachDatabase('the table of runs', (open) => {
  let scope: Scope;
  const ids: string[] = [];
  beforeAll(async () => {
    scope = (await open(experimentsMigrations)).systemScope('user:ann');
    for (let i = 0; i < 12; i++) {
      const { id } = await createRun(scope, {
        experiment: 'e',
        name: `n${i}`,
        startedAt: 1000 + i,
        params: { kind: i % 2 ? 'odd' : 'even', ...(i === 0 && { rare: 'x' }) },
        tags: { team: 'ops' },
        ...(i === 3 && { parent: ids[1]! }),
      });
      ids.push(id);
      const value = i === 5 ? Number.NaN : i === 6 ? Number.POSITIVE_INFINITY : (i * 7) % 12;
      if (i !== 4) await logMetrics(scope, id, [{ key: 'auc', value, step: 0, time: 1 }]);
      if (i !== 11) await finishRun(scope, id);
    }
    await createRun(scope, { experiment: 'other', params: { alien: '1' } });
  });
  const names = async (input: Parameters<typeof runsWindow>[2]) =>
    (await runsWindow(scope, 'e', input)).rows.map(({ name }) => name);

  it('reads windows with the chosen cells only', async () => {
    const found = await runsWindow(scope, 'e', {
      columns: ['params.rare', 'metrics.auc', 'tags.team'],
      offset: 10,
      limit: 5,
    });
    expect(found.total).toBe(12);
    expect(found.rows.map(({ name, cells }) => [name, cells])).toEqual([
      ['n1', [null, 7, 'ops']],
      ['n0', ['x', 0, 'ops']],
    ]);
    const special = await runsWindow(scope, 'e', { columns: ['metrics.auc'], filter: "run_name = 'n6'" });
    expect(special.rows[0]).toMatchObject({ user: 'ann', cells: [Number.POSITIVE_INFINITY] });
  });

  it('orders by metrics and params, runs without a value last', async () => {
    const down = await names({ order: 'metrics.auc DESC' });
    expect(down.slice(0, 4)).toEqual(['n6', 'n10', 'n3', 'n8']);
    expect(down.slice(-2).sort()).toEqual(['n4', 'n5']);
    expect((await names({ order: 'metrics.auc ASC' })).slice(0, 2)).toEqual(['n0', 'n7']);
    expect(await names({ order: 'params.rare ASC', limit: 1 })).toEqual(['n0']);
    await expect(names({ order: 'nothing' })).rejects.toMatchObject({ code: 'experiments.search.invalid' });
    await expect(names({ columns: ['auc'] })).rejects.toMatchObject({ code: 'experiments.search.invalid' });
  });

  it('keeps the order of a snapshot while runs come and go', async () => {
    const first = await runsWindow(scope, 'e', { limit: 4 });
    const { id } = await createRun(scope, { experiment: 'e', name: 'late', startedAt: 9999 });
    const second = await runsWindow(scope, 'e', { offset: 4, limit: 2, snapshot: first.snapshot });
    expect(second.rows.map(({ name }) => name)).toEqual(['n7', 'n6']);
    expect(second.snapshot).toBe(first.snapshot);
    const other = await runsWindow(scope, 'e', { limit: 1, order: 'run_name ASC', snapshot: first.snapshot });
    expect(other.snapshot).not.toBe(first.snapshot);
    expect(await names({ limit: 1 })).toEqual(['late']);
    await deleteRun(scope, id);
  });

  it('puts children below their parents', async () => {
    const closed = await runsWindow(scope, 'e', { nested: true });
    expect(closed.total).toBe(11);
    expect(closed.rows.find(({ name }) => name === 'n1')).toMatchObject({ children: 1, depth: 0 });
    const opened = await runsWindow(scope, 'e', { nested: true, open: [ids[1]!] });
    const at = opened.rows.findIndex(({ name }) => name === 'n1');
    expect(opened.rows[at + 1]).toMatchObject({ name: 'n3', depth: 1 });
    expect(await names({ nested: true, filter: "run_name = 'n3'" })).toEqual(['n3']);
  });

  it('groups runs and leaves what is not finite out of the spread', async () => {
    const { groups, items } = await runGroups(scope, 'e', { by: 'params.kind', metrics: ['auc'] });
    expect(groups).toBe(2);
    expect(items).toMatchObject([
      { value: 'even', runs: 6, metrics: [{ key: 'auc', runs: 4, min: 0, max: 10 }] },
      { value: 'odd', runs: 6, metrics: [{ runs: 5, min: 1, max: 9, mean: 5 }] },
    ]);
    const byParent = await runGroups(scope, 'e', { by: 'parent' });
    expect(byParent.items).toMatchObject([
      { value: null, runs: 11 },
      { label: 'n1', runs: 1 },
    ]);
    const byState = await runGroups(scope, 'e', { by: 'status', filter: "params.kind = 'odd'", limit: 1 });
    expect(byState).toMatchObject({ groups: 2, items: [{ value: 'finished', runs: 5 }] });
    await expect(runGroups(scope, 'e', { by: 'metrics.auc' })).rejects.toMatchObject({ status: 400 });
  });

  it('counts the keys of this experiment alone, and knows frequent values', async () => {
    const catalogue = await catalogueOf(scope, 'e');
    expect(catalogue).toMatchObject({
      runs: 12,
      counted: 12,
      metrics: [{ key: 'auc', runs: 11 }],
      params: [
        { key: 'kind', runs: 12 },
        { key: 'rare', runs: 1 },
      ],
    });
    const values = await fieldValues(scope, 'e', 'params.kind');
    expect(values.map((one) => ({ ...one, runs: Number(one.runs) }))).toEqual([
      { value: 'even', runs: 6 },
      { value: 'odd', runs: 6 },
    ]);
  });

  it('walks through all runs', async () => {
    const pages = await everyRun(scope, 'e', {
      order: 'run_name ASC',
      fields: [{ kind: 'metric', key: 'auc' }],
    });
    const rows = [];
    for await (const page of pages) rows.push(...page);
    expect(rows.map(({ name }) => name).slice(0, 3)).toEqual(['n0', 'n1', 'n10']);
    expect(rows).toHaveLength(12);
  });

  it('changes name, description and tags together or not at all', async () => {
    const id = ids[2]!;
    await changeRun(scope, id, { name: 'better', description: 'why', tags: { team: null, a: 'b' } });
    expect(await getRun(scope, id)).toMatchObject({
      name: 'better',
      tags: { 'mlflow.note.content': 'why', a: 'b' },
    });
    await expect(changeRun(scope, id, { name: 'worse', tags: { '../x': 'y' } })).rejects.toMatchObject({
      code: 'experiments.key.invalid',
    });
    expect((await getRun(scope, id)).name).toBe('better');
  });

  it('deletes and restores runs, all or none', async () => {
    expect(await setRunStage(scope, [ids[7]!, ids[8]!], 'deleted')).toBe(2);
    expect(await names({ stage: 'deleted', filter: "tags.team = 'ops'" })).toEqual(['n8', 'n7']);
    expect((await relatedTo(scope, ids[7]!)).stage).toBe('deleted');
    await expect(setRunStage(scope, [ids[9]!, 'f'.repeat(32)], 'deleted')).rejects.toMatchObject({
      status: 404,
    });
    expect(await setRunStage(scope, [ids[7]!, ids[8]!, ids[9]!], 'active')).toBe(2);
  });

  it('tells the family of a run', async () => {
    expect(await relatedTo(scope, ids[3]!)).toMatchObject({ parent: { name: 'n1' }, childCount: 0 });
    expect(await relatedTo(scope, ids[1]!)).toMatchObject({ parent: null, children: [{ name: 'n3' }] });
  });

  it('thins long curves so that extremes, first and last stay', async () => {
    const { id } = await createRun(scope, { experiment: 'curves' });
    const long = Array.from({ length: 5000 }, (_, step) => ({
      key: 'loss',
      step,
      time: 10_000 + step,
      value: step === 3217 ? 99 : step === 1234 ? -99 : step === 1300 ? Number.NaN : Math.sin(step / 100),
    }));
    for (let from = 0; from < long.length; from += 1000)
      await logMetrics(scope, id, long.slice(from, from + 1000));
    const [curve] = await curvesOf(scope, [id], 'loss');
    expect(curve).toMatchObject({ count: 5000, isSampled: true, startedAt: 10_000 });
    expect(curve!.steps.length).toBeLessThanOrEqual(2000);
    expect(curve!.steps).toEqual([...curve!.steps].sort((a, b) => a - b));
    expect([curve!.steps[0], curve!.steps.at(-1)]).toEqual([0, 4999]);
    expect(curve!.values[curve!.steps.indexOf(3217)]).toBe(99);
    expect(curve!.values[curve!.steps.indexOf(1234)]).toBe(-99);
    const [near] = await curvesOf(scope, [id], 'loss', { from: 1290, to: 1310 });
    expect(near).toMatchObject({ count: 21, isSampled: false });
    expect(near!.values[10]).toBeNull();
  });

  it('thins by time what was logged without steps', async () => {
    const { id } = await createRun(scope, { experiment: 'curves' });
    const points = Array.from({ length: 3000 }, (_, i) => ({
      key: 'temperature',
      step: 0,
      time: i * 50,
      value: i === 2500 ? 500 : i % 7,
    }));
    for (let from = 0; from < points.length; from += 1000)
      await logMetrics(scope, id, points.slice(from, from + 1000));
    const [curve] = await curvesOf(scope, [id], 'temperature');
    expect(curve!.isSampled).toBe(true);
    expect(curve!.steps.length).toBeLessThanOrEqual(2000);
    expect(curve!.values).toContain(500);
    expect(curve!.times.at(-1)).toBe(2999 * 50);
    expect(await curvesOf(scope, [id], 'none')).toEqual([]);
  });
});
