import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../../test/databases.ts';
import type { Scope } from '../../../platform/scope.ts';
import { createRun, logMetrics } from '../experiments.service.ts';
import { experimentsMigrations } from '../experiments.tables.ts';
import { toPoints } from '../metrics.store.ts';
import { type Outline, outlineOf, type Places } from './outline.store.ts';
import { foldLog, pointsOf, seriesOf } from './points.store.ts';

const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
/** What a client logs at a time: so many points after a gap (or before what is there), and whether it is then folded. */
const part = fc.record({
  count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(5000)),
  gap: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 3 }) }, fc.constant(-4)),
  stride: fc.constantFrom('even', 'uneven'),
  clock: fc.constantFrom('even', 'uneven'),
  isFolded: fc.boolean(),
});
type Part = typeof part extends fc.Arbitrary<infer P> ? P : never;

function pointsOfPart({ count, gap, stride, clock }: Part, from: number) {
  const spread = stride === 'even' ? 2 : 3;
  return Array.from({ length: count }, (_, i) => {
    const step = from + gap + i * spread + (stride === 'even' ? 0 : i % 2);
    const time = clock === 'even' ? 1000 + 10 * step : 1000 + 10 * step + (i % 7);
    return { key: 'loss', step, time, value: i % 50 === 3 ? special[i % 3]! : step / 7 };
  });
}

/** Ranges out of fractions: ascending, none over another, not empty. */
function placesOf(fractions: readonly number[], count: number): Places {
  const cuts = [...new Set(fractions.map((fraction) => Math.floor(fraction * count)))].sort((a, b) => a - b);
  return cuts.flatMap((from, i) =>
    i % 2 === 0 && i + 1 < cuts.length ? [[from, cuts[i + 1]!] as const] : [],
  );
}

describeOnEachDatabase('an outline of points', (open) => {
  let scope: Scope;
  beforeAll(async () => {
    scope = (await open(experimentsMigrations)).systemScope('user:test');
  });
  const log = async (parts: readonly Part[]) => {
    const { id } = await createRun(scope, { experiment: 'outlines' });
    let from = 0;
    for (const one of parts) {
      const points = pointsOfPart(one, from);
      for (let at = 0; at < points.length; at += 1000)
        await logMetrics(scope, id, points.slice(at, at + 1000));
      from = points.at(-1)!.step + 1;
      if (one.isFolded) await foldLog(scope.db, id);
    }
    return (await seriesOf(scope.db, [id], 'loss'))[0]!;
  };
  const read = async (outline: Outline, places: Places) => toPoints('loss', await outline.read(places));

  it('has the steps of all, and reads the same as what reads all', async () => {
    const fractions = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 4 }), fractions, async (parts, wanted) => {
        const series = await log(parts);
        const all = await pointsOf(scope.db, series, 'loss');
        const outline = await outlineOf(scope.db, series, 'loss');
        expect(outline.steps).toEqual(all.steps);
        const places = placesOf(wanted, all.steps.length);
        const points = toPoints('loss', all);
        expect(await read(outline, places)).toEqual(places.flatMap(([from, to]) => points.slice(from, to)));
        expect(await read(outline, [[0, points.length]])).toEqual(points);
      }),
      { numRuns: 25 },
    );
  });

  it('leaves out what was removed since', async () => {
    const series = await log([{ count: 5000, gap: 0, stride: 'even', clock: 'even', isFolded: true }]);
    const outline = await outlineOf(scope.db, series, 'loss');
    await scope.db.deleteFrom('experiments_point_blocks').where('series', '=', series.id).execute();
    expect(await read(outline, [[10, 20]])).toEqual([]);
  });
});
