import { expect, test } from 'vitest';
import { describeOnEachDatabase } from '../../../test/databases.ts';
import { rolloutSettings } from './rollouts/rollout.model.ts';
import { defaultSettings } from './runtime/runner.ts';
import type { Rollout } from './serving.store.ts';
import * as store from './serving.store.ts';
import { servingMigrations } from './serving.tables.ts';

const rollout = (id: string, createdAt: number, more: Partial<Rollout> = {}): Rollout => ({
  id,
  deployment: 'd',
  state: 'shadow',
  challenger: 'rev_2',
  champion: 'rev_1',
  step: 0,
  weight: 0,
  salt: 's',
  settings: rolloutSettings(),
  evidence: { requests: { champion: 0, challenger: 0, paired: 0 }, labelled: 0, tests: [], transitions: [] },
  reason: '',
  approval: null,
  event: null,
  actor: 'user:local',
  createdAt,
  startedAt: null,
  stepAt: null,
  endedAt: null,
  ...more,
});

describeOnEachDatabase('serving store', (open) => {
  test('deployments, revisions and rollouts come back as they went in', async () => {
    const { db } = await open(servingMigrations);
    await store.putDeployment(db, 'd', { model: 'm' }, 1_700_000_000_000);
    await store.putDeployment(db, 'd', { model: 'm@champion', environment: 'test' }, 1_700_000_000_001);
    await store.setChampion(db, 'd', { champion: 'rev_1', previous: null }, 1_700_000_000_002);
    expect(await store.getDeployment(db, 'd')).toEqual({
      name: 'd',
      environment: 'test',
      spec: { model: 'm@champion', environment: 'test' },
      champion: 'rev_1',
      previous: null,
      createdAt: 1_700_000_000_000,
      updatedAt: 1_700_000_000_002,
    });
    const revision = {
      id: 'rev_1',
      deployment: 'd',
      model: 'm',
      version: 3,
      digest: 'sha256:x',
      featureService: 'f@1',
      featureDigest: 'sha256:y',
      settings: defaultSettings,
      graph: null,
      features: ['a', 'b'],
      createdAt: 5,
    };
    expect(await store.insertRevision(db, revision)).toBe(true);
    expect(await store.insertRevision(db, revision)).toBe(false);
    expect(await store.listRevisions(db, 'd')).toEqual([revision]);
    const graph = {
      spec: {
        nodes: { a: { model: 'm:3', onError: 'skip' as const }, b: { ensemble: 'max' as const, of: ['a'] } },
      },
      models: { a: { model: 'm', version: 3, digest: 'sha256:x' } },
    };
    const ofGraph = { ...revision, id: 'rev_3', model: 'graph:d', version: 4, graph, createdAt: 6 };
    await store.insertRevision(db, ofGraph);
    expect(await store.getRevision(db, 'rev_3')).toEqual(ofGraph);
    expect((await store.listRevisions(db, 'd')).map((one) => one.graph)).toEqual([null, graph]);

    await store.insertRollout(db, rollout('r1', 1, { state: 'promoted', endedAt: 2 }));
    await store.insertRollout(db, rollout('r2', 2));
    await store.updateRollout(db, 'r2', { state: 'canary', step: 1, weight: 10, stepAt: 9, event: 'evt_1' });
    expect(await store.getRollout(db, 'r2')).toEqual(
      rollout('r2', 2, { state: 'canary', step: 1, weight: 10, stepAt: 9, event: 'evt_1' }),
    );
    expect((await store.listRollouts(db, { deployment: 'd' })).map((one) => one.id)).toEqual(['r2', 'r1']);
    expect((await store.listRollouts(db, { open: true })).map((one) => one.id)).toEqual(['r2']);
    await store.removeDeployment(db, 'd');
    expect(await store.listDeployments(db)).toEqual([]);
  });
});
