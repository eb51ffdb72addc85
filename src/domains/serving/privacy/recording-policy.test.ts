import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PredictionRecord } from '../recorder/prediction-log.ts';
import { isSampled, recordingPolicy, redactValue } from './recording-policy.ts';
import { joinColumns, splitColumns } from './request-columns.ts';

const hash = (field: string, value: string) => `h(${field},${value})`;
const needs = { hash, featuresOf: () => ['age', 'x', 'pixels[0]', 'pixels[1]'] };
const entry = (more: Partial<PredictionRecord> = {}): PredictionRecord => ({
  id: 'a',
  isCallersId: false,
  time: 1,
  revision: 'r',
  arm: 'champion',
  rollout: null,
  rows: 2,
  latencyMs: 1,
  computeMs: 1,
  eventTimes: [1, 2],
  inputs: '{"email":["a@b.c",null],"big":[12345678901234567890,2],"name":["Ann","Bob Marley"]}',
  features: Float32Array.of(30, 1, 5, 6, 40, 2, 7, 8),
  width: 4,
  scores: [0.5, 0.25],
  error: null,
  ...more,
});

test('a request’s JSON comes apart and together as it was', () => {
  const column = fc.tuple(
    fc.string(),
    fc.array(fc.oneof(fc.string(), fc.double(), fc.constant(null)), { maxLength: 4 }),
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(column, { selector: ([name]) => name, minLength: 1, maxLength: 5 }),
      (columns) => {
        const text = `{${columns.map(([name, values]) => `${JSON.stringify(name)}:${JSON.stringify(values)}`).join(',')}}`;
        const parts = splitColumns(text);
        expect(parts?.map(({ name }) => name)).toEqual(columns.map(([name]) => name));
        expect(joinColumns(parts ?? [])).toBe(text);
      },
    ),
  );
  for (const broken of ['', '{', '[1]', '{"a":1}', '{"a":[1}', '{"a":["x]}', '{"a":[1]}x'])
    expect(splitColumns(broken)).toBeNull();
});

test('what is dropped, hashed or masked is not in what is written; the rest keeps all its digits', () => {
  expect(recordingPolicy({}, needs)).toBeNull();
  expect(
    recordingPolicy({ recording: { sample: 1, fields: { x: { retentionDays: 3 } } } }, needs),
  ).toBeNull();
  const policy = recordingPolicy(
    { recording: { fields: { email: 'hash', name: 'mask', age: 'drop', pixels: 'drop' } } },
    needs,
  );
  const record = entry();
  const kept = policy?.(record);
  expect(kept?.inputs).toBe(
    '{"email":["h(email,a@b.c)",null],"big":[12345678901234567890,2],"name":["***","B***"]}',
  );
  expect(Array.from(kept?.features ?? [])).toEqual([
    Number.NaN,
    1,
    Number.NaN,
    Number.NaN,
    Number.NaN,
    2,
    Number.NaN,
    Number.NaN,
  ]);
  // The model may still be reading the vector.
  expect(record.features?.[0]).toBe(30);
  expect(
    recordingPolicy({ recording: { fields: { email: 'drop', big: 'drop', name: 'drop' } } }, needs)?.(record)
      .inputs,
  ).toBeNull();
  expect(
    recordingPolicy({ recording: { fields: { email: 'drop' } } }, needs)?.(entry({ inputs: 'no columns' }))
      .inputs,
  ).toBeNull();
  const unknown = recordingPolicy(
    { recording: { fields: { age: 'drop' } } },
    { hash, featuresOf: () => undefined },
  );
  expect(unknown?.(record).features).toBeNull();
  expect([
    redactValue('f', null, 'hash', hash),
    redactValue('f', 7, 'hash', hash),
    redactValue('f', 'x', 'drop', hash),
  ]).toEqual([null, 'h(f,7)', null]);
});

test('the sample is a fair share of ids, the same each time; what is left out keeps its entity and nothing else', () => {
  const ids = Array.from(
    { length: 20_000 },
    (_, i) => `prd_01k0000000abcdefgh${i.toString(32).padStart(7, '0')}`,
  );
  const share = ids.filter((id) => isSampled(id, 0.1)).length / ids.length;
  expect(share).toBeGreaterThan(0.09);
  expect(share).toBeLessThan(0.11);
  expect(ids.every((id) => !isSampled(id, 0.1) || isSampled(id, 0.3))).toBe(true);
  const policy = recordingPolicy(
    { recording: { sample: 0.25, fields: { name: 'hash' } }, entity: ['name'] },
    needs,
  );
  const inside = ids.find((id) => isSampled(id, 0.25)) ?? '';
  const outside = ids.find((id) => !isSampled(id, 0.25)) ?? '';
  expect(policy?.(entry({ id: inside }))).toMatchObject({ weight: 4, scores: [0.5, 0.25] });
  expect(policy?.(entry({ id: outside }))).toMatchObject({
    weight: 0,
    scores: null,
    features: null,
    inputs: '{"name":["h(name,Ann)","h(name,Bob Marley)"]}',
  });
  expect(policy?.(entry({ id: outside, rollout: 'ro' }))).toMatchObject({
    weight: 0,
    scores: [0.5, 0.25],
    features: null,
  });
  const failed = policy?.(entry({ id: outside, error: 'no' }));
  expect(failed?.weight).toBeUndefined();
  expect(failed?.features).not.toBeNull();
});
