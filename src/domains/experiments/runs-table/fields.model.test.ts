import { expect, it } from 'vitest';
import { csvOf } from './csv.ts';
import { nest, parseField, parseGroup } from './fields.model.ts';

const invalid = expect.objectContaining({ code: 'experiments.search.invalid', status: 400 });

it('reads columns, also of keys with dots', () => {
  expect(parseField('metrics.val.auc')).toEqual({ kind: 'metric', key: 'val.auc' });
  for (const text of ['auc', 'metrics.', '.auc', 'constructor.x', 'metric.auc']) {
    expect(() => parseField(text)).toThrow(invalid);
  }
  expect(parseGroup('status').kind).toBe('status');
  expect(() => parseGroup('metrics.auc')).toThrow(invalid);
});

it('nests runs, and hides none of them when they are their own ancestors', () => {
  const parents = new Map([
    ['b', 'a'],
    ['c', 'b'],
    ['x', 'y'],
    ['y', 'x'],
    ['z', 'z'],
    ['o', 'gone'],
  ]);
  const ids = ['c', 'a', 'b', 'x', 'y', 'z', 'o'];
  const rows = (open: string[]) =>
    nest({ ids, parents }, new Set(open)).map(({ id, depth }) => `${id}${depth}`);
  expect(rows([])).toEqual(['a0', 'x0', 'y0', 'z0', 'o0']);
  expect(rows(['a', 'b', 'x'])).toEqual(['a0', 'b1', 'c2', 'x0', 'y0', 'z0', 'o0']);
});

it('writes CSV that a spreadsheet does not run', async () => {
  async function* pages() {
    yield [
      {
        ...{ id: 'i', name: '=cmd()', status: 'finished' as const, startedAt: 0, endedAt: null, user: 'a,b' },
        ...{ parent: null, depth: 0, children: 0, cells: ['say "x"', -1, null] },
      },
    ];
  }
  const parts = [];
  for await (const part of csvOf(pages(), ['params.a', 'metrics.b', 'tags.c'])) parts.push(part);
  expect(parts[1]).toBe(`i,'=cmd(),finished,1970-01-01T00:00:00.000Z,,"a,b",,"say ""x""",-1,\r\n`);
});
