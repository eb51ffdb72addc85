import { expect, test } from 'vitest';
import { createMeter, earlier, meterRequest, meterRun } from './meter.ts';
import { createMeterBook } from './meter-book.ts';

const hour = 3_600_000;
const meterOf = (revision: string, requests: number, at: number, deployment = 'd') => {
  const meter = createMeter({ deployment, model: 'm', version: 1, revision });
  for (let i = 0; i < requests; i++) {
    meterRequest(meter, at, { rows: 2, latencyMs: 3, failed: i === 0 });
    meterRun(meter, 2, 1);
  }
  return meter;
};

test('a hundred former revisions take up as much as a few, and their sums stay', () => {
  const book = createMeterBook();
  const sizes: number[] = [];
  for (let i = 0; i < 100; i++) {
    book.keep(meterOf(`rev_${i}`, 3, i * 1000));
    book.fold('d', (revision) => revision === 'rev_0');
    sizes.push(book.of('d').length);
  }
  expect(Math.max(...sizes)).toBe(sizes[99]);
  expect(sizes[99]).toBeLessThan(20);
  expect(book.get('rev_0')?.requests).toBe(3);
  expect(book.get('rev_99')?.requests).toBe(3);
  expect(book.get('rev_1')).toBeUndefined();
  const sum = (of: 'requests' | 'rows' | 'errors' | 'executions' | 'ranRows') =>
    book.of('d').reduce((total, meter) => total + meter[of], 0);
  expect([sum('requests'), sum('rows'), sum('errors'), sum('executions'), sum('ranRows')]).toEqual([
    300, 600, 100, 300, 600,
  ]);
  expect(book.of('d').find(({ labels }) => labels.revision === earlier)?.latency.count).toBeGreaterThan(200);
});

test('a revision that is loaded again has one meter; a removed deployment has none', () => {
  const book = createMeterBook();
  book.keep(meterOf('rev_a', 1, 0));
  const again = meterOf('rev_a', 2, 0);
  book.keep(again);
  book.keep(meterOf('rev_b', 1, 0, 'other'));
  expect(book.all()).toHaveLength(2);
  expect(book.get('rev_a')).toBe(again);
  book.drop('d');
  expect(book.all().map(({ labels }) => labels.revision)).toEqual(['rev_b']);
});

test('seconds of a revision that nobody asks are forgotten after three hours', () => {
  const book = createMeterBook();
  const meter = meterOf('rev_a', 1, hour);
  book.keep(meter);
  book.trim(3 * hour);
  expect(meter.ring.size).toBe(1);
  book.trim(4 * hour + 1000);
  expect(meter.ring.size).toBe(0);
});
