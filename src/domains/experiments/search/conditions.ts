import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../../../platform/db/database.ts';
import { dialectOf } from '../../../platform/db/open.ts';
import { compileRegex } from '../../../platform/db/regex.ts';
import { experimentsError } from '../experiments.contract.ts';
import type { Clause, Operator } from './filter.model.ts';

export type Condition = RawBuilder<boolean>;

/** `left operator value` for texts, numbers and lists; LIKE knows case, ILIKE does not, on both databases. */
export function compare(db: Db, left: RawBuilder<unknown>, { operator, value }: Comparison): Condition {
  if (operator === 'IN' || operator === 'NOT IN') {
    const list = JSON.stringify(value);
    const within =
      dialectOf(db) === 'postgres'
        ? sql<boolean>`${left} = any(${value})`
        : sql<boolean>`${left} in (select value from json_each(${list}))`;
    return operator === 'IN' ? within : sql<boolean>`not (${within})`;
  }
  if (operator === 'LIKE' || operator === 'ILIKE') return like(db, left, operator, String(value));
  if (operator === 'RLIKE') return matchesRegex(db, left, String(value));
  // Whole-number columns compare with fractions and with what is beyond them.
  const isWide = typeof value === 'number' && !Number.isSafeInteger(value);
  const right = isWide ? sql`cast(${value} as double precision)` : sql`${value}`;
  return sql<boolean>`${left} ${sql.raw(operator)} ${right}`;
}

export type Comparison = { operator: Operator; value: Clause['value'] };

function like(db: Db, left: RawBuilder<unknown>, operator: 'LIKE' | 'ILIKE', pattern: string): Condition {
  if (dialectOf(db) === 'postgres') {
    return sql<boolean>`${left} ${sql.raw(operator)} ${pattern} escape ''`;
  }
  if (operator === 'ILIKE') return sql<boolean>`${left} like ${pattern}`;
  const glob = pattern
    .replace(/[[*?]/g, (sign) => `[${sign}]`)
    .replaceAll('%', '*')
    .replaceAll('_', '?');
  return sql<boolean>`${left} glob ${glob}`;
}

/** A regular expression that matches somewhere; in linear time on SQLite. @throws experiments.search.invalid */
function matchesRegex(db: Db, left: RawBuilder<unknown>, pattern: string): Condition {
  try {
    compileRegex(pattern);
  } catch (error) {
    throw experimentsError('experiments.search.invalid', (error as Error).message);
  }
  return dialectOf(db) === 'postgres'
    ? sql<boolean>`${left} ~ ${pattern}`
    : sql<boolean>`${left} regexp ${pattern}`;
}

type Keyed = { table: string; owner: string; of: string };

/** A clause over a table of keys and values: a row without the key matches nothing but IS NULL. */
export function keyed(db: Db, { table, owner, of }: Keyed, clause: Clause): Condition {
  const { key, operator } = clause;
  const row = sql`select 1 from ${sql.table(table)} as pair where pair.${sql.ref(owner)} = ${sql.ref(of)} and pair.key = ${key}`;
  if (operator === 'IS NULL') return sql<boolean>`not exists (${row})`;
  if (operator === 'IS NOT NULL') return sql<boolean>`exists (${row})`;
  const isMetric = clause.kind === 'metric';
  const number = isMetric ? sql` and pair.special != 1` : sql``;
  return sql<boolean>`exists (${row} and ${compare(db, sql`pair.value`, clause)}${number})`;
}
