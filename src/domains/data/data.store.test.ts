import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../test/databases.ts';
import { listEvents } from '../../platform/ledger/index.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Scope } from '../../platform/scope.ts';
import * as store from './data.store.ts';
import { createDataDomain } from './index.ts';
import { dataTables } from './migrations/data-001-datasets.ts';

const csv = (...rows: string[]) => ({
  content: Readable.from([Buffer.from(`id,word\n${rows.join('\n')}\n`)]) as AsyncIterable<Uint8Array>,
  format: 'csv' as const,
});

describeOnEachDatabase('data store', (open) => {
  const start = async (): Promise<{
    platform: Platform;
    scope: Scope;
    data: ReturnType<typeof createDataDomain>;
  }> => {
    const platform = await open([dataTables]);
    return { platform, scope: platform.systemScope('user:test'), data: createDataDomain(platform, {}) };
  };

  it('keeps datasets, suites and versions', async () => {
    const { scope, data } = await start();
    const rule = { type: 'expect_column_values_to_be_unique', kwargs: { column: 'id' } };
    await data.putDataset(scope, 'words', { owner: 'me', expectations: [rule] });
    await data.uploadVersion(scope, 'words', csv('1,a', '2,b'));
    const { version } = await data.uploadVersion(scope, 'words', csv('3,c'));
    expect(version).toMatchObject({
      version: 2,
      rows: 3,
      parts: 2,
      columns: [
        { name: 'id', type: 'BIGINT' },
        { name: 'word', type: 'VARCHAR' },
      ],
    });
    expect(await data.getDataset(scope, 'words')).toMatchObject({
      latestVersion: 2,
      suiteRevision: 1,
      declared: [rule],
    });
    const parts = await data.versionParts(scope, 'words', 'latest');
    expect(parts).toMatchObject({ version: 2, digest: version.digest, rows: 3 });
    expect(parts.paths).toHaveLength(2);
    expect((await data.versionParts(scope, 'words', 1)).paths).toEqual(parts.paths.slice(0, 1));
    expect((await store.listVersions(scope.db, 'words', { limit: 10 })).map((one) => one.version)).toEqual([
      2, 1,
    ]);
    expect((await store.latestVersions(scope.db)).map((one) => one.version)).toEqual([2]);
  });

  it('gives equal content an equal digest under any name', async () => {
    const { scope, data } = await start();
    const digests: string[] = [];
    for (const name of ['one', 'two']) {
      await data.putDataset(scope, name, {});
      digests.push((await data.uploadVersion(scope, name, csv('1,a'))).version.digest);
    }
    expect(digests[0]).toBe(digests[1]);
  });

  it('numbers versions without gaps when many append at once', async () => {
    const { scope, data } = await start();
    await data.putDataset(scope, 'busy', {});
    await data.uploadVersion(scope, 'busy', csv('0,first'));
    const count = 8;
    await Promise.all(
      Array.from({ length: count }, (_, i) => data.uploadVersion(scope, 'busy', csv(`${i + 1},w`))),
    );
    const versions = await store.listVersions(scope.db, 'busy', { limit: 100 });
    expect(versions.map((one) => one.version)).toEqual(
      Array.from({ length: count + 1 }, (_, i) => count + 1 - i),
    );
    expect(versions[0]).toMatchObject({ rows: count + 1, parts: count + 1 });
    const { tables } = scope.platform;
    const { paths } = await data.versionParts(scope, 'busy', 'latest');
    const list = paths.map((path) => `'${path}'`).join(', ');
    const [row] = await tables.query(`SELECT count(DISTINCT id) AS n FROM read_parquet([${list}])`);
    expect(row.n).toBe(count + 1);
  });

  it('keeps nothing but the report of a refused batch', async () => {
    const { scope, data } = await start();
    await data.putDataset(scope, 'strict', {
      expectations: [{ type: 'expect_column_values_to_be_unique', kwargs: { column: 'id' } }],
    });
    await expect(data.uploadVersion(scope, 'strict', csv('1,a', '1,b'))).rejects.toMatchObject({
      code: 'data.batch.refused',
      status: 422,
      details: { report: { failed: 1, rows: 2 } },
    });
    expect(await data.latestVersion(scope, 'strict')).toBeNull();
    const [validation] = await store.listValidations(scope.db, 'strict', { limit: 5 });
    expect(validation).toMatchObject({ outcome: 'refused', success: false, version: null });
    expect(
      (await store.findValidation(scope.db, validation.id))?.report.results.some((one) => !one.success),
    ).toBe(true);
    const events = await listEvents(scope, { types: ['data.batch.refused'] });
    expect(events[0].data).toMatchObject({
      validation: validation.id,
      failed: [{ column: 'id', unexpectedCount: 2 }],
    });
  });

  it('records expectations once, and keeps another writing of the same rules', async () => {
    const { scope, data } = await start();
    const short = { type: 'expect_column_to_exist', kwargs: { column: 'id' } };
    await data.putDataset(scope, 'rules', { expectations: [short] });
    await data.putDataset(scope, 'rules', { expectations: [{ ...short, severity: 'critical' }] });
    const dataset = await data.getDataset(scope, 'rules');
    expect(dataset).toMatchObject({ suiteRevision: 1, declared: [{ severity: 'critical' }] });
    expect(await listEvents(scope, { types: ['data.expectations.changed'] })).toHaveLength(1);
  });

  it('keeps the latest outcome of a computation', async () => {
    const { scope } = await start();
    const key = 'profile:x';
    await store.putDerived(scope.db, { key, blob: null, error: 'no', createdAt: 1 });
    await store.putDerived(scope.db, { key, blob: 'sha256:1', error: null, createdAt: 2 });
    expect(await store.findDerived(scope.db, key)).toEqual({
      key,
      blob: 'sha256:1',
      error: null,
      created_at: 2,
    });
  });
});
