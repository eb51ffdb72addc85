import { experimentsError } from '../experiments.contract.ts';
import type { Clause, Operator, Order } from './filter.model.ts';

/** What a clause or an order reads of an item: its attributes by name, and its tags. */
export type Searchable = {
  attributes: Readonly<Record<string, string | number | null>>;
  tags: Readonly<Record<string, string>>;
};

const read = ({ attributes, tags }: Searchable, { kind, key }: { kind: string; key: string }) =>
  (kind === 'tag' ? (Object.hasOwn(tags, key) ? tags[key]! : null) : (attributes[key] ?? null)) as
    | string
    | number
    | null;

/** Whether an item satisfies a clause; what it lacks matches nothing but IS NULL. */
export function matchesClause(item: Searchable, clause: Clause): boolean {
  const left = read(item, clause);
  if (clause.operator === 'IS NULL') return left === null;
  if (clause.operator === 'IS NOT NULL') return left !== null;
  return left !== null && compare(left, clause.operator, clause.value!);
}

function compare(left: string | number, operator: Operator, right: string | number | string[]): boolean {
  if (Array.isArray(right)) return right.includes(String(left)) === (operator === 'IN');
  if (operator === 'LIKE' || operator === 'ILIKE')
    return likePattern(String(right), operator).test(String(left));
  if (operator === '=') return left === right;
  if (operator === '!=') return left !== right;
  if (operator === '>') return left > right;
  if (operator === '>=') return left >= right;
  return operator === '<' ? left < right : left <= right;
}

function likePattern(pattern: string, operator: 'LIKE' | 'ILIKE'): RegExp {
  const text = pattern
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/%+/g, '[^]*')
    .replaceAll('_', '[^]');
  return new RegExp(`^${text}$`, operator === 'ILIKE' ? 'iu' : 'u');
}

/** Compares items by the orders, one after the other; items without a value come last. */
export function byOrders(orders: readonly Order[]): (a: Searchable, b: Searchable) => number {
  if (orders.some(({ kind }) => kind !== 'attribute')) {
    throw experimentsError('experiments.search.invalid', 'Order by an attribute.');
  }
  return (a, b) => {
    for (const order of orders) {
      const [left, right] = [read(a, order), read(b, order)];
      if (left === right) continue;
      if (left === null) return 1;
      if (right === null) return -1;
      return left < right === order.ascending ? -1 : 1;
    }
    return 0;
  };
}
