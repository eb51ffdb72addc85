import { expect, test } from 'vitest';
import { describeOnEachDatabase } from '../../../../test/databases.ts';
import { insertProbe, isProbed } from '../isolation/probes.store.ts';
import { servingMigrations } from '../serving.tables.ts';
import {
  insertQuarantine,
  listQuarantines,
  type QuarantineRecord,
  releaseQuarantine,
} from './quarantine.store.ts';

const record = (id: string, more: Partial<QuarantineRecord> = {}): QuarantineRecord => ({
  id,
  revision: 'rev_1',
  deployment: 'm',
  model: 'm',
  version: 1,
  kind: 'hang',
  reason: 'It hung.',
  faults: [{ time: 5, kind: 'hang', detail: 'A run did not end.' }],
  answeredBy: 'nobody',
  event: 'evt_1',
  createdAt: 1_700_000_000_000,
  releasedAt: null,
  releasedBy: null,
  releaseReason: null,
  ...more,
});

describeOnEachDatabase('quarantine and trials', (open) => {
  test('a quarantine is active until it is released, and stays as a record', async () => {
    const { db } = await open(servingMigrations);
    await insertQuarantine(db, record('q1'));
    await insertQuarantine(db, record('q2', { revision: 'rev_2', deployment: 'other', createdAt: 2 }));
    expect(await listQuarantines(db, { isActive: true })).toEqual([
      record('q1'),
      record('q2', { revision: 'rev_2', deployment: 'other', createdAt: 2 }),
    ]);
    await releaseQuarantine(db, 'rev_1', { at: 9, by: 'user:a', reason: 'mended' });
    expect(await listQuarantines(db, { deployment: 'm', isActive: true })).toEqual([]);
    // Another one later does not touch the first.
    await insertQuarantine(db, record('q3', { createdAt: 1_800_000_000_000 }));
    expect((await listQuarantines(db, { revision: 'rev_1' })).map(({ id }) => id)).toEqual(['q3', 'q1']);
    expect(await listQuarantines(db, { isActive: false })).toEqual([
      record('q1', { releasedAt: 9, releasedBy: 'user:a', releaseReason: 'mended' }),
    ]);
  });

  test('a trial holds for its bytes under its runtime', async () => {
    const { db } = await open(servingMigrations);
    const probe = { digest: 'sha256:a', runtime: 'one 1', took_ms: 7, created_at: 1 };
    expect(await isProbed(db, 'sha256:a', 'one 1')).toBe(false);
    await insertProbe(db, probe);
    await insertProbe(db, probe);
    expect(await isProbed(db, 'sha256:a', 'one 1')).toBe(true);
    expect(await isProbed(db, 'sha256:a', 'one 2')).toBe(false);
    expect(await isProbed(db, 'sha256:b', 'one 1')).toBe(false);
  });
});
