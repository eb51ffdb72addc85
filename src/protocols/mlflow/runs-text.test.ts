import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { BareRun, RunLinks, TrackedRun } from '../../domains/experiments/index.ts';
import { runsText } from './runs-text.ts';
import { TAG, wireRun } from './wire.ts';

const key = fc.oneof(
  fc.constantFrom(TAG.runName, TAG.parentRun, 'auc', '__proto__x'),
  fc.string({ unit: 'grapheme' }),
);
const number = fc.double({ noNaN: true, noDefaultInfinity: true });
const stored = fc.oneof(
  number.map((value) => ({ text: value, loaded: value })),
  fc.constant({ text: 'NaN', loaded: Number.NaN }),
  fc.constant({ text: 'Infinity', loaded: Number.POSITIVE_INFINITY }),
  fc.constant({ text: '-Infinity', loaded: Number.NEGATIVE_INFINITY }),
);
const pairs = fc.uniqueArray(fc.tuple(key, fc.string({ unit: 'grapheme' })), { selector: ([name]) => name });
const metrics = fc.uniqueArray(fc.tuple(key, stored, fc.maxSafeInteger(), fc.nat()), {
  selector: ([name]) => name,
});
const dataset = fc.record({
  dataset: fc.record({
    name: fc.string(),
    digest: fc.string(),
    sourceType: fc.string(),
    source: fc.string(),
    schema: fc.option(fc.string()),
    profile: fc.option(fc.string()),
  }),
  context: fc.option(fc.string()),
  tags: fc.constant({}),
});
const model = fc.record({
  modelId: fc.string(),
  direction: fc.constantFrom('input' as const, 'output' as const),
  step: fc.nat(),
});
const bare: fc.Arbitrary<BareRun> = fc.record({
  id: fc.string(),
  experimentId: fc.nat(),
  name: fc.string({ unit: 'grapheme' }),
  parent: fc.option(fc.string()),
  user: fc.string(),
  status: fc.constantFrom('running' as const, 'finished' as const),
  stage: fc.constantFrom('active' as const, 'deleted' as const),
  startedAt: fc.nat(),
  endedAt: fc.option(fc.nat()),
  artifactUri: fc.string(),
});
const page = fc.array(
  fc.record({
    run: bare,
    params: pairs,
    tags: pairs,
    metrics,
    datasets: fc.array(dataset),
    models: fc.array(model),
  }),
  { maxLength: 4 },
);

it('says the same as the message of each run', () => {
  fc.assert(
    fc.property(page, (runs) => {
      const links: RunLinks = { datasets: [], models: [] };
      const whole = runs.map((one, at): TrackedRun => {
        for (const input of one.datasets) links.datasets.push({ at, input });
        for (const link of one.models) links.models.push({ at, link });
        return {
          ...one.run,
          params: Object.fromEntries(one.params),
          tags: Object.fromEntries(one.tags),
          metrics: one.metrics.map(([name, { loaded }, step, time]) => ({
            key: name,
            value: loaded,
            step,
            time,
          })),
          datasets: one.datasets,
          models: one.models,
        };
      });
      const list = (all: [string, string][]) => JSON.stringify(all.map(([key, value]) => ({ key, value })));
      const text = runsText({
        runs: runs.map(({ run }) => run),
        texts: runs.map(({ params, tags, metrics: points }) => ({
          params: list(params),
          tags: list(tags),
          metrics: JSON.stringify(
            points.map(([key, { text: value }, step, timestamp]) => ({ key, value, timestamp, step })),
          ),
        })),
        links,
      });
      expect(sorted(JSON.parse(text))).toEqual(sorted(JSON.parse(JSON.stringify(whole.map(wireRun)))));
    }),
  );
});

type Wire = { data: Record<'params' | 'tags', { key: string }[]> };

/** Params and tags have no order. */
function sorted(runs: Wire[]): Wire[] {
  for (const { data } of runs) {
    for (const list of [data.params, data.tags]) list.sort((a, b) => (a.key < b.key ? -1 : 1));
  }
  return runs;
}
