import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../../test/databases.ts';
import { selectRows } from '../../../platform/db/rows.ts';
import type { Scope } from '../../../platform/scope.ts';
import { createRun } from '../experiments.service.ts';
import { experimentsMigrations } from '../experiments.tables.ts';
import { logBatch } from './batches.service.ts';
import { textsOfRuns } from './run-parts.store.ts';

/** No NUL, which PostgreSQL does not keep in a text. */
const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((value) => value.replaceAll('\0', ''));
const key = fc.constantFrom('auc', 'a b:c', 'Größe', 'x/y', '__proto__', 'mlflow.runName');
const pairs = fc.dictionary(key, text, { maxKeys: 4, noNullPrototype: true });
const numbers = fc.dictionary(
  key,
  fc.oneof(fc.double(), fc.constantFrom(0.1, 1e300, 5e-324, 1 / 3, 123456789.125)).map(
    (value) => value + 0, // The sign of zero is not kept.
  ),
  { noNullPrototype: true },
);
const runs = fc.array(fc.record({ params: pairs, tags: pairs, metrics: numbers }), {
  minLength: 1,
  maxLength: 4,
});

describeOnEachDatabase('texts of what runs have', (open) => {
  let scope: Scope;
  beforeAll(async () => {
    scope = (await open(experimentsMigrations)).systemScope('user:test');
  });

  it('say what was logged, to the last digit, in the order of the runs', async () => {
    await fc.assert(
      fc.asyncProperty(runs, async (logged) => {
        const ids: string[] = [];
        for (const { params, tags, metrics } of logged) {
          const { id } = await createRun(scope, { experiment: 'texts' });
          const list = (all: Record<string, string>) =>
            Object.entries(all).map(([key, value]) => ({ key, value }));
          await logBatch(scope, id, {
            params: list(params),
            tags: list(tags),
            metrics: Object.entries(metrics).map(([key, value]) => ({ key, value, step: 3, time: 4 })),
          });
          ids.push(id);
        }
        const texts = await textsOfRuns(scope.db, ids, selectRows);
        const read = (json: string) => {
          const items = JSON.parse(json) as { key: string; value: unknown; timestamp?: 4; step?: 3 }[];
          return Object.fromEntries(items.map(({ key, value, ...rest }) => [key, [value, rest]]));
        };
        const plain = (all: Record<string, unknown>) =>
          Object.fromEntries(Object.entries(all).map(([key, value]) => [key, [value, {}]]));
        const points = (all: Record<string, number>) =>
          Object.fromEntries(
            Object.entries(all).map(([key, value]) => [
              key,
              [Number.isFinite(value) ? value : String(value), { timestamp: 4, step: 3 }],
            ]),
          );
        expect(
          texts.map(({ params, tags, metrics }) => ({
            params: read(params),
            tags: read(tags),
            metrics: read(metrics),
          })),
        ).toEqual(
          logged.map(({ params, tags, metrics }) => ({
            params: plain(params),
            tags: plain(tags),
            metrics: points(metrics),
          })),
        );
      }),
      { numRuns: 40 },
    );
  });
});
