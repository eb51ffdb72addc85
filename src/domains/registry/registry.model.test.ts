import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModelSignature } from './registry.contract.ts';
import { riskMatrix, severityOf } from './risk.model.ts';
import { isAlias, parseVersionRef } from './versions/references.model.ts';
import { signatureBreaks } from './versions/signature.model.ts';

describe('risk matrix', () => {
  it('names every cell as documented', () => {
    const letters = riskMatrix().map((row) => row.map(({ severity }) => severity[0]).join(''));
    expect(letters).toEqual([
      'mhhcc', // almost certain
      'lmhhc', // likely
      'lmmhh', // possible
      'llmmh', // unlikely
      'lllmh', // rare
    ]);
  });

  it('never falls when probability or impact rises', () => {
    const rank = (p: number, i: number) =>
      ['low', 'medium', 'high', 'critical'].indexOf(severityOf({ probability: p, impact: i }));
    const rating = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(rating, rating, (p, i) => rank(p + 1, i) >= rank(p, i) && rank(p, i + 1) >= rank(p, i)),
    );
  });

  it('refuses ratings outside 1 to 5', () => {
    for (const probability of [0, 6, 1.5, Number.NaN]) {
      expect(() => severityOf({ probability, impact: 1 })).toThrow(RangeError);
    }
  });
});

describe('version references', () => {
  it('reads numbers, aliases and latest', () => {
    expect(parseVersionRef(3)).toEqual({ kind: 'number', version: 3 });
    expect(parseVersionRef('v12')).toEqual({ kind: 'number', version: 12 });
    expect(parseVersionRef('@champion')).toEqual({ kind: 'alias', alias: 'champion' });
    expect(parseVersionRef('latest')).toEqual({ kind: 'latest' });
  });

  it.each(['', '0', '-1', '1.5', '@', '@latest', '@3', '../x', 'champion', '@a b', 1e12])(
    'refuses %s',
    (ref) => {
      expect(() => parseVersionRef(ref)).toThrow(
        expect.objectContaining({ code: 'registry.reference.invalid' }),
      );
    },
  );

  it('keeps aliases apart from numbers', () => {
    expect(['champion', 'prod-eu', 'v1x', '1a'].map(isAlias)).toEqual([true, true, true, true]);
    expect(['latest', '12', 'v1', 'a.b', ''].map(isAlias)).toEqual([false, false, false, false, false]);
  });
});

describe('signatures', () => {
  const base: ModelSignature = {
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4] }],
    outputs: [{ name: 'p', datatype: 'FP32', shape: [-1, 2] }],
    features: null,
  };
  const [x] = base.inputs;

  it('takes what callers cannot notice', () => {
    expect(signatureBreaks(base, base)).toEqual([]);
    expect(signatureBreaks(base, { ...base, inputs: [{ ...x!, shape: [-1, 4] }] })).toEqual([]);
    const more = [...base.outputs, { name: 'label', datatype: 'INT64', shape: [-1] }];
    expect(signatureBreaks(base, { ...base, outputs: more })).toEqual([]);
  });

  it.each<[string, Partial<ModelSignature>]>([
    ['another width', { inputs: [{ ...x!, shape: [1, 5] }] }],
    ['another rank', { inputs: [{ ...x!, shape: [4] }] }],
    ['another type', { inputs: [{ ...x!, datatype: 'FP64' }] }],
    ['another name', { inputs: [{ ...x!, name: 'y' }] }],
    ['one more input', { inputs: [x!, { ...x!, name: 'y' }] }],
    ['a missing output', { outputs: [] }],
  ])('names %s', (_name, change) => {
    expect(signatureBreaks(base, { ...base, ...change }).length).toBeGreaterThan(0);
  });
});
