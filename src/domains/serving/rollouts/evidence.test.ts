import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../math/random.ts';
import { createEvidence } from './evidence.ts';
import { createLabelQueue } from './label-queue.ts';
import { isChallengers, nextMove, rolloutSettings } from './rollout.model.ts';

const ok = (score: number, endedAt = 0) => ({ failed: false, computeMs: 1, endedAt, scores: [score] });

describe('evidence', () => {
  test('an equally good challenger is rolled back in at most alpha of the rollouts, looking after every request', () => {
    const random = createRandom(11);
    const settings = rolloutSettings({ alpha: 0.05, margin: 0.001 });
    let alarms = 0;
    const rollouts = 200;
    for (let r = 0; r < rollouts; r++) {
      const evidence = createEvidence(settings, 5);
      for (let i = 0; i < 600 && !evidence.hasAlarm(); i++) {
        const arm = () => ({
          failed: random.next() < 0.02,
          computeMs: random.next() < 0.02 ? 9 : 1,
          endedAt: 100 * i,
          scores: [Math.min(1, Math.max(0, 0.3 + 0.1 * random.normal()))],
        });
        evidence.pair({ id: `${i}`, time: i, champion: arm(), challenger: arm() });
        evidence.label(`${i}`, 0, random.next() < 0.3 ? 1 : 0);
      }
      if (evidence.hasAlarm()) alarms++;
    }
    expect(alarms / rollouts).toBeLessThanOrEqual(0.05);
  });

  test('invalid outputs and errors alarm within tens of requests', () => {
    for (const bad of [
      { failed: true, computeMs: 1, endedAt: 0, scores: null },
      ok(Number.NaN),
      { ...ok(0.5), computeMs: 99 },
    ]) {
      const evidence = createEvidence(rolloutSettings(), 5);
      let requests = 0;
      for (; requests < 200 && !evidence.hasAlarm(); requests++) {
        const challenger = { ...bad, endedAt: 100 * requests };
        evidence.pair({ id: `${requests}`, time: requests, champion: ok(0.5), challenger });
      }
      expect(requests).toBeLessThan(20);
      expect(evidence.verdict().harm).not.toBeNull();
    }
  });

  test('moments in which the machine stands still, with many requests in each, roll back at most alpha', () => {
    const random = createRandom(12);
    const settings = rolloutSettings({ alpha: 0.05, requireLabels: false });
    let alarms = 0;
    const rollouts = 200;
    for (let r = 0; r < rollouts; r++) {
      const evidence = createEvidence(settings, 25);
      for (let stall = 0; stall < 30 && !evidence.hasAlarm(); stall++) {
        const hit = random.next() < 0.5 ? 'challenger' : 'champion';
        for (let i = 0; i < 40; i++) {
          const isHeldUp = i < 20;
          const pair = { champion: ok(0.5), challenger: ok(0.5) };
          if (isHeldUp) pair[hit] = { ...ok(0.5, 1000 * stall + 60), computeMs: 60 - i };
          evidence.pair({ id: `${stall}-${i}`, time: 1000 * stall + i, ...pair });
        }
      }
      if (evidence.hasAlarm()) alarms++;
    }
    expect(alarms / rollouts).toBeLessThanOrEqual(0.05);
  });

  test('a challenger that is always slow alarms soon, however many of its answers overlap', () => {
    const evidence = createEvidence(rolloutSettings(), 25);
    let requests = 0;
    // Arriving every millisecond and taking 60, while those aside run one after the other and lag behind.
    for (; requests < 2000 && !evidence.hasAlarm(); requests++) {
      const endedAt = requests % 2 === 0 ? requests + 60 : 10_000 + 60 * requests;
      const challenger = { ...ok(0.5, endedAt), computeMs: 60 };
      evidence.pair({ id: `${requests}`, time: requests, champion: ok(0.5), challenger });
    }
    expect(requests).toBeLessThan(200);
  });

  test('a split that is not the one set is noticed', () => {
    const evidence = createEvidence(rolloutSettings(), 5);
    for (let i = 0; i < 2000; i++) evidence.assigned(i % 4 === 0, 10);
    expect(evidence.verdict().splitBroken).toBe(true);
  });
});

describe('the label queue', () => {
  test('gives requests back in their order, whatever the order of outcomes', () => {
    const queue = createLabelQueue(3);
    for (const id of ['a', 'b', 'c', 'd', 'e']) queue.add(id, [0.1, 0.2], [0.3, 0.4]);
    for (const id of ['c', 'b']) for (const row of [0, 1]) queue.label(id, row, 1);
    expect(queue.take()).toEqual([]);
    queue.label('a', 0, 1);
    queue.label('a', 0, 0);
    queue.label('d', 0, 1);
    queue.label('d', 1, 1);
    const taken = queue.take();
    expect(taken.map((one) => [...one.labels])).toEqual([
      [1, Number.NaN],
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
  });

  test('an outcome that comes before the request is scored aside is not lost', () => {
    const queue = createLabelQueue();
    queue.label('x', 0, 1);
    queue.add('x', [0.5], [0.6]);
    expect(queue.take()).toHaveLength(1);
  });
});

describe('the model', () => {
  const calm = { harm: null, splitBroken: false, isNonInferior: true, labelled: 1e6, pairs: 1e6 };
  const at = (state: 'shadow' | 'canary', step: number, stepRequests: number) => ({
    state,
    step,
    startedAt: 0,
    stepRequests,
  });

  test('advances with enough requests, promotes after the last step, holds at the time-out, goes back on harm', () => {
    const settings = rolloutSettings({ timeoutMinutes: 1 });
    expect(nextMove(at('shadow', 0, 49), settings, calm, 0)).toBeNull();
    expect(nextMove(at('shadow', 0, 50), settings, calm, 0)).toMatchObject({ to: 'canary', weight: 10 });
    expect(nextMove(at('canary', 1, 100), settings, calm, 0)).toMatchObject({
      to: 'canary',
      step: 2,
      weight: 50,
    });
    expect(nextMove(at('canary', 2, 100), settings, calm, 0)).toMatchObject({ to: 'promoted' });
    const unlabelled = { ...calm, labelled: 0, isNonInferior: false };
    expect(nextMove(at('canary', 2, 100), settings, unlabelled, 0)).toBeNull();
    expect(nextMove(at('canary', 2, 100), settings, unlabelled, 60_000)).toMatchObject({ to: 'held' });
    const harm = { ...calm, harm: { test: 'errors', reason: 'x' } };
    expect(nextMove(at('canary', 2, 100), settings, harm, 0)).toMatchObject({ to: 'rolled-back' });
  });

  test('assigns a stable share by key and salt, independent between rollouts', () => {
    let first = 0;
    let both = 0;
    for (let i = 0; i < 20_000; i++) {
      const a = isChallengers(`k${i}`, 'salt-a', 10);
      expect(isChallengers(`k${i}`, 'salt-a', 10)).toBe(a);
      if (a) expect(isChallengers(`k${i}`, 'salt-a', 50)).toBe(true);
      if (a) first++;
      if (a && isChallengers(`k${i}`, 'salt-b', 10)) both++;
    }
    expect(first / 20_000).toBeCloseTo(0.1, 1);
    expect(both / 20_000).toBeLessThan(0.02);
    expect(isChallengers('k', 's', 0)).toBe(false);
  });
});
