import { expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../test/databases.ts';
import { createPipelinesDomain } from './index.ts';
import { createPipelineTables } from './migrations/pipelines-001-runs.ts';
import { fireDue, firesBetween, firesToTake } from './schedules.ts';

const at = (text: string) => Date.parse(text);

it('calculates fires in a time zone, across its change of clocks', () => {
  const fires = firesBetween('30 2 * * *', 'Europe/Berlin', at('2026-03-28T00:00Z'), at('2026-03-31T00:00Z'));
  expect(fires.map((time) => new Date(time).toISOString())).toEqual([
    '2026-03-28T01:30:00.000Z',
    // 02:30 does not exist that night: the clocks go from 02:00 to 03:00.
    '2026-03-29T01:00:00.000Z',
    '2026-03-30T00:30:00.000Z',
  ]);
  expect(firesBetween('* * * * *', 'UTC', 0, 1e9)).toHaveLength(100);
});

it('follows the catch-up policy for what was missed', () => {
  expect(firesToTake([1, 2, 3, 4], 'none', 3)).toEqual([3, 4]);
  expect(firesToTake([1, 2, 3, 4], 'last', 3)).toEqual([2, 3, 4]);
  expect(firesToTake([1, 2, 3, 4], 'all', 3)).toEqual([1, 2, 3, 4]);
});

describeOnEachDatabase('schedules', (open) => {
  it('fire once, whatever the number of servers, and catch up after a pause', async () => {
    let now = at('2026-01-05T02:59:30Z');
    const platform = await open([createPipelineTables], { now: () => now });
    const domain = createPipelinesDomain(platform);
    const scope = platform.systemScope('user:local');
    await domain.putPipeline(scope, 'weekly', {
      on: { schedule: { cron: '0 3 * * 1', params: { until: '${{ event.time }}' } } },
      params: { until: { type: 'string', default: '' } },
      jobs: { a: { uses: 'pipelines/wait', with: { seconds: 0 } } },
    });
    const runs = () => platform.db.selectFrom('pipelines_runs').selectAll().orderBy('created_at').execute();
    const started = now;
    await fireDue(scope, started);
    expect(await runs()).toEqual([]);
    now = at('2026-01-05T03:00:01Z');
    await Promise.all([fireDue(scope, started), fireDue(scope, started), fireDue(scope, started)]);
    await fireDue(scope, started);
    expect(await runs()).toMatchObject([
      { pipeline: 'weekly', trigger_kind: 'schedule', params: '{"until":"2026-01-05T03:00:00.000Z"}' },
    ]);
    await platform.db.updateTable('pipelines_runs').set({ state: 'succeeded' }).execute();
    // Three weeks without a server: the last missed fire is made up for.
    now = at('2026-01-27T00:00:00Z');
    await fireDue(scope, now);
    const params = (await runs()).map((run) => JSON.parse(run.params).until);
    expect(params).toEqual(['2026-01-05T03:00:00.000Z', '2026-01-26T03:00:00.000Z']);
  });
});
