import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../platform/json.ts';
import { type Contexts, evaluate, interpolate, isWanted, parseCondition, referencesIn } from './evaluator.ts';
import { parseExpression } from './parser.ts';

const contexts: Contexts = {
  values: {
    params: { x: 3, name: 'flights', flag: true, list: [1, 2], empty: '', 'with-dash': 1 },
    jobs: { train: { result: 'success', outputs: { auc: 0.71, model: { digest: 'sha256:a', size: 1 } } } },
  },
  status: { success: true, failure: false, cancelled: false },
};
const value = (source: string) => evaluate(parseExpression(source), contexts);

describe('expressions', () => {
  it.each<[string, Json]>([
    ['1 + 1'.slice(0, 1), 1],
    ['params.x', 3],
    ["params['name']", 'flights'],
    ['params.with-dash == 1', true],
    ['params.list[1]', 2],
    ['params.list.length', 2],
    ['params.nothing.at.all', null],
    ["'it''s'", "it's"],
    ['-1.5e2', -150],
    ['!params.empty', true],
    ['params.x > 2 && params.x <= 3', true],
    ['params.x == 3 || nonsense', true],
    ["params.x == '3'", true],
    ["'a' < 'b'", true],
    ["'a' < 1", false],
    ['null == false', false],
    ['params.flag == true', true],
    ['(1 < 2) == true', true],
    ['jobs.train.outputs.auc >= 0.7', true],
    ["contains(params.name, 'light')", true],
    ['contains(params.list, 2)', true],
    ["startsWith(params.name, 'fl') && endsWith(params.name, 'ts')", true],
    ["format('{0}@{1}', params.name, params.x)", 'flights@3'],
    ["join(params.list, '-')", '1-2'],
    ['fromJSON(\'{"a":[1]}\').a[0]', 1],
    ['toJSON(params.list)', '[1,2]'],
    ["params.flag && 'yes' || 'no'", 'yes'],
  ])('%s', (source, expected) => {
    expect(value(source)).toEqual(expected);
  });

  it.each([
    '1 +',
    "'open",
    'a..b',
    '(1',
    'f(1',
    'a b',
    '',
    '1 == ',
    '${x}',
    '`x`',
    'a = 1',
    '('.repeat(200),
    '!'.repeat(200),
    "'x'.constructor.y(",
  ])('refuses %s', (source) => {
    expect(() => parseExpression(source)).toThrowError(
      expect.objectContaining({ code: 'pipelines.expression.invalid' }),
    );
  });

  it('reaches nothing but own JSON', () => {
    for (const source of [
      'params.constructor',
      'params.__proto__',
      'params.toString',
      "params.name['length']",
      '__proto__',
      'params.list.map',
    ]) {
      expect(value(source)).toBeNull();
    }
    expect(() => value('toString()')).toThrow(/no function/);
    expect(() => value("fromJSON('{')")).toThrow(/cannot take/);
  });

  it('never crashes on any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        try {
          evaluate(parseExpression(text), contexts);
        } catch (error) {
          expect(error).toMatchObject({ code: 'pipelines.expression.invalid' });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('fills texts in: alone with its type, within a text written out', () => {
    const fill = (json: Json) => interpolate(json, contexts);
    expect(fill('${{ params.x }}')).toBe(3);
    expect(fill('x=${{ params.x }}, ${{params.nothing}}.')).toBe('x=3, .');
    expect(fill({ a: ['${{ jobs.train.outputs.model }}'], b: 1 })).toEqual({
      a: [{ digest: 'sha256:a', size: 1 }],
      b: 1,
    });
    expect(fill("${{ '}}' }}!")).toBe('}}!');
    expect(fill('model ${{ jobs.train.outputs.model }}')).toBe('model {"digest":"sha256:a","size":1}');
    expect(() => fill('${{ params.x')).toThrow(/closing/);
  });

  it('asks for success in conditions that do not ask for a status', () => {
    const failing = { ...contexts, status: { success: false, failure: true, cancelled: false } };
    expect(isWanted(undefined, contexts)).toBe(true);
    expect(isWanted(undefined, failing)).toBe(false);
    expect(isWanted('params.flag', failing)).toBe(false);
    expect(isWanted('always() && params.flag', failing)).toBe(true);
    expect(isWanted('${{ failure() }}', failing)).toBe(true);
    expect(isWanted('!cancelled()', failing)).toBe(true);
  });

  it('lists what it reads', () => {
    expect(referencesIn(parseCondition("jobs.a.outputs['b'] == params.x && f(run.id, y[z])"))).toEqual([
      ['jobs', 'a', 'outputs', 'b'],
      ['params', 'x'],
      ['run', 'id'],
      ['y'],
      ['z'],
    ]);
  });
});
