import { describe, expect, it } from 'vitest';
import { countNumeric, freezeNumericBins } from '../../math/bins.ts';
import { createRandom, type Random } from '../../math/random.ts';
import { nextMove, seriesOf } from './incidents/rules.ts';
import { judgeWindow } from './judge.model.ts';
import type { AlertRule, Reference, WindowFacts, WindowRecord } from './monitoring.model.ts';
import { monitorSettings } from './monitoring.settings.ts';
import { scoreColumn } from './statistics/reference.ts';

const settings = monitorSettings({});
const rules: readonly AlertRule[] = ['performance', 'costly-drift', 'prediction-drift', 'feature-drift'];
const features = ['a', 'b', 'c', 'd'];

type Rows = { columns: Float64Array[]; scores: Float64Array; hours: WindowFacts['hours'] };

/** A day: four features that share a wandering level, a calibrated score (but for `decay`), outcomes. */
function drawDay(
  random: Random,
  level: number,
  change: { shift?: number; decay?: number },
  rows = 480,
): Rows {
  const columns = features.map(() => new Float64Array(rows));
  const scores = new Float64Array(rows);
  const hours: WindowFacts['hours'] = [];
  for (let hour = 0; hour < 24; hour++) {
    const sums = { n: 0, labels: 0, scores: 0, logLoss: 0, excess: 0, brier: 0 };
    const wave = level + 0.1 * random.normal();
    for (let i = 0; i < rows / 24; i++) {
      const row = (hour * rows) / 24 + i;
      let odds = -1.5;
      for (let f = 0; f < features.length; f++) {
        columns[f][row] = wave + (change.shift ?? 0) + random.normal();
        odds += 0.4 * columns[f][row];
      }
      const p = 1 / (1 + Math.exp(-odds));
      const y = random.next() < 1 / (1 + Math.exp(-odds - (change.decay ?? 0))) ? 1 : 0;
      scores[row] = p;
      sums.n++;
      sums.labels += y;
      sums.scores += p;
      sums.logLoss -= Math.log(y === 1 ? p : 1 - p);
      sums.excess += (p - y) * odds;
      sums.brier += (p - y) ** 2;
    }
    hours.push(sums);
  }
  return { columns, scores, hours };
}

/** Windows until `days` are judged beyond the learning ones; how often each rule began to fire, and when first. */
function simulate(seed: number, days: number, changeOf: (day: number) => { shift?: number; decay?: number }) {
  const random = createRandom(seed);
  let level = 0;
  const step = () => {
    level = 0.6 * level + 0.08 * random.normal();
    return level;
  };
  const past = Array.from({ length: 10 }, () => drawDay(random, step(), {}));
  const freeze = (parts: Float64Array[]) => {
    const values = Float64Array.from(parts.flatMap((part) => [...part]));
    const bins = freezeNumericBins(values);
    return { bins, counts: Array.from(countNumeric(bins, values)) };
  };
  const profile = {
    features: Object.fromEntries(
      features.map((name, f) => [name, freeze(past.map((day) => day.columns[f]))]),
    ),
    score: freeze(past.map((day) => day.scores)),
    labelRate: 0.2,
    rows: 4800,
  };
  const reference = {
    id: 'reference_1',
    source: 'training',
    profile,
    importance: null,
  } as unknown as Reference;
  const history: WindowRecord[] = [];
  const starts: Partial<Record<AlertRule, number[]>> = {};
  const states = new Map<AlertRule, 'pending' | 'firing' | null>();
  for (let day = 0; day < settings.learningWindows + days; day++) {
    const { columns, scores, hours } = drawDay(random, step(), changeOf(day - settings.learningWindows));
    const counts = Object.fromEntries(
      features.map((name, f) => [name, Array.from(countNumeric(profile.features[name].bins, columns[f]))]),
    );
    const facts: WindowFacts = {
      start: day,
      end: day + 1,
      rows: 480,
      errors: 0,
      revision: 'rev_1',
      revisionRows: 480,
      labelled: 480,
      counts: { ...counts, [scoreColumn]: Array.from(countNumeric(profile.score.bins, scores)) },
      hours,
      ranking: { auc: null, positives: 0, negatives: 0 },
    };
    const judgement = judgeWindow(facts, 'final', reference, history, settings);
    history.push({ start: day, state: 'final', rows: 480, judgement } as WindowRecord);
    for (const rule of rules) {
      const series = seriesOf(rule, history, settings);
      const move = nextMove(states.get(rule) ?? null, series, settings.persistence);
      if (move === 'fire') starts[rule] = [...(starts[rule] ?? []), day - settings.learningWindows];
      if (move === 'fire') states.set(rule, 'firing');
      if (move === 'pend') states.set(rule, 'pending');
      if (move === 'drop' || move === 'resolve') states.set(rule, null);
    }
  }
  return starts;
}

const count = (runs: ReturnType<typeof simulate>[], chosen: readonly AlertRule[]) =>
  runs.reduce((sum, run) => sum + chosen.reduce((own, rule) => own + (run[rule]?.length ?? 0), 0), 0);

describe('alerts in simulation', () => {
  it('on stationary autocorrelated traffic begin rarely', () => {
    const runs = Array.from({ length: 30 }, (_, i) => simulate(i + 1, 40, () => ({})));
    // 1,200 windows: at most one incident in 200 of them, one drift alert in 50.
    expect(count(runs, ['performance', 'costly-drift'])).toBeLessThanOrEqual(6);
    expect(count(runs, ['prediction-drift', 'feature-drift'])).toBeLessThanOrEqual(24);
  });

  it('find a lasting shift of the inputs within four windows', () => {
    const runs = Array.from({ length: 12 }, (_, i) =>
      simulate(i + 101, 16, (day) => ({ shift: day >= 8 ? 0.8 : 0 })),
    );
    const found = runs.filter((run) => run['feature-drift']?.some((day) => day >= 9 && day <= 11));
    expect(found.length).toBeGreaterThanOrEqual(11);
  });
});
