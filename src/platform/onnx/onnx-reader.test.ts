import fc from 'fast-check';
import protobuf from 'protobufjs/minimal.js';
import { describe, expect, it } from 'vitest';
import { readFixture, syntheticTable } from '../../../test/fixtures/learn/learning-data.ts';
import { GRADIENT_BOOSTING_DEFAULTS, trainGradientBoosting } from '../../math/learn/gradient-boosting.ts';
import {
  LOGISTIC_REGRESSION_DEFAULTS,
  trainLogisticRegression,
} from '../../math/learn/logistic-regression.ts';
import { HoustonError } from '../errors.ts';
import { gradientBoostingToOnnx } from './gradient-boosting-onnx.ts';
import { logisticRegressionToOnnx } from './logistic-regression-onnx.ts';
import { readOnnx } from './onnx-reader.ts';

const table = syntheticTable(300);
const files: Record<string, Uint8Array> = {
  foreign: readFixture('foreign.onnx'),
  external: readFixture('external.onnx'),
  trees: gradientBoostingToOnnx(trainGradientBoosting(table, { ...GRADIENT_BOOSTING_DEFAULTS, trees: 2 })),
  logistic: logisticRegressionToOnnx(trainLogisticRegression(table, LOGISTIC_REGRESSION_DEFAULTS)),
};

const OWN_CODES = [
  'onnx.file.not_onnx',
  'onnx.file.malformed',
  'onnx.file.too_complex',
  'onnx.tensor.external',
];

/** The code of the reader's error, or undefined when it reads the bytes; any other error fails the test. */
function refusal(bytes: Uint8Array): string | undefined {
  try {
    readOnnx(bytes);
    return undefined;
  } catch (error) {
    if (!(error instanceof HoustonError) || !OWN_CODES.includes(error.code)) throw error;
    return error.code;
  }
}

/** A length-delimited field. */
function field(number: number, ...parts: Uint8Array[]): Uint8Array {
  const writer = protobuf.Writer.create().uint32((number << 3) | 2);
  return Uint8Array.from(writer.bytes(Buffer.concat(parts)).finish());
}
const varint = (number: number, value: number): Uint8Array =>
  Uint8Array.from(
    protobuf.Writer.create()
      .uint32(number << 3)
      .int64(value)
      .finish(),
  );
const text = (number: number, value: string): Uint8Array => field(number, Buffer.from(value));
const OPSET = field(8, varint(2, 17));
const model = (...graph: Uint8Array[]): Uint8Array =>
  Buffer.concat([varint(1, 8), field(7, ...graph), OPSET]);

describe('a file by another producer', () => {
  it('is summarised with nested graphs, functions and without constants among the inputs', () => {
    expect(readOnnx(files.foreign)).toEqual({
      irVersion: 8,
      producer: 'fixture 1.2',
      opsets: [
        { domain: '', version: 17 },
        { domain: 'com.example', version: 1 },
      ],
      inputs: [
        { name: 'x', datatype: 'FP32', shape: [-1, 3] },
        { name: 'flag', datatype: 'BOOL', shape: [] },
        { name: 'names', datatype: 'BYTES', shape: [-1, 2] },
      ],
      outputs: [
        { name: 'z', datatype: 'FP32', shape: [-1, 3] },
        { name: 'echo', datatype: 'BYTES', shape: [-1, 2] },
      ],
      nodeCount: 6,
      opTypes: { If: 1, Add: 2, Mul: 1, Identity: 1, 'com.example:Twice': 1 },
      metadata: { purpose: 'reader test' },
    });
  });

  it('names values that are not dense tensors', () => {
    const value = (name: string, type: Uint8Array) => field(12, text(1, name), field(2, type));
    const { outputs } = readOnnx(
      model(
        value('s', field(4)),
        value('m', field(5)),
        value('o', field(9)),
        value('t', field(1, varint(1, 11))),
      ),
    );
    expect(outputs).toEqual([
      { name: 's', datatype: 'SEQUENCE', shape: null },
      { name: 'm', datatype: 'MAP', shape: null },
      { name: 'o', datatype: 'OPTIONAL', shape: null },
      { name: 't', datatype: 'FP64', shape: null },
    ]);
  });

  it('may use names that mean something to JavaScript', () => {
    const { opTypes } = readOnnx(model(field(1, text(4, '__proto__')), field(1, text(4, 'constructor'))));
    expect(Object.entries(opTypes)).toEqual([
      ['__proto__', 1],
      ['constructor', 1],
    ]);
  });
});

