import { describe, expect, it } from 'vitest';
import { freezeNumericBins } from '../../../math/bins.ts';
import { type ReferenceProfile, teachingChunks, withoutUnusual } from './reference.ts';

const bins = freezeNumericBins(Float64Array.from({ length: 100 }, (_, i) => i));
const zero = () => new Array<number>(5).fill(0);
const put = (bin: number, n: number) => zero().map((count, i) => (i === bin ? n : count));
const settings = { window: 10, minimumRows: 5, learningWindows: 7 };

/** Seven chunks of ten rows, each in a bin of its own, and five rows of a stretch that is no chunk. */
function profileOf(): ReferenceProfile {
  const items = Array.from({ length: 7 }, (_, i) => ({
    start: i * 10,
    rows: 10,
    features: { a: put(i % 3, 10) },
    score: put(i % 2, 10),
    hours: [],
    ranking: { auc: null, positives: 0, negatives: 0 },
  }));
  const sum = (of: (item: (typeof items)[number]) => number[]) =>
    items.reduce((total, item) => total.map((count, i) => count + of(item)[i]), put(2, 5));
  return {
    features: { a: { bins, counts: sum(({ features }) => features.a) } },
    score: { bins, counts: sum(({ score }) => score) },
    labelRate: 0.2,
    rows: 75,
    chunks: { length: 10, items },
  };
}

const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

describe('a reference', () => {
  it('forgets the rows of unusual chunks, and no others', () => {
    const profile = profileOf();
    const left = withoutUnusual(profile, (start) => start >= 50);
    expect(left.chunks).toMatchObject({ length: 10, leftOut: 2 });
    expect(left.chunks?.items.map(({ start }) => start)).toEqual([0, 10, 20, 30, 40]);
    expect(left.rows).toBe(55);
    expect(total(left.features.a.counts)).toBe(55);
    expect(total(left.score.counts)).toBe(55);
    expect(left.features.a.counts[2]).toBe(15);
    expect(teachingChunks(left, settings)).toHaveLength(5);
    // The given one is as it was.
    expect(total(profile.features.a.counts)).toBe(75);
  });

  it('stays as it is when nothing was unusual, or nearly everything', () => {
    const profile = profileOf();
    expect(withoutUnusual(profile, () => false)).toBe(profile);
    expect(withoutUnusual(profile, (start) => start >= 20)).toBe(profile);
    expect(withoutUnusual(profile, (start) => start >= 30).chunks?.items).toHaveLength(3);
    expect(withoutUnusual({ ...profile, chunks: null }, () => true).chunks).toBeNull();
  });

  it('needs as many chunks as windows to teach, unless it has left some out', () => {
    const { chunks, ...rest } = profileOf();
    const few = { ...rest, chunks: { length: 10, items: chunks?.items.slice(0, 5) ?? [] } };
    expect(teachingChunks(few, settings)).toBeNull();
    expect(teachingChunks(profileOf(), { ...settings, window: 20 })).toBeNull();
  });
});
