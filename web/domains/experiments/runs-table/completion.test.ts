import { expect, it } from 'vitest';
import { completionAt, fieldOptions, operatorOptions, quoted, withClause } from './completion.ts';

it.each([
  ['', 'field', 0],
  ['met', 'field', 0],
  ['metrics.auc ', 'operator', 12],
  ['metrics.auc >', 'operator', 12],
  ['metrics.auc > ', 'value', 14],
  ['metrics.auc >=', 'value', 14],
  ["params.x = 'a", 'value', 11],
  ["params.x = 'a b'", 'and', 16],
  ["params.x = 'a' ", 'and', 15],
  ["params.x = 'a' AND ", 'field', 19],
  ["params.x = 'a' AND tags.`my key", 'field', 19],
  ['params.x IS NOT NULL ', 'and', 21],
  ["run_id IN ('a') ", 'and', 16],
])('after "%s" it wants a %s', (text, want, from) => {
  expect(completionAt(text, text.length)).toMatchObject({ want, from });
});

it('names fields as the language reads them, and says how many runs have them', () => {
  const catalogue = { runs: 3, counted: 3, metrics: [{ key: 'a b', runs: 2 }], params: [], tags: [] };
  expect(fieldOptions(catalogue)).toContainEqual({ label: 'metrics.`a b`', detail: '2 runs' });
  expect(operatorOptions('metrics.a').map(({ label }) => label)).not.toContain('LIKE');
  expect(operatorOptions('params.a').map(({ label }) => label)).toContain('IS NULL');
});

it('quotes texts and joins clauses', () => {
  expect(quoted("it's")).toBe("'it''s'");
  expect(withClause(' metrics.a > 1 ', 'b = 2')).toBe('metrics.a > 1 AND b = 2');
});
