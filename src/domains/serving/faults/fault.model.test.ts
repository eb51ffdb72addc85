import { expect, test } from 'vitest';
import type { FaultKind } from '../runtime/model-host.ts';
import { isTooMuch, mainKind, quarantineReason, type SeenFault } from './fault.model.ts';

const minute = 60_000;
const fault = (time: number, runsBefore = 0, kind: FaultKind = 'crash'): SeenFault => ({
  time,
  kind,
  detail: 'It died.',
  runsBefore,
});

test('three faults in a row within ten minutes are too much, two are not', () => {
  expect(isTooMuch([fault(0), fault(1000)], 1000)).toBe(false);
  expect(isTooMuch([fault(0), fault(1000), fault(2000)], 2000)).toBe(true);
  expect(isTooMuch([fault(0), fault(9 * minute), fault(11 * minute)], 11 * minute)).toBe(false);
});

test('a thousand good runs between two faults forgive, up to ten in the window', () => {
  const forgiven = [fault(0), fault(1000, 1000), fault(2000, 1000), fault(3000, 5000)];
  expect(isTooMuch(forgiven, 3000)).toBe(false);
  // The newest three follow each other; what was before the first of them does not matter.
  expect(isTooMuch([...forgiven, fault(4000), fault(5000)], 5000)).toBe(true);
  const often = Array.from({ length: 10 }, (_, i) => fault(i * 1000, 50_000));
  expect(isTooMuch(often.slice(1), 9000)).toBe(false);
  expect(isTooMuch(often, 9000)).toBe(true);
});

test('a process that somebody ended while it was idle tells nothing of its model', () => {
  const stopped = Array.from({ length: 30 }, (_, i) => fault(i, 0, 'stopped'));
  expect(isTooMuch(stopped, 30)).toBe(false);
});

test('the reason names kinds, number and the last thing seen', () => {
  const faults = [fault(0, 0, 'hang'), fault(1, 0, 'hang'), { ...fault(2), detail: 'The process ended.' }];
  expect(mainKind(faults)).toBe('hang');
  expect(quarantineReason(faults, 2)).toBe('It hung, died: 3 times in ten minutes. The process ended.');
});
