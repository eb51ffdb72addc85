import { sql } from 'kysely';
import { beforeAll, expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../../test/databases.ts';
import { migrate } from '../../../platform/db/migrate.ts';
import type { Scope } from '../../../platform/scope.ts';
import { createRun, logMetrics } from '../experiments.service.ts';
import { experimentsMigrations } from '../experiments.tables.ts';
import { toPoints } from '../metrics.store.ts';
import { updateRun } from '../tracking/runs.service.ts';
import { countPoints, foldLog, pointsOf, removePoints, seriesOf } from './points.store.ts';

const at = (key: string, step: number, value = step / 7) => ({ key, step, time: 1000 + step, value });

describeOnEachDatabase('points in a log and in blocks', (open) => {
  let scope: Scope;
  beforeAll(async () => {
    scope = (await open(experimentsMigrations)).systemScope('user:test');
  });
  const newRun = async () => (await createRun(scope, { experiment: 'points' })).id;
  const read = async (run: string, key: string) => {
    const [series] = await seriesOf(scope.db, [run], key);
    return toPoints(key, await pointsOf(scope.db, series!, key));
  };
  const count = async (table: string, run?: string) => {
    const ofRun = run === undefined ? sql`` : sql` where run_id = ${run}`;
    const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}${ofRun}`.execute(
      scope.db,
    );
    return Number(rows[0]!.n);
  };

  it('are the same before a log is folded, between and after, also sent twice', async () => {
    const run = await newRun();
    const first = [at('loss', 2), at('loss', 0, Number.NaN), at('acc', 1, Number.NEGATIVE_INFINITY)];
    await logMetrics(scope, run, first);
    const wanted = [at('loss', 0, Number.NaN), at('loss', 2)];
    expect(await read(run, 'loss')).toEqual(wanted);
    await foldLog(scope.db, run);
    expect(await count('experiments_point_log', run)).toBe(0);
    expect(await read(run, 'loss')).toEqual(wanted);
    await logMetrics(scope, run, [...first, at('loss', 1)]);
    expect(await read(run, 'loss')).toEqual([at('loss', 0, Number.NaN), at('loss', 1), at('loss', 2)]);
    await foldLog(scope.db, run);
    await foldLog(scope.db, run);
    expect(await read(run, 'loss')).toEqual([at('loss', 0, Number.NaN), at('loss', 1), at('loss', 2)]);
    expect(await read(run, 'acc')).toEqual([at('acc', 1, Number.NEGATIVE_INFINITY)]);
  });

  it('wait in the log of a run only up to a bound', async () => {
    const [wide, narrow] = [await newRun(), await newRun()];
    for (let batch = 0; batch < 25; batch++) {
      await logMetrics(
        scope,
        wide,
        Array.from({ length: 1000 }, (_, i) => at(`m${i % 20}`, batch * 50 + Math.floor(i / 20))),
      );
    }
    expect(await count('experiments_point_log', wide)).toBeLessThan(20);
    expect(await read(wide, 'm7')).toEqual(Array.from({ length: 1250 }, (_, step) => at('m7', step)));
    for (let step = 0; step < 300; step++) await logMetrics(scope, narrow, [at('loss', step)]);
    expect(await count('experiments_point_log', narrow)).toBeLessThan(256);
    expect(await read(narrow, 'loss')).toEqual(Array.from({ length: 300 }, (_, step) => at('loss', step)));
    expect(await countPoints(scope.db, [wide, narrow])).toBe(25_300);
    let rests = 0;
    const removed = await removePoints(scope.db, [narrow, wide], async () => void rests++);
    expect(removed).toBe(25_300);
    expect(await read(wide, 'm7')).toEqual([]);
    expect(await countPoints(scope.db, [wide, narrow])).toBe(0);
  });

  it('leave the log when their run ends, unless they are few', async () => {
    const [long, short] = [await newRun(), await newRun()];
    for (let step = 0; step < 20; step++) await logMetrics(scope, long, [at('loss', step)]);
    await logMetrics(scope, short, [at('loss', 1)]);
    for (const run of [long, short]) await updateRun(scope, run, { status: 'finished' });
    expect(await count('experiments_point_log', long)).toBe(0);
    expect(await count('experiments_point_log', short)).toBe(1);
    expect(await read(long, 'loss')).toEqual(Array.from({ length: 20 }, (_, step) => at('loss', step)));
  });

  it('lose nothing when two fold the same log', async () => {
    const run = await newRun();
    const all = Array.from({ length: 40 }, (_, step) => at('loss', step));
    for (const point of all) await logMetrics(scope, run, [point]);
    const fold = () => scope.db.transaction().execute((trx) => foldLog(trx, run));
    await Promise.all([fold(), fold(), logMetrics(scope, run, [at('loss', 40)]), fold()]);
    expect(await read(run, 'loss')).toEqual([...all, at('loss', 40)]);
    expect(await countPoints(scope.db, [run])).toBe(41);
  });
});

describeOnEachDatabase('points of before there were blocks', (open) => {
  it('are what they were', async () => {
    const name = 'experiments-022-point-blocks';
    const before = experimentsMigrations.slice(
      0,
      experimentsMigrations.findIndex((migration) => migration.name === name),
    );
    const platform = await open(before);
    const scope = platform.systemScope('user:test');
    const { db } = platform;
    const { id } = await createRun(scope, { experiment: 'old' });
    for (const key of ['a', 'b']) {
      await sql`insert into experiments_series (run_id, key, step, time, value, special)
        values (${id}, ${key}, 9, 9, 0, 0)`.execute(db);
    }
    const [a] = await seriesOf(db, [id], 'a');
    const [b] = await seriesOf(db, [id], 'b');
    const insert = (series: number, step: number, value: number, special: number) =>
      sql`insert into experiments_points (series, step, time, value, special)
        values (${series}, ${step}, ${step}, ${value}, ${special})`.execute(db);
    await db.transaction().execute(async (trx) => {
      await sql`insert into experiments_points (series, step, time, value, special)
        select ${a!.id}, i, 1000 + i, i / 7.0, 0 from (
          with recursive n(i) as (select 0 union all select i + 1 from n where i < 24999) select i from n) as numbers`.execute(
        trx,
      );
    });
    await insert(b!.id, -1, 0, 1);
    await insert(b!.id, 1, Number.MAX_VALUE, 2);
    await insert(b!.id, 2, -Number.MAX_VALUE, 3);
    await migrate(
      db,
      experimentsMigrations.filter((migration) => migration.name === name),
    );
    expect(toPoints('a', await pointsOf(db, a!, 'a'))).toEqual(
      Array.from({ length: 25_000 }, (_, step) => at('a', step)),
    );
    expect([...(await pointsOf(db, b!, 'b')).values]).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
    await expect(sql`select 1 from experiments_points`.execute(db)).rejects.toThrow(/experiments_points/);
  });
});
