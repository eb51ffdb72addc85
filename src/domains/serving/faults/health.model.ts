/** Running totals of what can go wrong with one revision. */
export type Totals = { requests: number; errors: number; rows: number; invalid: number };
export type Share = { of: number; bad: number };

/** How a share is judged: raised where it is surely too high, settled where it is clearly low again. */
export type Bound = {
  /** Bad ones that make it worth a look. */
  least: number;
  raise: number;
  settle: number;
  /** Looks in a row that it must hold. */
  looks: number;
};

/** Failed requests, and rows without a valid score, of the last half minute. */
export const errorBound: Bound = { least: 20, raise: 0.05, settle: 0.02, looks: 3 };
export const invalidBound: Bound = { least: 20, raise: 0.05, settle: 0.02, looks: 3 };

/** What happened between two totals. */
export function between(before: Totals, after: Totals): { errors: Share; invalid: Share } {
  return {
    errors: { of: after.requests - before.requests, bad: after.errors - before.errors },
    invalid: { of: after.rows - before.rows, bad: after.invalid - before.invalid },
  };
}

/** Whether a share is over its bound; with too few to tell it is not. */
export function isOver({ of, bad }: Share, { least, raise }: Bound): boolean {
  return bad >= least && of > 0 && bad / of > raise;
}

/** Whether a share that was over its bound is fine again: enough of them, and few of them bad. */
export function isFine({ of, bad }: Share, { least, settle }: Bound): boolean {
  return of >= least && bad / of <= settle;
}
