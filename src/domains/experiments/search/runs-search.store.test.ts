import { sql } from 'kysely';
import { beforeAll, expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../../test/databases.ts';
import type { Db } from '../../../platform/db/database.ts';
import { experimentsMigrations } from '../experiments.tables.ts';
import { parseFilter, parseOrder } from './filter.model.ts';
import { findRuns } from './runs-search.store.ts';
import { runGrammar } from './search.service.ts';

const RUNS = 6000;

describeOnEachDatabase('a search among many runs', (open) => {
  let db: Db;
  beforeAll(async () => {
    ({ db } = await open(experimentsMigrations));
    const numbers = sql`with recursive n(i) as (select 0 union all select i + 1 from n where i < ${RUNS - 1}) select`;
    await sql`insert into experiments_runs (id, experiment_id, name, status, stage, started_at, actor, environment)
      ${numbers} 'run-' || (10000 + i), 7, 'run ' || i, 'finished', 'active', i / 3, 'user:ann', '{}' from n`.execute(
      db,
    );
    await sql`insert into experiments_series (run_id, key, step, time, value, special)
      ${numbers} 'run-' || (10000 + i), 'auc', 0, 0, i * 7919 % 1000 / 1000.0, case when i % 11 = 0 then 1 else 0 end
      from n where i % 5 != 0`.execute(db);
    await sql`insert into experiments_params (run_id, key, value)
      ${numbers} 'run-' || (10000 + i), 'depth', cast(i % 12 as text) from n`.execute(db);
  });

  it.each([
    ['metrics.auc > 0.5', 'metrics.auc DESC', 500, 0],
    ['metrics.auc > 0.5', 'metrics.auc ASC', 500, 1900],
    ['', 'metrics.auc DESC', 1000, 4000],
    ["params.depth = '3'", 'start_time ASC', 1000, 0],
    ['metrics.auc <= 0.01', 'params.depth DESC', 100, 0],
    ["run_name LIKE 'run 59%'", 'end_time DESC', 200, 5],
  ])('finds the same aside as in place: %s by %s', async (filter, order, limit, offset) => {
    const query = {
      experimentIds: [7],
      stages: ['active' as const],
      clauses: parseFilter(filter, runGrammar),
      orders: [parseOrder(order, runGrammar)],
      limit,
      offset,
    };
    const aside = await findRuns(db, query);
    const inPlace = await db.transaction().execute((trx) => findRuns(trx, query));
    expect(aside).toEqual(inPlace);
    expect(aside.length).toBeGreaterThan(10);
    expect(aside[0]).toMatchObject({ experiment_id: 7, stage: 'active', actor: 'user:ann', ended_at: null });
  });
});
