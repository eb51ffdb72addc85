import { expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../test/databases.ts';
import { listEvents } from '../../platform/ledger/index.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Scope } from '../../platform/scope.ts';
import type { ModelVersion } from '../registry/index.ts';
import { evaluate } from './evaluate.service.ts';
import { listAlerts, listIncidents } from './incidents/incidents.store.ts';
import { getChunks, getMonitor, getReference, putMonitor } from './monitoring.service.ts';
import { listWindows } from './monitoring.store.ts';
import { monitoringMigrations } from './monitoring.tables.ts';
import type { RegistryPort } from './ports.ts';
import { type ColumnProfile, scoreColumn } from './statistics/reference.ts';
import { createTraffic, type Day, dayMs, firstDay } from './testing/synthetic-traffic.ts';

const quiet = (count: number): Day[] => Array.from({ length: count }, () => ({}));
const bad = (count: number): Day[] => Array.from({ length: count }, () => ({ decay: 1 }));

async function watch(platform: Platform, days: Day[], seed = 1) {
  const scope = platform.systemScope('system:test');
  const traffic = await createTraffic(platform, days, seed);
  await putMonitor(scope, 'flights', {});
  return { scope, traffic };
}

/** A registry whose model was evaluated on the final windows of a deployment. */
async function evaluatedOn(scope: Scope): Promise<RegistryPort> {
  const windows = (await listWindows(scope.db, 'flights'))
    .filter(({ state }) => state === 'final')
    .slice(0, 9);
  const { profile } = await getReference(scope, 'flights');
  const add = (name: string) =>
    windows.reduce<number[]>((sum, { facts }) => facts.counts[name].map((n, bin) => n + (sum[bin] ?? 0)), []);
  const items = windows.map(({ start, rows, facts: { counts, hours, ranking } }) => {
    const { [scoreColumn]: score, ...features } = counts;
    return { start, rows, features, score, hours, ranking };
  });
  const column = (name: string, { bins }: ColumnProfile) => ({ bins, counts: add(name) });
  return {
    findVersion: async () => ({ trainingProfile: 'sha256:profile' }) as ModelVersion,
    latestEvaluation: async () => undefined,
    profile: async () => ({
      features: Object.fromEntries(
        Object.entries(profile.features).map(([name, one]) => [name, column(name, one)]),
      ),
      score: column(scoreColumn, profile.score),
      labelRate: 0.3,
      rows: 600 * windows.length,
      chunks: { length: dayMs, items },
    }),
  };
}

describeOnEachDatabase('monitoring', (open) => {
  it('keeps one reference of a revision when two evaluations make it at once', async () => {
    const platform = await open(monitoringMigrations);
    const { scope, traffic } = await watch(platform, quiet(6));
    traffic.reveal(2);
    let overtaken = false;
    const findVersion: RegistryPort['findVersion'] = async (...asked) => {
      if (!overtaken) {
        overtaken = true;
        await evaluate(traffic, scope, 'flights');
      }
      return traffic.registry.findVersion(...asked);
    };
    await evaluate({ ...traffic, registry: { ...traffic.registry, findVersion } }, scope, 'flights');
    const { id } = await getReference(scope, 'flights');
    const windows = await listWindows(scope.db, 'flights');
    expect(windows.map(({ reference }) => reference)).toEqual([id, id]);
  });

  it('evaluates closed windows once, and again when outcomes are complete', async () => {
    const platform = await open(monitoringMigrations);
    const { scope, traffic } = await watch(platform, quiet(6));
    traffic.reveal(2);
    expect(await evaluate(traffic, scope, 'flights')).toBe(3);
    let windows = await listWindows(scope.db, 'flights');
    expect(windows.map(({ start, state }) => [(start - firstDay) / dayMs, state])).toEqual([
      [0, 'final'],
      [1, 'provisional'],
    ]);
    expect(await evaluate(traffic, scope, 'flights')).toBe(0);
    traffic.reveal(5);
    expect(await evaluate(traffic, scope, 'flights')).toBe(6);
    windows = await listWindows(scope.db, 'flights');
    expect(windows.map(({ state }) => state)).toEqual(['final', 'final', 'final', 'final', 'provisional']);
    expect(windows[1].rows).toBe(600);
    expect(windows[1].labelled).toBe(600);
    expect(windows[1].judgement.performance?.auc.value).toBeGreaterThan(0.6);
    expect(windows[1].judgement.verdict).toBe('learning');
  });

  it('gives the same windows when the log is read in one jump and day by day', async () => {
    const platform = await open(monitoringMigrations);
    const { scope, traffic } = await watch(platform, [...quiet(9), ...bad(4)], 7);
    for (let day = 0; day < 13; day++) {
      traffic.reveal(day);
      await evaluate(traffic, scope, 'flights');
    }
    const slow = (await listWindows(scope.db, 'flights')).map(({ judgement, facts }) => ({
      judgement,
      facts,
    }));
    const other = await open(monitoringMigrations);
    const jump = await watch(other, [...quiet(9), ...bad(4)], 7);
    await evaluate(jump.traffic, jump.scope, 'flights');
    const fast = (await listWindows(jump.scope.db, 'flights')).map(({ judgement, facts }) => ({
      judgement,
      facts,
    }));
    expect(fast).toEqual(slow);
    const shape = async (of: typeof scope) =>
      (await listIncidents(of.db)).map(({ window, reason }) => ({ window, reason }));
    expect(await shape(jump.scope)).toEqual(await shape(scope));
  });

  it('opens one incident for lasting decay, with its record, and resolves it after recovery', async () => {
    const platform = await open(monitoringMigrations);
    const { scope, traffic } = await watch(platform, [...quiet(12), ...bad(4), ...quiet(5)]);
    await evaluate(traffic, scope, 'flights');
    const incidents = await listIncidents(scope.db);
    expect(incidents).toHaveLength(1);
    expect(incidents[0]).toMatchObject({
      state: 'resolved',
      severity: 'page',
      rule: 'performance',
      version: 1,
    });
    expect((incidents[0].window - firstDay) / dayMs).toBe(13);
    expect(incidents[0].evidence.performance.map(({ metric }) => metric)).toContain('calibrationGap');
    const events = await listEvents(scope, { order: 'oldest' });
    const types = events.map(({ type }) => type);
    expect(types).toContain('monitoring.performance.degraded');
    expect(types.filter((type) => type === 'monitoring.incident.opened')).toHaveLength(1);
    expect(types.filter((type) => type === 'monitoring.incident.resolved')).toHaveLength(1);
    const opened = events.find(({ type }) => type === 'monitoring.incident.opened');
    expect(opened?.uses).toEqual(
      expect.arrayContaining(['deployment:flights', 'revision:rev_1', 'model:delay/1']),
    );
    expect(opened?.cause).toBe(events.find(({ type }) => type === 'monitoring.performance.degraded')?.id);
    expect(
      (await listAlerts(scope.db, { states: ['firing'] })).filter(({ rule }) => rule === 'performance'),
    ).toEqual([]);
  });

  it('resets its limits for a new champion and closes the incident by its windows', async () => {
    const platform = await open(monitoringMigrations);
    const healed: Day[] = Array.from({ length: 5 }, () => ({ revision: 'rev_2' }));
    const { scope, traffic } = await watch(platform, [...quiet(12), ...bad(4), ...healed]);
    await evaluate(traffic, scope, 'flights');
    const [incident] = await listIncidents(scope.db);
    expect(incident.state).toBe('resolved');
    expect(incident.resolution).toContain('Version 2 of delay took over');
    const windows = await listWindows(scope.db, 'flights');
    expect(windows.at(-1)?.judgement.verdict).toBe('learning');
    expect(new Set(windows.map(({ reference }) => reference)).size).toBe(2);
  });

  it('tells of drift once per episode, and does not page while outcomes are fine', async () => {
    const platform = await open(monitoringMigrations);
    const moved: Day[] = Array.from({ length: 4 }, () => ({ shift: -1 }));
    const { scope, traffic } = await watch(platform, [...quiet(12), ...moved, ...quiet(4)]);
    await evaluate(traffic, scope, 'flights');
    const drift = await listEvents(scope, { types: ['monitoring.drift.detected'] });
    expect(drift).toHaveLength(1);
    expect(drift[0].data.features).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ feature: 'delay' })]),
    );
    expect((await listIncidents(scope.db)).filter(({ severity }) => severity === 'page')).toEqual([]);
  });

  it('makes drift a ticket where no outcomes come', async () => {
    const platform = await open(monitoringMigrations);
    const days: Day[] = [...quiet(12), ...Array.from({ length: 5 }, () => ({ shift: -1 }))].map((day) => ({
      ...day,
      labelled: 0,
    }));
    const { scope, traffic } = await watch(platform, days);
    await evaluate(traffic, scope, 'flights');
    expect(await listIncidents(scope.db)).toMatchObject([{ severity: 'ticket', rule: 'prediction-drift' }]);
  });

  it('judges a champion from its first window by the chunks of its evaluation', async () => {
    const before = await open(monitoringMigrations);
    const past = await watch(before, quiet(11), 3);
    await evaluate(past.traffic, past.scope, 'flights');
    const registry = await evaluatedOn(past.scope);

    const platform = await open(monitoringMigrations);
    const { scope, traffic } = await watch(platform, [...bad(3), ...quiet(3)], 5);
    await evaluate({ ...traffic, registry }, scope, 'flights');
    const windows = await listWindows(scope.db, 'flights');
    expect(windows.map(({ judgement }) => judgement.verdict)).not.toContain('learning');
    expect(windows[0].judgement).toMatchObject({ verdict: 'degraded', flags: { performance: true } });
    expect((await listIncidents(scope.db)).map(({ window }) => (window - firstDay) / dayMs)).toEqual([1]);
    const monitor = await getMonitor(scope, 'flights');
    expect(monitor.reference).toMatchObject({ source: 'training', chunks: 9 });
    const chunks = await getChunks(scope, await getReference(scope, 'flights'));
    expect(chunks).toHaveLength(9);
    expect(chunks[0].performance.calibrationGap).toBeCloseTo(0, 1);
    expect(Object.keys(chunks[0].drift)).toEqual(['delay', 'noise', '__score']);

    // Windows of another length cannot be compared with these chunks.
    await putMonitor(scope, 'flights', { window: '2d' });
    expect((await getMonitor(scope, 'flights')).reference?.chunks).toBe(0);
  });

  it('says not enough data below the minimum', async () => {
    const platform = await open(monitoringMigrations);
    const { scope, traffic } = await watch(
      platform,
      Array.from({ length: 4 }, () => ({ rows: 48 })),
    );
    await evaluate(traffic, scope, 'flights');
    const windows = await listWindows(scope.db, 'flights');
    expect(new Set(windows.map(({ judgement }) => judgement.verdict))).toEqual(new Set(['not enough data']));
  });
});
