import { describe, expect, it } from 'vitest';
import { countNumeric, freezeNumericBins } from '../../math/bins.ts';
import { persists } from '../../math/persistence.ts';
import { createRandom, type Random } from '../../math/random.ts';
import { nextMove, seriesOf } from './incidents/rules.ts';
import { type Former, judgeWindow } from './judge.model.ts';
import type { AlertRule, Reference, WindowFacts, WindowRecord } from './monitoring.model.ts';
import { monitorSettings } from './monitoring.settings.ts';
import { scoreColumn, withoutUnusual } from './statistics/reference.ts';

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

type Change = { shift?: number; decay?: number };
type World = {
  seed: number;
  days: number;
  changeOf?: (day: number) => Change;
  /** What teaches the limits: the first live windows, or chunks of so many days of the evaluation. */
  teacher?: 'windows' | { chunks: number; rows: number };
  /** Days between the evaluation and the first request, in which the level wanders on. */
  gap?: number;
};

/** How often each rule began to fire in `days` judged windows, and when; learning windows come before day 0. */
function simulate({ seed, days, changeOf = () => ({}), teacher = 'windows', gap = 0 }: World) {
  const random = createRandom(seed);
  let level = 0;
  const step = () => {
    level = 0.6 * level + 0.08 * random.normal();
    return level;
  };
  const isTaughtLive = teacher === 'windows';
  const past = Array.from({ length: isTaughtLive ? 10 : teacher.chunks }, () =>
    drawDay(random, step(), {}, isTaughtLive ? 480 : teacher.rows),
  );
  const { profile, countsOf } = freezeDays(past);
  if (!isTaughtLive) {
    const items = past.map((day, start) => {
      const { [scoreColumn]: score, ...columns } = countsOf(day);
      const ranking = { auc: null, positives: 0, negatives: 0 };
      return { start, rows: teacher.rows, features: columns, score, hours: day.hours, ranking };
    });
    Object.assign(profile, { chunks: { length: settings.window, items } });
  }
  for (let day = 0; day < gap; day++) step();
  const reference = {
    id: 'reference_1',
    source: 'training',
    profile,
    importance: null,
  } as unknown as Reference;
  const history: WindowRecord[] = [];
  const flags: Partial<Record<AlertRule, number[]>> = {};
  const starts: Partial<Record<AlertRule, number[]>> = {};
  const states = new Map<AlertRule, 'pending' | 'firing' | null>();
  const from = isTaughtLive ? -settings.learningWindows : 0;
  for (let day = from; day < days; day++) {
    const drawn = drawDay(random, step(), changeOf(day));
    const facts: WindowFacts = {
      start: day,
      end: day + 1,
      rows: 480,
      errors: 0,
      revision: 'rev_1',
      revisionRows: 480,
      labelled: 480,
      counts: countsOf(drawn),
      hours: drawn.hours,
      ranking: { auc: null, positives: 0, negatives: 0 },
    };
    const judgement = judgeWindow(facts, 'final', reference, history, settings);
    history.push({ start: day, state: 'final', rows: 480, facts, judgement } as WindowRecord);
    for (const rule of rules) {
      const series = seriesOf(rule, history, settings);
      if (series.at(-1)) flags[rule] = [...(flags[rule] ?? []), day];
      const move = nextMove(states.get(rule) ?? null, series, settings.persistence);
      if (move === 'fire') starts[rule] = [...(starts[rule] ?? []), day];
      if (move === 'fire') states.set(rule, 'firing');
      if (move === 'pend') states.set(rule, 'pending');
      if (move === 'drop' || move === 'resolve') states.set(rule, null);
    }
  }
  return { starts, flags, history };
}

/** The reference of some days, and how rows are counted on its bins. */
function freezeDays(past: readonly Rows[]) {
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
    rows: past.reduce((sum, { scores }) => sum + scores.length, 0),
  };
  const countsOf = ({ columns, scores }: Rows): Record<string, number[]> => ({
    ...Object.fromEntries(
      features.map((name, f) => [name, Array.from(countNumeric(profile.features[name].bins, columns[f]))]),
    ),
    [scoreColumn]: Array.from(countNumeric(profile.score.bins, scores)),
  });
  return { profile, countsOf };
}

const count = (runs: ReturnType<typeof simulate>[], chosen: readonly AlertRule[]) =>
  runs.reduce(
    (sum, { starts }) => sum + chosen.reduce((own, rule) => own + (starts[rule]?.length ?? 0), 0),
    0,
  );

/** A reference with its days as chunks, and the facts of a live day on its bins. */
function champion(name: string, days: readonly Rows[], from: number) {
  const { profile, countsOf } = freezeDays(days);
  const items = days.map((day, i) => {
    const { [scoreColumn]: score, ...columns } = countsOf(day);
    return { start: from + i, rows: 480, features: columns, score, hours: day.hours, ranking: noRanking };
  });
  const chunked = { ...profile, chunks: { length: settings.window, items } };
  const reference = {
    id: name,
    source: 'training',
    profile: chunked,
    importance: null,
  } as unknown as Reference;
  const factsOf = (day: Rows, start: number): WindowFacts => ({
    start,
    end: start + 1,
    rows: 480,
    errors: 0,
    revision: name,
    revisionRows: 480,
    labelled: 480,
    counts: countsOf(day),
    hours: day.hours,
    ranking: noRanking,
  });
  return { reference, factsOf };
}

const noRanking = { auc: null, positives: 0, negatives: 0 };

/**
 * A champion that is trained when a storm of three days has opened an incident, judged on the week that ends with the
 * storm, then forty days with another storm on the days 20 and 21.
 */
