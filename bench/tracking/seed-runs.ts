import { type RawBuilder, sql } from 'kysely';
import { makeColumns } from '../../src/domains/experiments/points/columns.model.ts';
import { addBlocks, seriesOf } from '../../src/domains/experiments/points/points.store.ts';
import type { Db } from '../../src/platform/db/database.ts';

export type Size = { experimentId: number; runs: number; metrics: number; params: number; tags: number };

/**
 * Fills an experiment of a SQLite database with finished runs that each carry every metric, param and tag, by SQL
 * alone. Indexes are made anew at the end, which is many times faster than keeping them.
 */
export async function seedRuns(db: Db, size: Size): Promise<void> {
  const { experimentId, runs, metrics, params, tags } = size;
  const run = (sql: RawBuilder<unknown>) => sql.execute(db);
  const { rows: indexes } = await sql<{ name: string; sql: string }>`select name, sql from sqlite_master
    where type = 'index' and sql is not null and tbl_name in ('experiments_series', 'experiments_params')`.execute(
    db,
  );
  for (const { name } of indexes) await run(sql`drop index ${sql.ref(name)}`);
  await run(sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${runs})
    insert into experiments_runs (id, experiment_id, name, status, stage, started_at, ended_at, actor, environment)
    select printf('%012x%020x', 1700000000000 + i * 1000, i * 2654435761), ${experimentId}, 'run ' || i,
      case i % 17 when 0 then 'failed' else 'finished' end, 'active', 1700000000000 + i * 1000,
      1700000000000 + i * 1000 + (i * 7919) % 600000, 'user:ann', '{}' from n`);
  const cells = (table: string, count: number, columns: RawBuilder<unknown>, values: RawBuilder<unknown>) =>
    run(sql`with recursive k(j) as (select 1 union all select j + 1 from k where j < ${count})
      insert into ${sql.table(table)} (run_id, key, ${columns}) select run.id, ${values}
      from experiments_runs as run cross join k where run.experiment_id = ${experimentId} and run.ended_at is not null order by run.id, j`);
  const draw = sql`(((run.started_at / 1000 % 1000003) * 7919 + j * 104729) % 100003)`;
  await cells(
    'experiments_series',
    metrics,
    sql`step, time, value, special`,
    sql`printf('metric_%03d', j), 100, run.ended_at, ${draw} / 100003.0, 0`,
  );
  await cells('experiments_params', params, sql`value`, sql`printf('param_%03d', j), ${draw} % (j * 3)`);
  await cells('experiments_run_tags', tags, sql`value`, sql`printf('tag_%03d', j), 'kind ' || (${draw} % 5)`);
  for (const index of indexes) await run(sql.raw(index.sql) as RawBuilder<unknown>);
  await run(sql`analyze`);
}

/** A run with one metric of very many points: a sine with noise and one spike. */
export async function seedPoints(db: Db, runId: string, key: string, count: number): Promise<void> {
  await sql`insert into experiments_series (run_id, key, step, time, value, special)
    values (${runId}, ${key}, ${count - 1}, ${1_700_000_000_000 + count}, 0, 0)`.execute(db);
  const points = makeColumns(count);
  for (let i = 0; i < count; i++) {
    points.steps[i] = i;
    points.times[i] = 1_700_000_000_000 + i;
    points.values[i] = i === 654_321 ? 9 : Math.sin(i / 40_000) + ((i * 7919) % 1009) / 2018;
  }
  const [series] = await seriesOf(db, [runId], key);
  await addBlocks(db, [[series!.id, points]]);
}
