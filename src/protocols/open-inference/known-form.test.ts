import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FormMemory, type InferRequest, readInferRequest } from './infer-request.ts';
import { learnForm, readForm } from './known-form.ts';

type Input = { name: string; datatype: string; shape: number[]; data: unknown[] };

/** What the whole reader makes of a text, or what it says against it. */
function plain(text: string): InferRequest | string {
  const memory: FormMemory = { form: undefined, misses: 1 };
  try {
    return readInferRequest(Buffer.from(text), undefined, () => [], memory);
  } catch (error) {
    return (error as Error).message;
  }
}

function learnt(text: string) {
  const request = plain(text);
  if (typeof request === 'string') throw new Error(request);
  return learnForm(text, JSON.parse(text), request);
}

/** As Python's json module writes: a blank behind each comma and colon. */
const spaced = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map(spaced).join(', ')}]`
    : typeof value === 'object' && value !== null
      ? `{${Object.entries(value)
          .map(([key, one]) => `${JSON.stringify(key)}: ${spaced(one)}`)
          .join(', ')}}`
      : JSON.stringify(value);

const numbers = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ noNaN: true, min: -1000, max: 1000 }),
  fc.integer(),
  fc.constantFrom(0, -0, 0.1, 1e-7, 1e21, 16777217, 0.30000001192092896, 123456.789012345),
);
const gaps = fc.oneof({ weight: 9, arbitrary: numbers }, fc.constant(null));
const values: Record<string, fc.Arbitrary<unknown>> = {
  FP32: gaps,
  FP64: gaps,
  INT32: fc.integer(),
  INT64: fc.oneof(fc.integer(), fc.maxSafeInteger()),
  BYTES: fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.constantFrom('', '"', '],"data":[1')),
};

/** Two requests alike but for their id and values. */
const pairs = fc
  .record({
    heads: fc.array(
      fc.record({ datatype: fc.constantFrom(...Object.keys(values)), rows: fc.integer({ min: 1, max: 6 }) }),
      { minLength: 1, maxLength: 4 },
    ),
    parameters: fc.option(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer())), {
      nil: undefined,
    }),
    hasId: fc.boolean(),
    isSpaced: fc.boolean(),
  })
  .chain(({ heads, parameters, hasId, isSpaced }) => {
    const body = fc
      .tuple(
        fc.string({ minLength: 1, maxLength: 20 }),
        ...heads.map(({ datatype, rows }) =>
          fc.array(values[datatype], { minLength: rows, maxLength: rows }),
        ),
      )
      .map(([id, ...data]) => {
        const inputs: Input[] = heads.map(({ datatype, rows }, i) => ({
          name: `in ${i}`,
          datatype,
          shape: [rows, 1],
          data: data[i],
        }));
        const request = { ...(hasId && { id }), ...(parameters && { parameters }), inputs };
        return isSpaced ? spaced(request) : JSON.stringify(request);
      });
    return fc.tuple(body, body);
  });

describe('a known form', () => {
  it('reads what it reads just as the whole reader does', () => {
    let read = 0;
    fc.assert(
      fc.property(pairs, ([first, second]) => {
        const form = learnt(first);
        const known = form && readForm(form, second);
        if (!known) return;
        read++;
        expect(known).toStrictEqual(plain(second));
      }),
      { numRuns: 2000 },
    );
    expect(read).toBeGreaterThan(500);
  });

  it('reads nothing that the whole reader refuses or reads in another way', () => {
    const edits = fc.array(
      fc.tuple(
        fc.nat(),
        fc.constantFrom('', ',', ']', '[', '"', '0', '-', '.', 'e', ' ', '\\', '\n', 'null', '\u0001'),
      ),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(pairs, edits, fc.boolean(), ([first, second], changes, replaces) => {
        let text = second;
        for (const [place, mark] of changes) {
          const at = place % text.length;
          text = text.slice(0, at) + mark + text.slice(at + (replaces ? 1 : 0));
        }
        // A character cut in half cannot come over the wire.
        text = text.toWellFormed();
        const form = learnt(first);
        const known = form && readForm(form, text);
        if (known) expect(known).toStrictEqual(plain(text));
      }),
      { numRuns: 5000 },
    );
  });

  it('tells every float32 from its neighbours, however it is spelt', () => {
    const form = learnt('{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}');
    const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(digits, digits, (whole, fraction) => {
        const text = `${Number(whole.slice(0, 12).join(''))}.${fraction.join('')}`;
        const body = `{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[${text}]}]}`;
        expect(form && readForm(form, body)?.tensors[0].data).toEqual(Float32Array.of(JSON.parse(text)));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['nested data', '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,1],"data":[[1]]}]}'],
    ['data given twice', '{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1],"data":[2]}]}'],
    [
      'an id that is spelt twice',
      '{"id":"a","id":"b","inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}',
    ],
    ['other datatypes', '{"inputs":[{"name":"x","datatype":"BOOL","shape":[1],"data":[true]}]}'],
    [
      'data beside the inputs',
      '{"parameters":{"data":[1]},"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}',
    ],
  ])('is not learnt from %s', (_, text) => {
    expect(learnt(text)).toBeUndefined();
  });

  it('finds its places whatever stands in the texts around them', () => {
    const body = (id: string, name: string) =>
      `{"id":"${id}","parameters":{"note":"\\"data\\":[7]","id":3},"inputs":[{"data":["${name}"],"name":"x","shape":[1],"datatype":"BYTES"}]}`;
    const form = learnt(body('a', 'one'));
    expect(form && readForm(form, body('bcd', 'two'))).toStrictEqual(plain(body('bcd', 'two')));
    expect(form && readForm(form, body('b', 'tw]o'))).toStrictEqual(plain(body('b', 'tw]o')));
    expect(form && readForm(form, body('x'.repeat(201), 'two'))).toBeUndefined();
  });
});
