import { expect, it } from 'vitest';
import { foldersOf, parseDelimited, shownName, tableOfJson, viewerOf } from './kinds.ts';

it.each([
  ['plots/roc.PNG', 'image'],
  ['report.html', 'html'],
  ['model/MLmodel', 'text'],
  ['model/model.pkl', 'binary'],
  ['scores.tsv', 'table'],
  ['no-ending', 'binary'],
])('shows %s as %s', (path, kind) => {
  expect(viewerOf(path)).toBe(kind);
});

it('reads quoted cells, and leaves out a row that was cut', () => {
  expect(parseDelimited('a,b\r\n"x, ""y""","1\n2"\r\n', ',', false)).toEqual([
    ['a', 'b'],
    ['x, "y"', '1\n2'],
  ]);
  expect(parseDelimited('a\tb\n1\t2\n3\t', '\t', true)).toEqual([
    ['a', 'b'],
    ['1', '2'],
  ]);
  expect(parseDelimited('a\n1', ',', false)).toEqual([['a'], ['1']]);
});

it('knows tables that clients log as JSON, and nothing else', () => {
  expect(tableOfJson({ columns: ['a'], data: [[1], [null], [{ b: 2 }]] })).toEqual([
    ['a'],
    ['1'],
    [''],
    ['{"b":2}'],
  ]);
  expect(tableOfJson({ columns: ['a'], data: 'x' })).toBeNull();
  expect(tableOfJson([1, 2])).toBeNull();
});

it('finds the folders of paths', () => {
  const root = foldersOf(['a.txt', 'm/x/1', 'm/2']);
  expect(root.files).toEqual(['a.txt']);
  expect(root.folders[0]).toMatchObject({
    path: 'm',
    files: ['m/2'],
    folders: [{ path: 'm/x', files: ['m/x/1'] }],
  });
});

it('reads the step of a logged image from its name', () => {
  const id = 'c8d3b1f2-1111-4222-8333-444455556666';
  expect(shownName(`images/shots+step+12+timestamp+1700000000000+${id}.png`)).toBe('shots, step 12');
  expect(shownName(`images/a%step%0%timestamp%1700000000000%${id}%compressed.webp`)).toBe('a, step 0, small');
  expect(shownName('plots/line.png')).toBe('line.png');
});
