import { unseenBin } from '../../../math/bins.ts';
import { betweenShare } from '../../../math/descriptive.ts';
import { jensenShannonDistance, occupiedBins, psi } from '../../../math/distances.ts';
import { benjaminiHochberg } from '../../../math/multiple-testing.ts';
import { chiSquareHomogeneity } from '../../../math/two-sample.ts';
import { type Limits, learnLimits, type Taught } from './control.ts';
import { type ColumnProfile, columnsOf, type ReferenceProfile, scoreColumn } from './reference.ts';

/**
 * Drift of one window against the frozen reference.
 *
 * A column is flagged when three things hold: the two-sample test is significant after Benjamini-Hochberg over all
 * columns, the effect passes the limit learned from how far chunks of the reference, or the first windows, lie from it
 * (rolling features are autocorrelated and one day is never a sample of a month, so the test alone would always fire),
 * and the effect is not negligible by the field's convention.
 */
export type DriftFigure = {
  feature: string;
  /** PSI on smoothed shares, nats. */
  effect: number;
  /** What the effect must pass; null while it is being learned. */
  threshold: number | null;
  /** Cliff's delta, −1 to 1: chance that a current value is larger than a reference value, minus the reverse. */
  shift: number;
  shiftLow: number | null;
  shiftHigh: number | null;
  /** Jensen-Shannon distance, base 2, 0 to 1. */
  distance: number;
  pValue: number;
  qValue: number;
  n: number;
  /** Shares, 0 to 1. */
  missing: number;
  missingReference: number;
  unseen: number;
  /** How far beyond its limit the worse of effect and shift is: 1 is at the limit; null while learning. */
  ratio: number | null;
  /** The column differs between windows and hardly within one: only missing and new values count. */
  calendar: boolean;
  flag: boolean;
};

/** A chunk of the reference (`isPart`: its rows are among those of the reference) or a window that teaches limits. */
export type Lesson = { counts: Readonly<Record<string, readonly number[]>>; isPart: boolean };

/**
 * A reference and what teaches of it, in groups: the first one with enough lessons gives the centre of the limits, and
 * all lend their spread, also to the limits of its successors.
 */
export type Course = {
  profile: ReferenceProfile;
  groups: readonly (readonly Lesson[])[];
  /** Lessons that each group needs to give the centre. */
  needed: readonly number[];
};

export type DriftRule = { alpha: number; minimumRows: number };

/** Below this PSI a population counts as stable (Siddiqi, "Credit Risk Scorecards", 2006). */
const negligibleEffect = 0.1;
/** Below this |delta| a difference is negligible (Romano et al., 2006). */
const negligibleShift = 0.147;

/**
 * Features are many, and each has a limit on either side, which share one level; effect and shift say nearly the same.
 * The score is one column and has a second witness: it becomes an incident only together with its outcomes.
 */
const sidesOfFeature = 2;
/** A column with more of its variance between windows than this has one value a window, as the day of the week has. */
const calendarShare = 0.9;

/** Figures of every column, features first and the score last; `earlier` are the courses of former champions. */
export function judgeDrift(
  { profile, groups, needed }: Course,
  counts: Readonly<Record<string, readonly number[]>>,
  rule: DriftRule,
  earlier: readonly Course[] = [],
): DriftFigure[] {
  const columns = columnsOf(profile)
    .filter(([name]) => counts[name])
    .map(([name, column]) => viewOf(name, column, groups.flat(), counts[name]));
  const pValues = columns.map((view) => chiSquareHomogeneity(view.reference, view.current).pValue);
  const qValues = benjaminiHochberg(pValues);
  return columns.map((view, i) => {
    const { name } = view;
    const figure = measure(view);
    const taught = groups.map((lessons) => lessonsOf(view, lessons));
    const others = earlier.flatMap((course) => {
      const former = formerView(course, name, view);
      return course.groups.map((lessons) => lessonsOf(former, lessons));
    });
    const learn = (pick: (one: Moved) => Taught, error: number) =>
      learnLimits(
        [...taught, ...others].map((group) => group.map(pick)),
        taught.length,
        {
          needed,
          alpha: name === scoreColumn ? rule.alpha : rule.alpha / sidesOfFeature,
          error,
        },
      );
    const own = moved(view.reference, view.current, view.unseen);
    const effects = learn((one) => one.effect, own.effect.error);
    const shifts = learn((one) => one.shift, own.shift.error);
    const root = effects && (own.effect.value < 0 ? -effects.lower : effects.upper);
    const threshold = root === null ? null : Math.max(negligibleEffect, Math.max(0, root) ** 2 + own.chance);
    const ratio =
      threshold === null ? null : Math.max(figure.effect / threshold, shiftRatio(figure.shift, shifts));
    const isEnough = figure.n >= rule.minimumRows;
    return {
      ...figure,
      threshold,
      shiftLow: shifts && Math.max(-1, shifts.lower),
      shiftHigh: shifts && Math.min(1, shifts.upper),
      pValue: pValues[i],
      qValue: qValues[i],
      ratio,
      calendar: view.isCalendar,
      flag: isEnough && ratio !== null && ratio > 1 && qValues[i] < rule.alpha,
    };
  });
}

/** Distance from the learned centre over the learned reach; 0 when the shift is negligible. */
function shiftRatio(shift: number, limits: Limits | null): number {
  if (limits === null || Math.abs(shift) < negligibleShift) return 0;
  const away = Math.abs(shift - limits.centre);
  if (away < negligibleShift) return 0;
  return away / Math.max(limits.upper - limits.centre, 1e-9);
}

