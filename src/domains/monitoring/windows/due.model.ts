/** How many predictions the log holds in each window of event time. */
export type Census = readonly { start: number; rows: number }[];

export type Due = { start: number; end: number; phase: 'close' | 'settle' };

/**
 * Windows to evaluate now, in order: those whose end the deployment's event time has passed (`close`), and closed
 * ones whose outcomes are due (`settle`). A stray row with a wrong time must not move the clock: a window is passed
 * once a fiftieth of a full window's rows (at least 3, at most 20) lie beyond it, or when traffic has stopped
 * (`isQuiet`). `usualRows` are those of the fullest window so far.
 */
export function dueWindows(
  census: Census,
  known: ReadonlyMap<number, 'provisional' | 'final'>,
  settings: { window: number; labelHorizon: number },
  isQuiet: boolean,
  usualRows = 0,
): Due[] {
  const fullest = census.reduce((most, { rows }) => Math.max(most, rows), usualRows);
  const lead = Math.max(3, Math.min(20, Math.ceil(fullest / 50)));
  const ordered = [...census].sort((a, b) => a.start - b.start);
  const horizon = Math.ceil(settings.labelHorizon / settings.window) * settings.window;
  const due: Due[] = [];
  for (const { start } of ordered) {
    const state = known.get(start);
    if (state === 'final') continue;
    const end = start + settings.window;
    const hasPassed = (time: number) => isQuiet || rowsFrom(ordered, time) >= lead;
    if (state === undefined && hasPassed(end)) due.push({ start, end, phase: 'close' });
    if (hasPassed(end + horizon)) due.push({ start, end, phase: 'settle' });
  }
  // A window settles after all windows up to its horizon have closed, as it would have without the jump.
  const momentOf = ({ start, phase }: Due) => start + (phase === 'settle' ? horizon : 0);
  return due.sort((a, b) => momentOf(a) - momentOf(b) || (a.phase === 'settle' ? -1 : 1));
}

function rowsFrom(census: Census, time: number): number {
  let rows = 0;
  for (const window of census) if (window.start >= time) rows += window.rows;
  return rows;
}
