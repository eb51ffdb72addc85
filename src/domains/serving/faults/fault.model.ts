import type { Fault, FaultKind } from '../runtime/model-host.ts';

/** A fault with its time, in milliseconds. */
export type SeenFault = Fault & { time: number };

const windowMs = 10 * 60_000;
/** Faults in a row, each before the model had done much good since the one before. */
const mostInRow = 3;
const goodRuns = 1000;
/** Faults in the window, whatever it did between them. */
const mostInWindow = 10;

/** Faults that still count at `now`: those that tell of the model, not of somebody who ended its process. */
export function recentFaults(faults: readonly SeenFault[], now: number): SeenFault[] {
  return faults.filter(({ time, kind }) => kind !== 'stopped' && now - time < windowMs);
}

/**
 * Whether a model has gone wrong too often: three times in ten minutes with less than a thousand good runs before the
 * second and the third, or ten times in all. So a model that works in the main survives one odd request after another,
 * and one that dies again and again is taken off.
 */
export function isTooMuch(faults: readonly SeenFault[], now: number): boolean {
  const recent = recentFaults(faults, now);
  if (recent.length >= mostInWindow) return true;
  let row = 0;
  for (let i = recent.length - 1; i >= 0; i--) {
    row++;
    if (row >= mostInRow) return true;
    if (recent[i].runsBefore >= goodRuns) return false;
  }
  return false;
}

const words: Record<FaultKind, string> = {
  crash: 'died',
  hang: 'hung',
  memory: 'took too much memory',
  stopped: 'was ended',
};

/** The kind that a list of faults is mostly of. */
export function mainKind(faults: readonly SeenFault[]): FaultKind {
  const counts = new Map<FaultKind, number>();
  for (const { kind } of faults) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const [first] = [...counts].sort((a, b) => b[1] - a[1]);
  return first?.[0] ?? 'crash';
}

/** Why a revision goes into quarantine: "It died 3 times in 10 minutes, last: …". */
export function quarantineReason(faults: readonly SeenFault[], now: number): string {
  const recent = recentFaults(faults, now);
  const kinds = [...new Set(recent.map(({ kind }) => words[kind]))].join(', ');
  return `It ${kinds}: ${recent.length} times in ten minutes. ${recent.at(-1)?.detail ?? ''}`.trim();
}