describe('external data', () => {
  const pointer = field(13, text(1, 'location'), text(2, '../../secret'));
  const attribute = (tensor: Uint8Array) => field(1, text(4, 'Constant'), field(5, tensor));
  it.each<[string, Uint8Array]>([
    ['in an exported file', files.external],
    ['in a constant of the graph', model(field(5, pointer))],
    ['by location alone', model(field(5, varint(14, 1)))],
    ['by an unknown location', model(field(5, varint(14, 4294967297)))],
    ['in a sparse constant', model(field(15, field(2, pointer)))],
    ['in an attribute', model(attribute(field(5, pointer)))],
    ['in a list attribute', model(attribute(field(10, pointer)))],
    ['in a sparse attribute', model(attribute(field(22, field(1, pointer))))],
    ['in a nested graph', model(attribute(field(6, field(5, pointer))))],
    [
      'in a function',
      Buffer.concat([model(), field(25, field(7, text(4, 'A'), field(5, field(5, pointer))))]),
    ],
    ['in training information', Buffer.concat([model(), field(20, field(1, field(5, pointer)))])],
    [
      'in the context of a hardware provider',
      model(field(1, text(4, 'EPContext'), text(7, 'com.microsoft'))),
    ],
  ])('is refused %s', (_, bytes) => {
    expect(refusal(bytes)).toBe('onnx.tensor.external');
  });
});

describe('refusals', () => {
  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'onnx.file.not_onnx'],
    ['JSON', Buffer.from('{"a": 1}'), 'onnx.file.not_onnx'],
    ['plain text', Buffer.from('hello, this is text'), 'onnx.file.not_onnx'],
    ['a zip archive', Buffer.from('PK\x03\x04 and more'), 'onnx.file.not_onnx'],
    ['a pickle', Buffer.from([0x80, 4, 0x95, 1, 2, 3]), 'onnx.file.not_onnx'],
    ['a model without a graph', Buffer.concat([varint(1, 8), OPSET]), 'onnx.file.not_onnx'],
    ['a model without a version', Buffer.concat([field(7), OPSET]), 'onnx.file.not_onnx'],
    ['a negative version', Buffer.concat([varint(1, -1), field(7), OPSET]), 'onnx.file.not_onnx'],
    ['no operator set', Buffer.concat([varint(1, 8), field(7)]), 'onnx.file.malformed'],
    ['two graphs', Buffer.concat([model(), field(7)]), 'onnx.file.malformed'],
    ['a node without operator', model(field(1)), 'onnx.file.malformed'],
    ['a name that is not UTF-8', model(field(1, field(4, Uint8Array.of(0xff)))), 'onnx.file.malformed'],
    ['a number where a message belongs', model(varint(1, 5)), 'onnx.file.malformed'],
    ['a group', Buffer.concat([model(), Uint8Array.of(0xfb, 1, 0xfc, 1)]), 'onnx.file.malformed'],
    ['field number 0', Buffer.concat([model(), Uint8Array.of(0, 0)]), 'onnx.file.malformed'],
    [
      'a length beyond the end',
      Buffer.concat([model(), Uint8Array.of(0x72, 0xff, 0xff, 0xff, 0x7f)]),
      'onnx.file.malformed',
    ],
  ])('refuses %s', (_, bytes, code) => {
    expect(refusal(bytes)).toBe(code);
  });

  it('refuses graphs that nest without end', () => {
    let graph = new Uint8Array(0);
    for (let depth = 0; depth < 1000; depth++) {
      graph = Uint8Array.from(field(1, text(4, 'If'), field(5, field(6, graph))));
    }
    expect(refusal(model(graph))).toBe('onnx.file.too_complex');
  });

  it('does not walk into types that nest without end', () => {
    let type = field(1, varint(1, 1));
    for (let depth = 0; depth < 5000; depth++) type = field(4, field(1, type));
    expect(readOnnx(model(field(12, text(1, 'y'), field(2, type)))).outputs[0].datatype).toBe('SEQUENCE');
  });

  it('refuses tensors of absurd rank', () => {
    const shape = Array.from({ length: 65 }, () => field(1, varint(1, 1)));
    const bytes = model(field(12, field(2, field(1, varint(1, 1), field(2, ...shape)))));
    expect(refusal(bytes)).toBe('onnx.file.too_complex');
  });
});

describe('damaged bytes', () => {
  it.each(Object.keys(files))('never raise a foreign error: every prefix of %s', (name) => {
    const bytes = files[name];
    const step = Math.max(1, Math.floor(bytes.length / 2000));
    for (let length = 0; length < bytes.length; length += step) refusal(bytes.subarray(0, length));
    const half = refusal(bytes.subarray(0, bytes.length >> 1));
    expect(half).toBe(name === 'external' ? half : 'onnx.file.malformed');
  });

  it('never raise a foreign error: flipped bytes', () => {
    const flips = fc.array(fc.record({ at: fc.nat(), to: fc.nat(255) }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(files)), flips, (name, changes) => {
        const bytes = Uint8Array.from(files[name]);
        for (const { at, to } of changes) bytes[at % bytes.length] = to;
        refusal(bytes);
      }),
      { numRuns: 5000 },
    );
  });

  it('never raise a foreign error: random bytes', () => {
    const random = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(random, fc.boolean(), (bytes, isStarted) => {
        refusal(isStarted ? Buffer.concat([model(), bytes]) : bytes);
      }),
      { numRuns: 3000 },
    );
  });

  it('is read the same as a plain view and as a Buffer within a larger one', () => {
    const padded = Buffer.concat([Buffer.alloc(3), files.trees, Buffer.alloc(5)]);
    expect(readOnnx(padded.subarray(3, 3 + files.trees.length))).toEqual(readOnnx(files.trees));
  });
});
