import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NamedTensor } from '../runtime/tensors.ts';
import { cacheSettings } from './declared-cache.ts';
import { inputDigest } from './input-digest.ts';
import { type Answer, type CacheRoom, type CacheSettings, createResultCache } from './result-cache.ts';

const tensor = (...values: number[]): NamedTensor => ({
  name: 'p',
  datatype: 'FP32',
  shape: [values.length],
  data: Float32Array.from(values),
});
const answer = (...values: number[]): Answer => ({ outputs: [tensor(...values)], computeMs: 2 });
const roomy: CacheSettings = { maxBytes: 1e9, maxEntries: 1e9, ttlMs: null };
const open = (settings: Partial<CacheSettings> = {}, room: CacheRoom = { bytes: 0, most: 1e9 }) =>
  createResultCache(room, { ...roomy, ...settings });
const firstOf = (found: Answer | null) => found?.outputs[0].data[0];

describe('the cache of a deployment', () => {
  test('the least recently used goes first, by count and by bytes', () => {
    const cache = open({ maxEntries: 2 });
    for (const key of ['a', 'b']) cache.put(key, answer(key.charCodeAt(0)), 0, 0);
    expect(firstOf(cache.find('a', 0))).toBe(97);
    cache.put('c', answer(99), 0, 0);
    expect(['a', 'b', 'c'].map((key) => cache.find(key, 0) !== null)).toEqual([true, false, true]);
    expect(cache.counts.evicted).toBe(1);
    const each = cache.bytes() / 2;
    cache.settings = { ...roomy, maxBytes: 1.5 * each };
    cache.fit();
    expect([cache.entries(), cache.bytes()]).toEqual([1, each]);
    expect(cache.find('c', 0)).not.toBeNull();
  });

  test('an answer ends when it is old, to the millisecond', () => {
    const cache = open({ ttlMs: 100 });
    cache.put('a', answer(1), 1000, 0);
    expect(cache.find('a', 1099)).not.toBeNull();
    expect(cache.find('a', 1100)).toBeNull();
    expect([cache.entries(), cache.bytes(), cache.counts.expired]).toEqual([0, 0, 1]);
  });

  test('what is kept is a copy, and too large an answer is not kept but given back', () => {
    const cache = open({ maxBytes: 4096 });
    const mine = answer(5);
    cache.put('a', mine, 0, 0);
    (mine.outputs[0].data as Float32Array)[0] = 6;
    expect(firstOf(cache.find('a', 0))).toBe(5);
    const large = { outputs: [{ ...tensor(), shape: [5000], data: new Float32Array(5000) }], computeMs: 1 };
    expect(cache.put('b', large, 0, 0).outputs[0].data.length).toBe(5000);
    expect([cache.find('b', 0), cache.entries()]).toEqual([null, 1]);
  });

  test('a run from before a clearing leaves nothing behind', () => {
    const cache = open();
    const since = cache.generation();
    cache.put('a', answer(1), 0, since);
    expect(cache.clear().entries).toBe(1);
    cache.put('a', answer(1), 0, since);
    expect([cache.find('a', 0), cache.bytes()]).toEqual([null, 0]);
  });

  test('all caches together stay within the room of the process', () => {
    const room = { bytes: 0, most: 2500 };
    const [one, two] = [open({}, room), open({}, room)];
    for (let i = 0; i < 10; i++) for (const cache of [one, two]) cache.put(`key${i}`, answer(i), 0, 0);
    expect(room.bytes).toBe(one.bytes() + two.bytes());
    expect(room.bytes).toBeLessThanOrEqual(room.most);
    expect(one.entries() + two.entries()).toBeGreaterThan(2);
    one.clear();
    two.put('large', answer(1), 0, 0);
    expect(room.bytes).toBe(two.bytes());
  });

  test('a run under way is shared until it ends, also when it ends with nothing', async () => {
    const cache = open();
    expect(cache.awaited('a')).toBeUndefined();
    const land = cache.announce('a');
    const waiting = cache.awaited('a');
    land(null);
    expect(await waiting).toBeNull();
    expect(cache.awaited('a')).toBeUndefined();
  });

  test('its bytes and its order are right after any history', () => {
    const step = fc.record({ key: fc.integer({ min: 0, max: 12 }), size: fc.integer({ min: 1, max: 400 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 6 }), (steps, most) => {
        const room = { bytes: 0, most: 6000 };
        const cache = open({ maxEntries: most, maxBytes: 5000 }, room);
        const model: string[] = [];
        for (const { key, size } of steps) {
          const name = String(key);
          const known = cache.find(name, 0) !== null;
          expect(known).toBe(model.includes(name));
          if (known) model.push(...model.splice(model.indexOf(name), 1));
          else {
            cache.put(name, answer(...new Array<number>(size).fill(1)), 0, 0);
            model.push(name);
            while (model.length > cache.entries()) model.shift();
          }
          expect(cache.entries()).toBeLessThanOrEqual(most);
          expect(cache.bytes()).toBeLessThanOrEqual(5000);
          expect(room.bytes).toBe(cache.bytes());
        }
        cache.clear();
        expect(room.bytes).toBe(0);
      }),
    );
  });
});

