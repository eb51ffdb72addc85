import { describe, expect, test } from 'vitest';
import type { TensorSpec } from '../runtime/tensors.ts';
import type { GraphSpecInput } from './graph.contract.ts';
import { checkShape } from './graph.model.ts';
import { nodeOf, quoteNames } from './graph.names.ts';
import type { NodeSignature, PlanSource } from './plan/graph.plan.ts';
import { planGraph } from './plan/graph.planner.ts';

const matrix = (name: string, width: number): TensorSpec => ({ name, datatype: 'FP32', shape: [-1, width] });
const model = (
  width: number,
  outputs = [matrix('probability', 1)],
  features: string[] | null = null,
): NodeSignature => ({
  inputs: [matrix('features', width)],
  outputs,
  features,
});

function plan(
  spec: GraphSpecInput,
  signatures: Record<string, NodeSignature> = {},
  source: PlanSource | null = null,
) {
  const { shape, problems } = checkShape(spec);
  expect(problems).toEqual([]);
  return planGraph(spec, shape!, new Map(Object.entries(signatures)), source);
}
const specs = (of: readonly { spec: TensorSpec }[]) =>
  of.map(({ spec }) => `${spec.name} ${spec.datatype}[${spec.shape}]`);

describe('the shape of a graph', () => {
  test('has every node after those it reads, by expressions, branches and inputs', () => {
    const { shape } = checkShape({
      nodes: {
        last: {
          switch: [{ when: 'early > 0.5 and p > 1', use: 'late.x' }],
          default: 'other',
          inputs: { p: 'side.q' },
        },
        late: { model: 'm', inputs: { features: ['early', 'request.a'] } },
        other: { model: 'm' },
        early: { model: 'm' },
        side: { transform: { q: { lookup: 'kind', table: { a: 1 } }, r: { argmax: 'early.scores' } } },
      },
    });
    const place = (name: string) => shape!.order.indexOf(name);
    for (const { from, to } of shape!.readings) expect(place(from)).toBeLessThan(place(to));
    expect(shape!.readings.map(({ from, to, kind }) => `${from}>${to} ${kind}`).sort()).toEqual([
      'early>last condition',
      'early>late data',
      'early>side data',
      'late>last branch',
      'other>last branch',
      'side>last condition',
    ]);
    expect(shape!.output).toBe('last');
  });

  test('names all that is wrong at once, each with its node', () => {
    const { problems } = checkShape({
      nodes: {
        'a-b': { model: 'm' },
        request: { model: 'm' },
        e: { ensemble: 'max', of: ['e2'], weights: [1] },
      },
    });
    expect(problems.map(({ node }) => node)).toEqual(['a-b', 'request', 'e', 'e']);
  });

  test('finds a circle through a condition', () => {
    const { problems } = checkShape({
      nodes: {
        a: { switch: [{ when: 'b > 1', use: 'm' }], default: 'm' },
        b: { transform: { x: 'a' } },
        m: { model: 'm' },
      },
    });
    expect(problems).toHaveLength(1);
    expect(problems[0].message).toMatch(/read each other in a circle/);
  });

  test('knows nodes by what stands before the first dot or bracket', () => {
    const spec = { nodes: { a: { model: 'm' } } };
    expect(
      ['a', 'a.b.c', 'a[1]', 'a.b[2]', 'ab', 'request.a', 'x.a'].map((one) => nodeOf(one, spec) ?? null),
    ).toEqual(['a', 'a', 'a', 'a', null, null, null]);
  });

  test('lets expressions write dotted names without quotes, and leaves texts alone', () => {
    expect(quoteNames(`a.b > 1.5 and "c.d" = 'e.f' and x[2] < y.z[3] and g(h.i)`)).toBe(
      `"a.b" > 1.5 and "c.d" = 'e.f' and "x[2]" < "y.z[3]" and g("h.i")`,
    );
  });
});

