import { expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../../test/databases.ts';
import { migrate } from '../../../platform/db/migrate.ts';
import { experimentsMigrations } from '../experiments.tables.ts';
import { getTrace } from './traces.service.ts';

describeOnEachDatabase('traces of before there were spans', (open) => {
  it('keep what is said of them, and gain columns', async () => {
    const at = experimentsMigrations.findIndex(({ name }) => name === 'experiments-005-spans');
    const platform = await open(experimentsMigrations.slice(0, at));
    const { db } = platform;
    const old = { id: 'tr-1', experiment_id: 1, requested_at: 1000, duration_ms: 5, state: 'OK', info: '{}' };
    await db
      .insertInto('experiments_traces')
      .values(old as never)
      .execute();
    await db
      .insertInto('experiments_trace_tags')
      .values({ trace_id: 'tr-1', key: 'mlflow.traceName', value: 'n' })
      .execute();
    const metadata = [
      { trace_id: 'tr-1', key: 'mlflow.trace.session', value: 's' },
      { trace_id: 'tr-1', key: 'mlflow.trace.tokenUsage', value: '{"input_tokens": 2, "total_tokens": 3}' },
    ];
    await db.insertInto('experiments_trace_metadata').values(metadata).execute();
    await migrate(db, experimentsMigrations);
    expect(await getTrace(platform.systemScope('user:test'), 'tr-1')).toMatchObject({
      name: 'n',
      session: 's',
      spans: 0,
      durationMs: 5,
      usage: { input_tokens: 2, total_tokens: 3, total_cost: null },
      tags: { 'mlflow.traceName': 'n' },
      assessments: [],
    });
  });
});