/** The counts of a column as they are judged: those of a calendar column without telling its known values apart. */
type View = {
  name: string;
  reference: readonly number[];
  current: readonly number[];
  /** Position of the bin of unseen values; −1 where there is none. */
  unseen: number;
  isCalendar: boolean;
  /** Counts of other rows of this column, seen in the same way. */
  see(counts: readonly number[]): readonly number[];
};

function viewOf(
  name: string,
  { bins, counts: reference }: ColumnProfile,
  lessons: readonly Lesson[],
  current: readonly number[],
): View {
  const unseen = unseenBin(bins);
  const groups = lessons.map(({ counts }) => counts[name]).filter((counts) => counts !== undefined);
  const present = (counts: readonly number[]) => counts.slice(0, -1);
  const between = [groups, [reference, ...groups]].map((some) => betweenShare(some.map(present)));
  const isCalendar = groups.length > 1 && between.some((share) => share >= calendarShare);
  if (!isCalendar) return { name, reference, current, unseen, isCalendar, see: (counts) => counts };
  const hadUnseen = unseen < 0 || groups.some((counts) => counts[unseen] > 0);
  const see = (counts: readonly number[]) => {
    const known = sum(counts.slice(0, hadUnseen ? -1 : unseen));
    return hadUnseen ? [known, counts.at(-1) ?? 0] : [known, ...counts.slice(unseen)];
  };
  return {
    name,
    reference: see(reference),
    current: see(current),
    unseen: hadUnseen ? -1 : 1,
    isCalendar,
    see,
  };
}

/** A former champion's column, seen as the present one's is; its bins may be others. */
function formerView({ profile, groups }: Course, name: string, { isCalendar }: View): View {
  const column = columnsOf(profile).find(([one]) => one === name)?.[1];
  const none: View = {
    name,
    reference: [],
    current: [],
    unseen: -1,
    isCalendar: false,
    see: (counts) => counts,
  };
  if (!column) return none;
  const view = viewOf(name, column, groups.flat(), column.counts);
  return view.isCalendar === isCalendar ? view : none;
}

type Moved = { effect: Taught; shift: Taught; chance: number };

/** How far each lesson lies from the reference, or a chunk from the rest of it. */
function lessonsOf({ name, reference, unseen, see }: View, lessons: readonly Lesson[]): Moved[] {
  if (reference.length === 0) return [];
  return lessons.flatMap(({ counts, isPart }) => {
    const own = counts[name] && see(counts[name]);
    if (!own) return [];
    const other = isPart ? reference.map((count, bin) => Math.max(0, count - own[bin])) : reference;
    return [moved(other, own, unseen)];
  });
}

/**
 * How far counts lie from others, as figures that days spread symmetrically: the root of PSI with the sign of the
 * shift (PSI is a squared distance), less what chance alone gives samples of this size, and Cliff's delta. Both with
 * their error by chance: PSI is χ²(B − 1)·(1/n + 1/m) when nothing moved (Yurdakul, 2018), delta has variance
 * (n + m + 1)/(3nm) (Cliff, 1993).
 */
function moved(reference: readonly number[], current: readonly number[], unseen: number): Moved {
  const n = sum(reference);
  const m = sum(current);
  if (n === 0 || m === 0) {
    return { effect: { value: 0, error: 0 }, shift: { value: 0, error: 0 }, chance: 0 };
  }
  const free = Math.max(0, occupiedBins(reference, current) - 1);
  const rate = 1 / n + 1 / m;
  const shift = cliffsDelta(reference.slice(0, unseen < 0 ? -1 : unseen), current);
  const root = Math.sqrt(Math.max(0, psi(reference, current) - free * rate));
  return {
    effect: { value: shift < 0 ? -root : root, error: Math.sqrt(rate) },
    chance: free * rate,
    shift: {
      value: shift,
      error: Math.sqrt((n + m + 1) / (3 * n * m)),
    },
  };
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

function measure({ name, reference, current, unseen }: View) {
  const n = sum(current);
  const last = reference.length - 1;
  const share = (counts: readonly number[], bin: number) =>
    bin < 0 ? 0 : counts[bin] / Math.max(1, sum(counts));
  return {
    feature: name,
    effect: n === 0 ? 0 : psi(reference, current),
    shift: cliffsDelta(reference.slice(0, unseen < 0 ? last : unseen), current),
    distance: n === 0 ? 0 : jensenShannonDistance(reference, current),
    n,
    missing: share(current, last),
    missingReference: share(reference, last),
    unseen: share(current, unseen),
  };
}

/**
 * Cliff's delta of the current over the reference counts of the same ordered bins; 0 when a side is empty.
 * N. Cliff, "Dominance statistics" (1993).
 */
export function cliffsDelta(reference: readonly number[], current: readonly number[]): number {
  const n = sum(reference);
  const m = sum(current.slice(0, reference.length));
  let below = 0;
  let more = 0;
  if (n === 0 || m === 0) return 0;
  for (let bin = 0; bin < reference.length; bin++) {
    more += current[bin] * (below - (n - below - reference[bin]));
    below += reference[bin];
  }
  return more / (n * m);
}

/**
 * Score of the whole window: mean of ratio over the features, weighted by importance in the model (equal weights
 * without importance). 1 means that on average the features stand at their limits. Null while learning.
 */
export function datasetScore(
  figures: readonly DriftFigure[],
  importance: Readonly<Record<string, number>> | null,
): number | null {
  let weight = 0;
  let weighted = 0;
  for (const { feature, ratio } of figures) {
    if (feature === scoreColumn) continue;
    if (ratio === null) return null;
    const own = importance ? Math.max(0, importance[feature] ?? 0) : 1;
    weight += own;
    weighted += own * ratio;
  }
  return weight > 0 ? weighted / weight : null;
}