function afterStorm(seed: number, leavesOut: boolean) {
  const random = createRandom(seed);
  let level = 0;
  const draw = (shift = 0) => {
    level = 0.6 * level + 0.08 * random.normal();
    return drawDay(random, level, { shift });
  };
  const judge = (
    of: ReturnType<typeof champion>,
    days: readonly Rows[],
    from: number,
    former: Former[] = [],
  ) => {
    const history: WindowRecord[] = [];
    days.forEach((day, i) => {
      const facts = of.factsOf(day, from + i);
      const judgement = judgeWindow(facts, 'final', of.reference, history, settings, former);
      history.push({ start: from + i, state: 'final', rows: 480, facts, judgement } as WindowRecord);
    });
    return history;
  };
  const first = champion(
    'first',
    Array.from({ length: 7 }, () => draw()),
    0,
  );
  const live = Array.from({ length: 14 }, (_, i) => draw(i < 11 ? 0 : 0.8));
  const before = judge(first, live, 7);
  const second = champion('second', live.slice(-7), 14);
  const unusual = new Set(
    before
      .filter(({ judgement: { flags } }) => flags.prediction || flags.performance)
      .map(({ start }) => start),
  );
  if (leavesOut) {
    const profile = withoutUnusual(second.reference.profile, (start) => unusual.has(start));
    second.reference = { ...second.reference, profile };
  }
  const later = Array.from({ length: 40 }, (_, i) => draw(i === 20 || i === 21 ? 0.8 : 0));
  const windows = judge(second, later, 21, [{ reference: first.reference, windows: before }]);
  const alerts = windows.filter((_, i) => {
    const flags = windows.slice(0, i + 1).map(({ judgement }) => judgement.flags.prediction);
    const fires = (upTo: number) => persists(flags.slice(0, upTo), 2, 3) && flags[upTo - 1];
    return fires(i + 1) && !(i > 0 && fires(i)) && i !== 21;
  });
  const flaggedDays = windows.flatMap(({ judgement }, i) => (judgement.flags.prediction ? [i] : []));
  return {
    isFound: flaggedDays.includes(20) && flaggedDays.includes(21),
    falseAlarms: alerts.length,
  };
}

describe('alerts in simulation', () => {
  it('on stationary autocorrelated traffic begin rarely', () => {
    const runs = Array.from({ length: 30 }, (_, i) => simulate({ seed: i + 1, days: 40 }));
    // 1,200 windows: at most one incident in 200 of them, one drift alert in 50.
    expect(count(runs, ['performance', 'costly-drift'])).toBeLessThanOrEqual(6);
    expect(count(runs, ['prediction-drift', 'feature-drift'])).toBeLessThanOrEqual(24);
  });

  it.each([
    ['as many rows as the windows', 480],
    ['ten times their rows', 4800],
  ])('begin rarely by limits of an evaluation a month before, with %s', (_, rows) => {
    const teacher = { chunks: 7, rows };
    const runs = Array.from({ length: 60 }, (_, i) => simulate({ seed: i + 1, days: 40, teacher, gap: 30 }));
    // 2,400 windows.
    expect(count(runs, ['performance', 'costly-drift'])).toBeLessThanOrEqual(12);
    expect(count(runs, ['prediction-drift', 'feature-drift'])).toBeLessThanOrEqual(48);
  });

  it('find a lasting shift of the inputs within four windows', () => {
    const runs = Array.from({ length: 12 }, (_, i) =>
      simulate({ seed: i + 101, days: 16, changeOf: (day) => ({ shift: day >= 8 ? 0.8 : 0 }) }),
    );
    const found = runs.filter(({ starts }) => starts['feature-drift']?.some((day) => day >= 9 && day <= 11));
    expect(found.length).toBeGreaterThanOrEqual(11);
  });

  it('flag the very first live window by limits of the evaluation, and fire with the second', () => {
    const teacher = { chunks: 7, rows: 480 };
    const broken = (change: Change) =>
      Array.from({ length: 20 }, (_, i) =>
        simulate({ seed: i + 201, days: 4, teacher, gap: 30, changeOf: () => change }),
      );
    const shifted = broken({ shift: 0.8 });
    const decayed = broken({ decay: 0.8 });
    const first = (runs: typeof shifted, rule: AlertRule) =>
      runs.filter(({ flags }) => flags[rule]?.includes(0)).length;
    const second = (runs: typeof shifted, rule: AlertRule) =>
      runs.filter(({ starts }) => starts[rule]?.includes(1)).length;
    expect(first(shifted, 'feature-drift')).toBeGreaterThanOrEqual(17);
    expect(second(shifted, 'feature-drift')).toBeGreaterThanOrEqual(16);
    expect(first(decayed, 'performance')).toBeGreaterThanOrEqual(17);
    expect(second(decayed, 'performance')).toBeGreaterThanOrEqual(16);
    expect(
      shifted.every(({ history }) => history.every(({ judgement }) => judgement.verdict !== 'learning')),
    ).toBe(true);
  });

  it('find the next storm with a champion that was trained in one, because the first does not teach', () => {
    const runs = (leavesOut: boolean) => Array.from({ length: 24 }, (_, i) => afterStorm(i + 301, leavesOut));
    const [without, withStorm] = [runs(true), runs(false)];
    const found = (all: typeof without) => all.filter(({ isFound }) => isFound).length;
    expect(found(without)).toBeGreaterThanOrEqual(22);
    expect(found(withStorm)).toBeLessThanOrEqual(14);
    // 912 usual windows: at most one alert in 50 of them.
    const falseAlarms = without.reduce((sum, one) => sum + one.falseAlarms, 0);
    expect(falseAlarms).toBeLessThanOrEqual(18);
  });
});
