import { expect, it } from 'vitest';
import type { JsonObject } from '../../platform/json.ts';
import type { LedgerEvent } from '../../platform/ledger/index.ts';
import { happenings } from './happenings.model.ts';

let seq = 1000;
const event = (type: string, data: JsonObject): LedgerEvent => {
  seq -= 1;
  return {
    seq,
    id: `evt_${seq}`,
    time: seq,
    type,
    actor: 'user:a',
    subject: 's',
    data,
    uses: [],
    cause: null,
    prev: '',
    hash: '',
  };
};
const version = (dataset: string, number: number) =>
  event('data.version.created', { dataset, version: number, rows: 10_000 });
const drift = () => event('monitoring.drift.detected', { deployment: 'd', reason: 'Inputs drifted: x.' });

it('folds versions of one dataset into the newest, also across other routine events', () => {
  const told = happenings([version('a', 9), drift(), version('a', 8), version('b', 1), version('a', 7)], 10);
  expect(told.map(({ sentence, count }) => [count, sentence])).toEqual([
    [3, 'Dataset a has 3 new versions, up to 9 with 10\u202f000 rows.'],
    [1, 'Drift at d: inputs drifted: x.'],
    [1, 'Dataset b has version 1 with 10\u202f000 rows.'],
  ]);
  expect(told[0].since).toBeLessThan(told[0].event.time);
});

it('keeps the order of what matters: an incident ends a run', () => {
  const incident = event('monitoring.incident.opened', { deployment: 'd', reason: 'It got worse.' });
  const told = happenings([version('a', 3), incident, version('a', 2), version('a', 1)], 10);
  expect(told.map(({ count }) => count)).toEqual([1, 1, 2]);
});

it('tells no more than asked, but counts the last run to its end', () => {
  const told = happenings([drift(), version('a', 2), version('b', 1), version('a', 1)], 2);
  expect(told.map(({ count }) => count)).toEqual([1, 2]);
});
