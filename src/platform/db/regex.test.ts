import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRegex, matchesRegex } from './regex.ts';

describe('regular expressions in linear time', () => {
  it.each([
    'abc',
    '^abc$',
    'a.c',
    'a|b|',
    '(?:ab)+c?',
    '(a|bc)*d',
    '[a-c]{2,3}',
    '[^ab]$',
    'a{2}b{1,}',
    '\\d+\\.\\w*',
    '\\s\\S',
    '[\\d_-]x',
    '^$',
    '(a*)*b',
    'é+',
    '[]x]',
  ])('%s matches what the engine of the language matches', (pattern) => {
    const twin = new RegExp(pattern.replace('[]x]', '[\\]x]'), 'su');
    const texts = fc.stringMatching(/^[abcdé12._\-x\] \n]{0,12}$/);
    fc.assert(fc.property(texts, (text) => matchesRegex(pattern, text) === twin.test(text)));
  });

  it('takes time in proportion to the text where others backtrack', () => {
    expect(matchesRegex('(a*)*(a|a)*(a|aa)+$', `${'a'.repeat(20_000)}b`)).toBe(false);
  });

  it.each([
    '(',
    ')',
    '[',
    '*a',
    'a**',
    'a{',
    'a{3,1}',
    '\\1',
    '\\b',
    '(?=a)',
    '(?<n>a)',
    'x\\',
    '[z-a]',
    'a'.repeat(501),
    '((a{99}){99}){99}',
    '('.repeat(60),
  ])('refuses %s', (pattern) => {
    expect(() => compileRegex(pattern)).toThrow('The regular expression is not valid');
  });
});