describe('the digest of an input', () => {
  const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 4 }), { maxLength: 3 });
  const named = (name: string, data: string[]): NamedTensor => ({
    name,
    datatype: 'BYTES',
    shape: [data.length],
    data,
  });
  const bits = (datatype: 'FP32' | 'INT32', data: Float32Array | Int32Array): NamedTensor => ({
    name: 'x',
    datatype,
    shape: [data.length],
    data,
  });

  test('tells lists of tensors apart, however they are cut', () => {
    const feeds = fc.array(fc.tuple(fc.string({ maxLength: 3 }), texts), { maxLength: 3 });
    fc.assert(
      fc.property(feeds, feeds, (one, other) => {
        const same = JSON.stringify(one) === JSON.stringify(other);
        const digest = (all: [string, string[]][]) =>
          inputDigest(all.map(([name, data]) => named(name, data)));
        expect(digest(one) === digest(other)).toBe(same);
      }),
    );
    expect(inputDigest([named('x', ['ab', 'c'])])).not.toBe(inputDigest([named('x', ['a', 'bc'])]));
    const shaped = (shape: number[]): NamedTensor => ({ ...bits('FP32', new Float32Array(6)), shape });
    expect(inputDigest([shaped([2, 3])])).not.toBe(inputDigest([shaped([3, 2])]));
  });

  test('sees every bit: the sign of zero, another type of the same bytes, another order of inputs', () => {
    const zeros = [Float32Array.of(0), Float32Array.of(-0)].map((data) => inputDigest([bits('FP32', data)]));
    expect(zeros[0]).not.toBe(zeros[1]);
    expect(inputDigest([bits('INT32', Int32Array.of(0))])).not.toBe(zeros[0]);
    const [a, b] = [1, 2].map((value) => ({ ...bits('FP32', Float32Array.of(value)), name: `x${value}` }));
    expect(inputDigest([a, b])).not.toBe(inputDigest([b, a]));
    // A view is digested as what it shows.
    const whole = Float32Array.of(9, 1, 9);
    expect(inputDigest([{ ...a, data: whole.subarray(1, 2) }])).toBe(inputDigest([a]));
  });
});

test('what is declared, and what holds where nothing is', () => {
  expect([undefined, false].map((declared) => cacheSettings(declared))).toEqual([null, null]);
  expect(cacheSettings(true)).toEqual({ maxBytes: 64_000_000, maxEntries: 1_000_000, ttlMs: null });
  expect(cacheSettings({ maxBytes: 2048, ttlSeconds: 0.5 })).toMatchObject({ maxBytes: 2048, ttlMs: 500 });
});
