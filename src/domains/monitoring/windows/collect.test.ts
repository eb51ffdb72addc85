import { expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../../test/databases.ts';
import type { Reference } from '../monitoring.model.ts';
import { monitorSettings } from '../monitoring.settings.ts';
import { monitoringMigrations } from '../monitoring.tables.ts';
import type { ServingPort } from '../ports.ts';
import { createTraffic, dayMs, firstDay } from '../testing/synthetic-traffic.ts';
import { collect } from './collect.ts';

describeOnEachDatabase('windows of a sampled log', (open) => {
  it('are made of the sampled rows, thinned where the share changed; all rows count; what is not kept is left out', async () => {
    const platform = await open(monitoringMigrations);
    const scope = platform.systemScope('system:test');
    const traffic = await createTraffic(platform, [{ rows: 2400 }]);
    // A third is not in the sample; of the rest, the second half of the day was recorded at ten times the share.
    const sampled: ServingPort = {
      ...traffic.serving,
      hiddenFeatures: async () => ['noise'],
      joinedSql: async (...range) =>
        `SELECT * REPLACE (
           CASE WHEN number % 3 = 0 THEN 0 WHEN number < 1200 THEN 10 ELSE 1 END AS weight,
           CASE WHEN number % 3 = 0 THEN NULL ELSE score END AS score,
           CASE WHEN number % 3 = 0 THEN NULL ELSE features END AS features)
         FROM (SELECT *, row_number() OVER (ORDER BY event_time) - 1 AS number FROM (${await traffic.serving.joinedSql(...range)}))`,
    };
    const asked: string[][] = [];
    const bins = { kind: 'edges' as const, edges: [0] };
    const reference = {
      profile: {
        features: { delay: { bins, counts: [1, 1, 0] }, noise: { bins, counts: [1, 1, 0] } },
        score: { bins, counts: [1, 1, 0] },
        labelRate: null,
        rows: 2,
      },
    } as unknown as Reference;
    const found = await collect(
      sampled,
      scope,
      'd',
      monitorSettings({}),
      [firstDay],
      async (_revision, freeze) => {
        const made = await freeze(['delay', 'noise']);
        asked.push(Object.keys(made?.features ?? {}));
        return reference;
      },
    );
    const facts = found.get(firstDay)?.facts;
    expect(facts?.end).toBe(firstDay + dayMs);
    expect(facts?.rows).toBe(2400);
    // 800 rows of weight 10 stay; of the 800 of weight 1 about a tenth.
    expect(facts?.judged).toBeGreaterThan(840);
    expect(facts?.judged).toBeLessThan(930);
    expect(facts?.revisionRows).toBe(facts?.judged);
    expect(facts?.labelled).toBe(facts?.judged);
    expect(facts?.counts.delay.reduce((sum, one) => sum + one, 0)).toBe(facts?.judged);
    expect(facts?.counts.noise).toBeUndefined();
    expect(asked).toEqual([['delay']]);
  });
});
