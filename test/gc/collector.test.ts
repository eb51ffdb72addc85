import { utimesSync } from 'node:fs';
import { beforeEach, expect, it } from 'vitest';
import { createExperimentsDomain } from '../../src/domains/experiments/index.ts';
import { listEvents } from '../../src/platform/ledger/index.ts';
import type { Platform } from '../../src/platform/platform.ts';
import type { Scope } from '../../src/platform/scope.ts';
import { describeOnEachDatabase } from '../databases.ts';

const hour = 3_600_000;

describeOnEachDatabase('the collector of blobs', (open) => {
  let platform: Platform;
  let scope: Scope;
  let experiments: ReturnType<typeof createExperimentsDomain>;
  beforeEach(async () => {
    experiments = createExperimentsDomain(undefined as unknown as Platform, {});
    platform = await open(experiments.migrations);
    platform.collector.register(experiments.blobReferrers!);
    for (const kind of platform.collector.jobs) platform.jobs.define(kind);
    scope = platform.systemScope('test');
  });

  const put = async (text: string) => (await platform.blobs.put(Buffer.from(text))).digest;
  const file = (path: string, text: string) =>
    experiments.tracking.putArtifact(scope, { owner: '', path }, Buffer.from(text), 'text/plain');
  /** As if the bytes had been put, and the marks made, so many hours ago. */
  const age = async (digest: string, hours: number) => {
    const past = new Date(Date.now() - (hours + 1) * hour);
    utimesSync(platform.blobs.path(digest), past, past);
    await scope.db
      .updateTable('platform_blob_marks')
      .set({ marked_at: Date.now() - hours * hour })
      .where('digest', '=', digest)
      .execute();
  };
  const sweep = async () => {
    const [kind] = platform.collector.jobs;
    const job = { guard: async () => {} } as unknown as Parameters<typeof kind.run>[2];
    await kind!.run(scope, {}, job);
  };
  const collected = async () =>
    (await listEvents(scope, { types: ['platform.blobs.collected'] })).map(({ data }) => data);

  it('takes only what nobody held at the mark and nobody holds at the sweep', async () => {
    const [loose, held] = [await put('loose'), (await file('a', 'held')).digest];
    expect(await platform.collector.find(scope)).toEqual({ blobs: 1, bytes: 5 });
    expect(await platform.collector.mark(scope)).toMatchObject({ blobs: 1, bytes: 5 });
    await age(loose, 2);
    await sweep();
    expect([loose, held].map(platform.blobs.has)).toEqual([false, true]);
    expect(await collected()).toEqual([{ blobs: 1, bytes: 5 }]);
  });

  it('waits for the grace time', async () => {
    const loose = await put('young');
    await platform.collector.mark(scope);
    await sweep();
    expect(platform.blobs.has(loose)).toBe(true);
    const marks = await scope.db.selectFrom('platform_blob_marks').selectAll().execute();
    expect(marks.map(({ digest }) => digest)).toEqual([loose]);
  });

  it('leaves what was put again after the mark, though no row says so yet', async () => {
    const digest = await put('twice');
    await platform.collector.mark(scope);
    await age(digest, 2);
    expect(await put('twice')).toBe(digest);
    await sweep();
    expect(platform.blobs.has(digest)).toBe(true);
    expect(await collected()).toEqual([]);
  });

  it('leaves what somebody refers to again after the mark, without having put it', async () => {
    const { digest, size } = await file('first', 'copied');
    await experiments.tracking.deleteArtifacts(scope, { owner: '', path: 'first' });
    await platform.collector.mark(scope);
    await age(digest, 2);
    await scope.db
      .insertInto('experiments_artifacts')
      .values({ run_id: '', path: 'second', digest, size, media_type: 'text/plain', created_at: 1 })
      .execute();
    await sweep();
    expect(platform.blobs.has(digest)).toBe(true);
    expect(await scope.db.selectFrom('platform_blob_marks').selectAll().execute()).toEqual([]);
  });

  it('forgets a mark when its blob is held at the next one, and keeps the time of the others', async () => {
    const [back, stays] = [await put('back'), await put('stays')];
    await platform.collector.mark(scope);
    await age(stays, 2);
    await file('b', 'back');
    await platform.collector.mark(scope);
    const marks = await scope.db.selectFrom('platform_blob_marks').selectAll().execute();
    expect(marks.map(({ digest }) => digest)).toEqual([stays]);
    expect(marks[0]!.marked_at).toBeLessThan(Date.now() - hour);
    expect(platform.blobs.has(back)).toBe(true);
  });

  it('counts what a sweep removed that was killed before it could say so', async () => {
    const digest = await put('half');
    await platform.collector.mark(scope);
    await age(digest, 2);
    await platform.blobs.remove(digest);
    await sweep();
    expect(await collected()).toEqual([{ blobs: 1, bytes: 4 }]);
    await sweep();
    expect(await collected()).toHaveLength(1);
  });

  it('takes nothing as long as nobody has said what is held', async () => {
    const bare = await open(experiments.migrations);
    const own = bare.systemScope('test');
    await bare.blobs.put(Buffer.from('kept'));
    await expect(bare.collector.find(own)).rejects.toThrow('Nobody has said');
    await expect(bare.collector.mark(own)).rejects.toThrow('Nobody has said');
  });
});