describe('the plan of a graph', () => {
  test('takes the inputs of its models, each once, and its declared fields', () => {
    const { inputs, outputs } = plan(
      {
        inputs: { kind: 'string' },
        nodes: {
          a: { model: 'm' },
          b: { model: 'm' },
          c: { switch: [{ when: "kind = 'x'", use: 'a' }], default: 'b' },
        },
      },
      { a: model(3), b: { ...model(3), inputs: [matrix('features', -1)] } },
    );
    expect(inputs).toEqual([{ name: 'kind', datatype: 'BYTES', shape: [-1] }, matrix('features', 3)]);
    expect(specs(outputs)).toEqual(['probability FP32[-1,1]']);
  });

  test('derives types: single precision stays, mixed becomes double, texts and truth values have their own', () => {
    const double: TensorSpec = { name: 'probability', datatype: 'FP64', shape: [-1, 1] };
    const { outputs } = plan(
      {
        nodes: {
          a: { model: 'm' },
          b: { model: 'm' },
          one: { ensemble: 'mean', of: ['a', 'a'] },
          two: { ensemble: 'mean', of: ['a', 'b'] },
          t: {
            transform: {
              yes: 'a > 0.5',
              text: "'x'",
              top: { threshold: 'a', at: 0.5, labels: ['no', 'yes'] },
            },
          },
        },
        outputs: {
          one: 'one',
          two: 'two',
          yes: 't.yes',
          text: 't.text',
          top: 't.top',
          int: { of: 'a', datatype: 'INT64', column: false },
        },
      },
      { a: model(2), b: model(2, [double]) },
    );
    expect(specs(outputs)).toEqual([
      'one FP32[-1,1]',
      'two FP64[-1,1]',
      'yes BOOL[-1]',
      'text BYTES[-1]',
      'top BYTES[-1]',
      'int INT64[-1]',
    ]);
  });

  test('names the columns of the vector as the model does, and finds them by name', () => {
    const { features, nodes } = plan(
      { nodes: { a: { model: 'm' }, t: { transform: { x: 'debt * 2 + a' } } } },
      { a: model(2, undefined, ['income', 'debt']) },
    );
    expect(features).toEqual(['income', 'debt']);
    const [, t] = nodes;
    const [value] = t.kind === 'transform' ? t.values : [];
    expect('columns' in value && value.columns.find(({ name }) => name === 'debt')?.part).toEqual({
      node: -1,
      output: 0,
      from: 1,
      count: 1,
    });
  });

  test('knows which nodes every row needs', () => {
    const { always, nodes } = plan(
      {
        nodes: {
          gate: { model: 'm' },
          rare: { model: 'm' },
          usual: { model: 'm' },
          s: { switch: [{ when: 'gate > 0.9', use: 'rare' }], default: 'usual' },
        },
      },
      { gate: model(2), rare: model(2), usual: model(2) },
    );
    expect([...always].map((at) => nodes[at].name).sort()).toEqual(['gate', 's']);
  });

  const refusal = (
    spec: GraphSpecInput,
    signatures: Record<string, NodeSignature>,
    source: PlanSource | null = null,
  ) => {
    try {
      plan(spec, signatures, source);
    } catch (error) {
      return error as { message: string; next: string; details: { node: string } };
    }
    throw new Error('was not refused');
  };
  const labelled = [
    { name: 'label', datatype: 'BYTES', shape: [-1] } as TensorSpec,
    matrix('probabilities', 2),
  ];
  const source: PlanSource = {
    ref: 'svc@1',
    features: ['x', 'y'],
    columns: [{ name: 'raw', type: 'string' }],
  };

  test.each<
    [string, GraphSpecInput, Record<string, NodeSignature>, PlanSource | null, RegExp, string | null]
  >([
    [
      'several outputs',
      { nodes: { a: { model: 'm' }, e: { ensemble: 'mean', of: ['a'] } } },
      { a: model(2, labelled) },
      null,
      /gives several outputs/,
      'e',
    ],
    [
      'a text in a mean',
      { nodes: { a: { model: 'm' }, e: { ensemble: 'mean', of: ['a.label'] } } },
      { a: model(2, labelled) },
      null,
      /cannot take "a.label"/,
      'e',
    ],
    [
      'an output that is none',
      { nodes: { a: { model: 'm' }, e: { ensemble: 'mean', of: ['a.score'] } } },
      { a: model(2) },
      null,
      /no such output/,
      'e',
    ],
    [
      'a column beyond the last',
      { nodes: { a: { model: 'm' }, t: { transform: { x: 'a.probabilities[2]' } } } },
      { a: model(2, labelled) },
      null,
      /has 2 values a row/,
      't',
    ],
    [
      'a wide value in an expression',
      { nodes: { a: { model: 'm' }, t: { transform: { x: 'a.probabilities' } } } },
      { a: model(2, labelled) },
      null,
      /has 2 values a row/,
      't',
    ],
    [
      'branches of other widths',
      {
        nodes: {
          a: { model: 'm' },
          b: { model: 'm' },
          s: { switch: [{ when: 'true', use: 'a.probabilities' }], default: 'b' },
        },
      },
      { a: model(2, labelled), b: model(2) },
      null,
      /branches "a.probabilities" and "b"/,
      's',
    ],
    [
      'what reads nothing',
      { nodes: { t: { transform: { x: '1 + 1' } } } },
      {},
      null,
      /reads nothing of a request/,
      null,
    ],
    [
      'two widths of one field',
      { nodes: { a: { model: 'm' }, b: { model: 'm' }, e: { ensemble: 'mean', of: ['a', 'b'] } } },
      { a: model(2), b: model(3) },
      null,
      /another node takes it/,
      'b',
    ],
    [
      'a fixed batch',
      { nodes: { a: { model: 'm' } } },
      { a: { ...model(2), inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 2] }] } },
      null,
      /first dimension is not free/,
      'a',
    ],
    [
      'features in another order',
      { nodes: { a: { model: 'm' } } },
      { a: model(2, undefined, ['y', 'x']) },
      source,
      /another order/,
      'a',
    ],
    [
      'a vector of another width',
      { nodes: { a: { model: 'm' } } },
      { a: model(3) },
      source,
      /reads "request.features", which is no node/,
      'a',
    ],
    [
      'a text for a model of numbers',
      { nodes: { a: { model: 'm', inputs: { features: ['raw', 'x'] } } } },
      { a: model(2) },
      source,
      /is BYTES/,
      'a',
    ],
    [
      'a lookup of several types',
      {
        nodes: {
          a: { model: 'm' },
          t: { transform: { x: { lookup: 'raw', table: { a: 1, b: 'c' } } } },
          e: { ensemble: 'mean', of: ['a', 't'] },
        },
      },
      { a: model(2) },
      source,
      /several types/,
      't',
    ],
  ])('refuses %s', (_, spec, signatures, from, message, node) => {
    const error = refusal(spec, signatures, from);
    expect(error.message).toMatch(message);
    expect(error.details.node).toBe(node);
    expect(error.next).not.toBe('');
  });
});
