import { type RawBuilder, sql } from 'kysely';
import { readPageToken, writePageToken } from '../../../../platform/page-token.ts';
import { experimentsError } from '../../experiments.contract.ts';

/** One term of an order; what may be missing comes last. */
export type Term = {
  expression: RawBuilder<unknown>;
  type: 'text' | 'number';
  ascending: boolean;
  isOptional: boolean;
};
export type Place = (string | number | null)[];

/** The terms as ORDER BY takes them. */
export function orderBy(terms: readonly Term[]): RawBuilder<unknown> {
  return sql.join(
    terms.flatMap(({ expression, ascending, isOptional }) => [
      ...(isOptional ? [sql`case when ${expression} is null then 1 else 0 end`] : []),
      sql`${expression} ${sql.raw(ascending ? 'asc' : 'desc')}`,
    ]),
  );
}

/** Rows after a place, in the order of the terms. */
export function after(terms: readonly Term[], place: Place): RawBuilder<boolean> {
  const ways = terms.flatMap(({ expression, ascending, isOptional }, i) => {
    const value = place[i] ?? null;
    if (value === null) return [];
    const same = terms.slice(0, i).map((term, j) => equals(term, place[j] ?? null));
    const beyond = sql<boolean>`${expression} ${sql.raw(ascending ? '>' : '<')} ${value}`;
    const further = isOptional ? sql<boolean>`(${beyond} or ${expression} is null)` : beyond;
    return [sql<boolean>`(${sql.join([...same, further], sql` and `)})`];
  });
  const first = terms[0]!;
  const bound = place[0] ?? null;
  // What an index over the first term can start from.
  const start =
    first.isOptional || bound === null
      ? sql<boolean>`1 = 1`
      : sql<boolean>`${first.expression} ${sql.raw(first.ascending ? '>=' : '<=')} ${bound}`;
  return sql<boolean>`(${start} and (${sql.join(ways, sql` or `)}))`;
}

const equals = ({ expression }: Term, value: string | number | null) =>
  value === null ? sql<boolean>`${expression} is null` : sql<boolean>`${expression} = ${value}`;

/** An opaque token for the rows after a place of an order. */
export const encodePlace = (order: string, place: Place) => writePageToken({ order, after: place });

/** @throws experiments.search.invalid for a token that was not made for this order */
export function decodePlace(token: string | undefined, order: string, terms: readonly Term[]): Place | null {
  if (token === undefined || token === '') return null;
  const read = (readPageToken(token) ?? {}) as { order?: unknown; after?: unknown };
  const place = read.after;
  const isPlace =
    Array.isArray(place) && place.length === terms.length && place.every((one, i) => fits(one, terms[i]!));
  if (isPlace && read.order === order) return place as Place;
  throw experimentsError('experiments.search.invalid', 'The page token is not one of this search.');
}

function fits(value: unknown, { type, isOptional }: Term): boolean {
  if (value === null) return isOptional;
  if (type === 'number') return Number.isSafeInteger(value);
  return typeof value === 'string' && !value.includes('\u0000');
}
