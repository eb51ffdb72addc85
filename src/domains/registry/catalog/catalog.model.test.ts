import { describe, expect, it } from 'vitest';
import { checkModelName } from '../registry.service.ts';
import { checkSource, isLocalPath, parseStage } from './catalog.model.ts';

describe('what a catalog takes', () => {
  it.each(['iris', 'Iris Classifier', 'größe (v2)', '_x', '.hidden', 'a'.repeat(250)])(
    'takes the name %s',
    (name) => {
      expect(checkModelName(name)).toBe(name);
    },
  );

  it.each(['', 'a/b', 'a:b', 'a@b', 'a%b', 'a#b', 'a?b', 'a\\b', '.', '..', 'a\nb', 'a'.repeat(251)])(
    'refuses the name %j',
    (name) => {
      expect(() => checkModelName(name)).toThrow(expect.objectContaining({ code: 'registry.name.invalid' }));
    },
  );

  it.each([
    'runs:/abc/model',
    'models:/m-1',
    's3://bucket/a..b/c',
    'dummy-source',
    'mlflow-artifacts:/1/x/artifacts/m',
  ])('takes the source %s', (source) => {
    expect(checkSource(source)).toBe(source);
  });

  it.each([
    '',
    'a/../b',
    '../x',
    's3://b/%2e%2e/x',
    's3://b/%252e%252e/x',
    'a?x=1',
    'a#b',
    'a\\b',
    '..;/x',
    'a\u0000',
  ])('refuses the source %j', (source) => {
    expect(() => checkSource(source)).toThrow(expect.objectContaining({ code: 'registry.source.invalid' }));
  });

  it('knows paths on a disk from addresses and words', () => {
    for (const path of ['/etc/passwd', 'file:///etc', 'FILE:/x', 'C:\\x', 'a/b'])
      expect(isLocalPath(path)).toBe(true);
    for (const other of ['s3://a/b', 'runs:/a/b', 'word']) expect(isLocalPath(other)).toBe(false);
  });

  it('reads stages whatever their case', () => {
    expect(parseStage('pRODUCTION')).toBe('Production');
    expect(() => parseStage('Moon')).toThrow(expect.objectContaining({ code: 'registry.stage.invalid' }));
  });
});
