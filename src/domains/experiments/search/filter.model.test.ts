import { describe, expect, it } from 'vitest';
import { decodeOffset, encodeOffset, type Grammar, parseFilter, parseOrder } from './filter.model.ts';
import { byOrders, matchesClause } from './matches.model.ts';

const grammar: Grammar = {
  kinds: ['attribute', 'metric', 'param', 'tag', 'dataset'],
  attributes: { run_id: 'text', run_name: 'text', start_time: 'number' },
  aliases: { created: 'start_time', 'run name': 'run_name' },
  lists: ['run_id'],
};
const invalid = expect.objectContaining({ code: 'experiments.search.invalid', status: 400 });

describe('the filter language', () => {
  it.each([
    ['metrics.auc > 0.5', { kind: 'metric', key: 'auc', operator: '>', value: 0.5 }],
    ['metric.`a b/c` <= -1.5e-3', { kind: 'metric', key: 'a b/c', operator: '<=', value: -0.0015 }],
    ['params."x.y" like \'%a_\'', { kind: 'param', key: 'x.y', operator: 'LIKE', value: '%a_' }],
    ['tags.mlflow.runName = "it\'s"', { kind: 'tag', key: 'mlflow.runName', operator: '=', value: "it's" }],
    ["tag.a!='it''s'", { kind: 'tag', key: 'a', operator: '!=', value: "it's" }],
    ['created >= 17', { kind: 'attribute', key: 'start_time', operator: '>=', value: 17 }],
    ["`run name` ILIKE 'R%'", { kind: 'attribute', key: 'run_name', operator: 'ILIKE', value: 'R%' }],
    [
      'run_id not in (\'a\', "b")',
      { kind: 'attribute', key: 'run_id', operator: 'NOT IN', value: ['a', 'b'] },
    ],
    ['params.p is not null', { kind: 'param', key: 'p', operator: 'IS NOT NULL', value: null }],
    ["dataset.context IN ('train')", { kind: 'dataset', key: 'context', operator: 'IN', value: ['train'] }],
  ])('reads %s', (text, clause) => {
    expect(parseFilter(text, grammar)).toEqual([clause]);
  });

  it('joins clauses by AND and reads nothing as no clause', () => {
    expect(parseFilter("metrics.a = 1 and tags.b = 'AND' AND params.c != ' and '", grammar)).toHaveLength(3);
    expect(parseFilter('  ', grammar)).toEqual([]);
  });

  it.each([
    'metrics.a',
    'metrics.a >',
    "metrics.a = '1'",
    'tags.a = b',
    "tags.a > 'b'",
    "tags.a = 'b' OR tags.a = 'c'",
    "(tags.a = 'b')",
    "other.a = 'b'",
    "unknown = 'b'",
    'metrics.a IS NULL',
    'run_id IN ()',
    "run_name IN ('a')",
    "tags.a = 'b",
    "tags.a = 'b' tags.c = 'd'",
    '; drop table x',
    'AND',
    "dataset.size = 'x'",
  ])('refuses %s', (text) => {
    expect(() => parseFilter(text, grammar)).toThrow(invalid);
  });

  it('reads orders and page tokens', () => {
    expect(parseOrder('metrics.`a b` desc', grammar)).toEqual({
      kind: 'metric',
      key: 'a b',
      ascending: false,
    });
    expect(parseOrder('start_time', grammar)).toEqual({
      kind: 'attribute',
      key: 'start_time',
      ascending: true,
    });
    expect(() => parseOrder('a b c', grammar)).toThrow(invalid);
    expect(() => parseOrder('dataset.name ASC', grammar)).toThrow(invalid);
    expect(decodeOffset(encodeOffset(42))).toBe(42);
    expect(decodeOffset(undefined)).toBe(0);
    for (const token of ['x', 'e30=', encodeOffset(-1)]) expect(() => decodeOffset(token)).toThrow(invalid);
  });

  it('judges items in memory as it judges rows', () => {
    const item = { attributes: { run_name: 'Run.1', start_time: 5 }, tags: { a: 'x' } };
    const holds = (text: string) => parseFilter(text, grammar).every((clause) => matchesClause(item, clause));
    expect(
      ["run_name LIKE 'Run._'", "run_name ILIKE 'run%'", 'start_time < 6', "tags.a != 'y'"].every(holds),
    ).toBe(true);
    expect(
      ["run_name LIKE 'run%'", "run_name LIKE 'Run_1_'", "tags.b != 'y'", 'tags.a IS NULL'].some(holds),
    ).toBe(false);
    const order = byOrders([parseOrder('start_time DESC', grammar)]);
    const without = { attributes: { start_time: null }, tags: {} };
    expect([without, item].sort(order)[0]).toBe(item);
  });
});
