import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkArtifactPath, placeOf } from './paths.model.ts';

const run = '01a1fbe5ef360003ee206e8585def7e2';

describe('paths of artifacts', () => {
  it.each([
    [`7/${run}/artifacts/model/MLmodel`, { owner: run, path: 'model/MLmodel' }],
    [`team/x/${run}/artifacts`, { owner: run, path: '' }],
    [`7/${run}/artifacts/`, { owner: run, path: '' }],
    [`7/models/m-${run}/artifacts/a b (100%).txt`, { owner: `m-${run}`, path: 'a b (100%).txt' }],
    [`7/traces/tr-${run}/artifacts/traces.json`, { owner: `tr-${run}`, path: 'traces.json' }],
    ['loose/file.txt', { owner: '', path: 'loose/file.txt' }],
    ['dots...in/..names/are..fine', { owner: '', path: 'dots...in/..names/are..fine' }],
    ['', { owner: '', path: '' }],
  ])('tells whose %s is', (path, place) => {
    expect(placeOf(path)).toEqual(place);
  });

  it.each([
    '..',
    '../x',
    'a/../b',
    'a/..',
    '/etc',
    '%2fetc',
    '%252fetc',
    'a//b',
    'a\\b',
    '%5c',
    'a#b',
    '%23',
    'a\u0000',
    '%00',
    'C:/x',
    'a/c:\\x',
    'file:///etc',
    '..;/x',
    '.%2e/x',
    '%25252e%25252e/x',
    '%zz../..%2fx',
    'a\n/b',
    '\ud800',
    '\ufffd\ufffd/x',
    '%c0%ae%c0%ae/x',
  ])('refuses %s', (path) => {
    expect(() => checkArtifactPath(path)).toThrow(
      expect.objectContaining({ code: 'experiments.input.invalid' }),
    );
  });

  it('gives back only paths that stay below their root, however they were written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('..', '.', '/', '%2e', '%252e', '%2f', '%5c', 'a', ';', '%', '\\', ':'), {
          maxLength: 8,
        }),
        (parts) => {
          let path: string;
          try {
            path = checkArtifactPath(parts.join(''));
          } catch {
            return;
          }
          for (let i = 0; i < 4; i++) {
            expect(path.split(/[/\\]/)).not.toContain('..');
            expect(path.startsWith('/')).toBe(false);
            try {
              path = decodeURIComponent(path);
            } catch {
              return;
            }
          }
        },
      ),
    );
  });
});
