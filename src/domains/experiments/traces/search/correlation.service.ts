import { sql } from 'kysely';
import type { Scope } from '../../../../platform/scope.ts';
import { matching } from './trace-search.service.ts';

export type Correlation = {
  /** Normalised pointwise mutual information from -1 (never together) to 1 (always); null when a side is empty. */
  npmi: number | null;
  /** The same with half a trace added to each of the four cells (Jeffreys' prior). */
  npmiSmoothed: number | null;
  first: number;
  second: number;
  both: number;
  total: number;
};

/** How often two filters hold of the same traces. Bouma, Normalized (pointwise) mutual information, GSCL 2009. */
export async function correlateFilters(
  scope: Scope,
  input: {
    experimentIds: readonly number[];
    first: string;
    second: string;
    base?: string | undefined;
  },
): Promise<Correlation> {
  const { db } = scope;
  if (input.experimentIds.length === 0) return correlation({ first: 0, second: 0, both: 0, total: 0 });
  const first = matching(db, input.experimentIds, input.first);
  const second = matching(db, input.experimentIds, input.second);
  const { rows } = await sql<Record<'total' | 'first' | 'second' | 'both', number | null>>`
    select count(*) as total, sum(a) as first, sum(b) as second, sum(a * b) as both from (
      select case when ${first} then 1 else 0 end as a, case when ${second} then 1 else 0 end as b
      from experiments_traces as trace where ${matching(db, input.experimentIds, input.base)}) as judged`.execute(
    db,
  );
  const count = (name: 'total' | 'first' | 'second' | 'both') => Number(rows[0]?.[name] ?? 0);
  return correlation({
    first: count('first'),
    second: count('second'),
    both: count('both'),
    total: count('total'),
  });
}

function correlation(counts: Pick<Correlation, 'first' | 'second' | 'both' | 'total'>): Correlation {
  return { ...counts, npmi: npmi(counts, 0), npmiSmoothed: npmi(counts, 0.5) };
}

function npmi(
  { first, second, both, total }: Pick<Correlation, 'first' | 'second' | 'both' | 'total'>,
  smoothing: number,
): number | null {
  if (total === 0 || first === 0 || second === 0) return null;
  if (both === 0 && smoothing === 0) return -1;
  const n11 = both + smoothing;
  const n10 = first - both + smoothing;
  const n01 = second - both + smoothing;
  const n = total + 4 * smoothing;
  const together = Math.log(n11 / n);
  if (together === 0) return 1;
  const pmi = together - Math.log((n11 + n10) / n) - Math.log((n11 + n01) / n);
  return Math.max(-1, Math.min(1, pmi / -together));
}
