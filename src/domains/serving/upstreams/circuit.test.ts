import { expect, test } from 'vitest';
import { type CircuitChange, createCircuit } from './circuit.ts';

function start() {
  const changes: CircuitChange[] = [];
  const clock = { now: 0 };
  const circuit = createCircuit(
    () => clock.now,
    (change) => changes.push(change),
  );
  const fail = (times: number) => {
    for (let i = 0; i < times; i++) circuit.failed('down');
  };
  return { circuit, clock, changes, fail };
}

test('opens after five failures in a row, not after five in all', () => {
  const { circuit, changes, fail } = start();
  fail(4);
  circuit.succeeded();
  fail(4);
  expect(circuit.mayCall()).toBe(true);
  fail(1);
  expect(circuit.mayCall()).toBe(false);
  expect(circuit.waitMs()).toBe(1000);
  expect(changes).toEqual([{ isOpen: true, reason: 'down' }]);
});

test('lets one caller try, rests twice as long after a failed try, and closes after a good one', () => {
  const { circuit, clock, changes, fail } = start();
  fail(5);
  clock.now = 1000;
  expect([circuit.mayCall(), circuit.mayCall()]).toEqual([true, false]);
  fail(1);
  expect(circuit.waitMs()).toBe(2000);
  clock.now = 3000;
  expect(circuit.mayCall()).toBe(true);
  circuit.succeeded();
  expect([circuit.mayCall(), circuit.mayCall()]).toEqual([true, true]);
  expect(changes.map(({ isOpen }) => isOpen)).toEqual([true, false]);
});

test('failures of calls that were under way do not prolong the rest, and the rest has an end', () => {
  const { circuit, clock, fail } = start();
  fail(50);
  expect(circuit.waitMs()).toBe(1000);
  for (let i = 0; i < 20; i++) {
    clock.now += circuit.waitMs();
    expect(circuit.mayCall()).toBe(true);
    fail(1);
  }
  expect(circuit.waitMs()).toBe(60_000);
});
