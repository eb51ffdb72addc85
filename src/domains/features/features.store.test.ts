import { beforeAll, expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../test/databases.ts';
import type { Db } from '../../platform/db/database.ts';
import * as store from './features.store.ts';
import { featuresMigrations } from './features.tables.ts';
import { flights } from './flights.fixture.ts';

describeOnEachDatabase('the store of feature services', (open) => {
  let db: Db;
  const service = (name: string, version: number, digest: string): store.StoredService => ({
    name,
    version,
    digest: `sha256:${digest.repeat(64)}`,
    definition: flights,
    actor: 'user:test',
    createdAt: 1_000_000_000_000 + version,
  });

  beforeAll(async () => {
    ({ db } = await open(featuresMigrations));
    for (const one of [service('b', 1, 'a'), service('a', 1, 'b'), service('b', 2, 'c')]) {
      await store.insertService(db, one);
    }
  });

  it('lists the newest version of each service', async () => {
    const current = await store.listCurrent(db);
    expect(current.map(({ name, version }) => `${name} ${version}`)).toEqual(['a 1', 'b 2']);
    expect(current[0]).toEqual(service('a', 1, 'b'));
  });

  it('keeps the order of the features', async () => {
    const found = await store.findService(db, 'b');
    expect(Object.keys(found!.definition.features)).toEqual(Object.keys(flights.features));
  });

  it('finds a version by its digest, whole or shortened, and nothing by a pattern', async () => {
    expect((await store.findService(db, 'b', 'a'.repeat(12)))?.version).toBe(1);
    expect((await store.findService(db, 'b', `sha256:${'a'.repeat(64)}`))?.version).toBe(1);
    expect(await store.findService(db, 'b', '%')).toBeNull();
    expect(await store.findService(db, 'none')).toBeNull();
  });

  it('lists all versions, newest first', async () => {
    expect((await store.listVersions(db, 'b')).map(({ version }) => version)).toEqual([2, 1]);
  });
});
