import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCallerRates } from './caller-rates.ts';
import { createGate, limitsOf } from './gate.ts';

const codeOf = (error: unknown) => (error as { code: string }).code;

function gateAt(limits: Parameters<typeof limitsOf>[0] = {}, most = 1000) {
  const clock = { now: 1 };
  const server = { underWay: 0, most };
  const gate = createGate(server, () => clock.now);
  gate.limits = limitsOf(limits);
  return { gate, clock, server };
}

test('requests run up to the limit, wait in order up to theirs, and the next is refused', async () => {
  const { gate, server } = gateAt({ maxConcurrent: 2, maxQueue: 2 });
  expect(gate.enter(1, 9, 1000, false)).toBeUndefined();
  expect(gate.enter(1, 9, 1000, false)).toBeUndefined();
  const order: string[] = [];
  const third = gate.enter(1, 9, 1000, false)?.then(() => order.push('third'));
  const fourth = gate.enter(1, 9, 1000, false)?.then(() => order.push('fourth'));
  expect(() => gate.enter(1, 9, 1000, false)).toThrow('More requests wait');
  expect(gate.rejected['queue-full']).toBe(1);
  expect([gate.running(), gate.queued(), server.underWay]).toEqual([2, 2, 4]);
  gate.leave(1, 0);
  await third;
  gate.leave(1, 0);
  await fourth;
  expect(order).toEqual(['third', 'fourth']);
  gate.leave(1, 0);
  gate.leave(1, 0);
  expect([gate.running(), gate.queued(), server.underWay]).toEqual([0, 0, 0]);
});

test('who would wait beyond the deadline is refused at once; an idle deployment takes everybody', () => {
  const { gate } = gateAt({ maxConcurrent: 1 });
  gate.enter(0, 1, 1000, false);
  gate.leave(1, 11);
  expect(gate.drainMs()).toBe(10);
  expect(gate.enter(11, 1, 25, false)).toBeUndefined();
  void gate.enter(11, 1, 25, false);
  expect(() => gate.enter(11, 1, 25, false)).toThrow('longer than its deadline');
  gate.leave(11, 21);
  gate.leave(11, 31);
  // However slow it was: the only request there is runs.
  expect(gate.enter(31, 1, 1, false)).toBeUndefined();
});

test('what has waited beyond its deadline is not run', async () => {
  const { gate, clock } = gateAt({ maxConcurrent: 1 });
  gate.enter(1, 1, 1000, false);
  const callers = gate.enter(1, 1, 50, true)?.catch(codeOf);
  const ours = gate.enter(1, 1, 60, false)?.catch(codeOf);
  const patient = gate.enter(1, 1, 1000, false);
  clock.now = 100;
  gate.leave(1, 100);
  expect(await callers).toBe('serving.request.expired');
  expect(await ours).toBe('serving.request.overloaded');
  await patient;
  expect(gate.waited).toEqual({ count: 1, ms: 99 });
  expect(() => gate.enter(100, 9, -1, true)).toThrow();
});

test('those who wait behind a run that hangs are answered at their deadline', async () => {
  const gate = createGate({ underWay: 0, most: 10 }, performance.now.bind(performance));
  gate.limits = limitsOf({ maxConcurrent: 1 });
  gate.enter(performance.now(), 1, 60_000, false);
  const keepAwake = setInterval(() => {}, 50);
  expect(await gate.enter(performance.now(), 1, 5, false)?.catch(codeOf)).toBe('serving.request.overloaded');
  clearInterval(keepAwake);
});

test('one deployment cannot take more than the server has', () => {
  const server = { underWay: 0, most: 3 };
  const [a, b] = [createGate(server, () => 1), createGate(server, () => 1)];
  for (let i = 0; i < 3; i++) a.enter(1, Number.POSITIVE_INFINITY, 1000, false);
  expect(() => a.enter(1, Number.POSITIVE_INFINITY, 1000, false)).toThrow('as many requests under way');
  // A deployment without a request under way still gets its one.
  expect(b.enter(1, 1, 1000, false)).toBeUndefined();
});

test('law: whatever comes and goes, counts return to zero and no limit is passed', async () => {
  const step = fc.oneof(fc.constant('enter' as const), fc.constant('leave' as const), fc.nat(30));
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 80 }),
      fc.integer({ min: 1, max: 4 }),
      async (steps, most) => {
        const { gate, clock, server } = gateAt({ maxConcurrent: most, maxQueue: 3 });
        let running = 0;
        const settled: Promise<void>[] = [];
        for (const one of steps) {
          if (typeof one === 'number') clock.now += one;
          else if (one === 'leave') {
            if (running === 0) continue;
            running--;
            gate.leave(clock.now - 5, clock.now);
          } else {
            try {
              const turn = gate.enter(clock.now, 1, 40, false);
              if (turn)
                settled.push(
                  turn.then(
                    () => void running++,
                    () => {},
                  ),
                );
              else running++;
            } catch {}
          }
          await Promise.resolve();
          await Promise.resolve();
          expect(gate.running()).toBeLessThanOrEqual(most);
          expect(gate.queued()).toBeLessThanOrEqual(3);
          expect(gate.running()).toBe(running);
        }
        while (running > 0) {
          running--;
          gate.leave(clock.now, clock.now);
          await Promise.resolve();
          await Promise.resolve();
        }
        await Promise.all(settled);
        expect([gate.running(), gate.queued(), server.underWay]).toEqual([0, 0, 0]);
      },
    ),
  );
});

test('a caller has ten seconds of its rate at once, then its rate; others have their own', () => {
  const rates = createCallerRates();
  const taken = (now: number, times: number, who = 'a') =>
    Array.from({ length: times }, () => rates.take(who, 2, now)).filter(Boolean).length;
  expect(taken(0, 100)).toBe(20);
  expect(taken(1000, 100)).toBe(2);
  expect(taken(1000, 100, 'b')).toBe(20);
  expect(taken(1_000_000, 100)).toBe(20);
});
