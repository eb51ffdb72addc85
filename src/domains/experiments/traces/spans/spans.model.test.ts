import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { traceOfSpans, withSpans } from './conclusions.model.ts';
import { forClients, meaningOf } from './meaning.model.ts';
import { type NewSpan, readContent, writeContent } from './spans.model.ts';
import type { SpanHead } from './spans.store.ts';
import { layOut } from './tree.model.ts';
import { noUsage, readUsage, sumUsage, usageMetadata } from './usage.model.ts';

const told = (more: Partial<NewSpan>) => {
  const span: NewSpan = {
    traceId: 'tr-1',
    id: 'a',
    parentId: null,
    name: 'n',
    startNs: 1_000_000_000n,
    endNs: 3_000_000_000n,
    status: 'UNSET',
    statusMessage: '',
    attributes: {},
    events: [],
    links: [],
    resource: {},
    ...more,
  };
  return { span, meaning: meaningOf(span.attributes) };
};

describe('content of spans', () => {
  it('keeps whole numbers and fractions apart, and all digits', () => {
    const attributes = {
      a: 1,
      b: 1n,
      c: [0.5, -0, 1e300, 2n ** 63n - 1n],
      d: { e: null, f: '1.0, 5' },
      g: 12n,
    };
    expect(readContent(writeContent({ start: '1', attributes }))).toEqual({
      start: '1',
      attributes: { ...attributes, c: [0.5, 0, 1e300, 2n ** 63n - 1n] },
    });
    expect(writeContent({ n: Number.NaN, i: Number.NEGATIVE_INFINITY })).toBe('{"n":"NaN","i":"-Infinity"}');
  });

  it('comes back as it was, whatever it is', () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constant(null),
        fc.boolean(),
        fc.string(),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter((one) => !Object.is(one, -0)),
        fc.array(tie('value')),
        fc.dictionary(
          fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
          tie('value'),
          { noNullPrototype: true },
        ),
      ),
    }));
    fc.assert(
      fc.property(value, (one) => {
        expect(readContent(writeContent({ start: '1', attributes: { one } })).attributes.one).toEqual(one);
      }),
    );
  });
});

describe('what attributes mean', () => {
  it('is read in each vocabulary', () => {
    expect(
      meaningOf({ 'openinference.span.kind': 'retriever', 'input.value': '{"a":1}', 'output.value': 'b' }),
    ).toMatchObject({ type: 'RETRIEVER', inputs: { a: 1 }, outputs: 'b' });
    expect(
      meaningOf({ 'gen_ai.operation.name': 'execute_tool', 'gen_ai.usage.input_tokens': 3n }).usage,
    ).toMatchObject({
      input_tokens: 3,
      total_tokens: 3,
    });
    expect(
      meaningOf({ 'mlflow.spanType': 'my_type', 'mlflow.chat.tokenUsage': '{"total_tokens":4}' }),
    ).toMatchObject({
      type: 'my_type',
      usage: { total_tokens: 4, input_tokens: null },
    });
    expect(meaningOf({})).toMatchObject({ type: 'UNKNOWN', model: null, session: null });
  });

  it('is given to clients under the names that they look for, without touching what was sent', () => {
    expect(forClients('tr-1', { 'input.value': 'x', 'mlflow.traceRequestId': 'forged' })).toEqual({
      'mlflow.spanType': 'UNKNOWN',
      'mlflow.spanInputs': 'x',
      'input.value': 'x',
      'mlflow.traceRequestId': 'tr-1',
    });
    const tokens = forClients('tr-1', {
      'gen_ai.usage.input_tokens': 100n,
      'gen_ai.usage.output_tokens': 50n,
    });
    expect(tokens['mlflow.chat.tokenUsage']).toEqual({
      input_tokens: 100,
      output_tokens: 50,
      total_tokens: 150,
    });
  });
});

describe('a trace of which spans are known', () => {
  it('grows with them, whatever their order', () => {
    const root = told({ endNs: 5_000_000_000n, status: 'ERROR' });
    const child = told({ id: 'b', parentId: 'a', startNs: 500_000_000n, endNs: null });
    for (const order of [
      [root, child],
      [child, root],
    ]) {
      let row = traceOfSpans('tr-1', 0, [order[0]!]);
      for (const one of order) row = withSpans(row, [one], 1);
      expect(row).toMatchObject({
        requested_at: 500,
        duration_ms: 4500,
        state: 'ERROR',
        name: 'n',
        spans: 2,
      });
    }
  });

  it('keeps what its client reported', () => {
    const row = {
      ...traceOfSpans('tr-1', 0, [told({})]),
      reported: 1,
      requested_at: 7,
      duration_ms: 1,
      state: 'OK',
      name: 'x',
    };
    expect(withSpans(row, [told({ status: 'ERROR' })], 1)).toMatchObject({
      requested_at: 7,
      duration_ms: 1,
      state: 'OK',
      name: 'x',
    });
  });
});

describe('usage', () => {
  const node = (id: string, parent_id: string | null, total_tokens: number | null) => ({
    ...noUsage,
    id,
    parent_id,
    total_tokens,
  });

  it('counts a span that sums up its calls once', () => {
    const nodes = [
      node('a', null, null),
      node('b', 'a', 10),
      node('c', 'b', 4),
      node('d', 'b', 6),
      node('e', 'a', 1),
    ];
    expect(sumUsage(nodes)).toMatchObject({ total_tokens: 11, total_cost: null });
    expect(sumUsage([...nodes].reverse())).toMatchObject({ total_tokens: 11 });
  });

  it('adds up spans without their parents, and survives circles', () => {
    expect(
      sumUsage([node('a', 'gone', 1), node('b', 'b', 2), node('c', 'd', 4), node('d', 'c', 4)]),
    ).toMatchObject({
      total_tokens: 3,
    });
  });

  it('reads and writes the words of clients', () => {
    const usage = { ...noUsage, total_tokens: 3, total_cost: 0.5 };
    expect(readUsage(usageMetadata(usage))).toMatchObject({ total_tokens: 3, total_cost: 0.5 });
    expect(readUsage({ 'mlflow.trace.tokenUsage': 'no JSON' })).toMatchObject({ total_tokens: null });
    expect(readUsage({})).toEqual({});
  });
});

describe('the tree of spans', () => {
  it('holds every span once, each after its parent', () => {
    const ids = fc.array(fc.tuple(fc.nat(30), fc.nat(40)), { maxLength: 40 });
    fc.assert(
      fc.property(ids, (pairs) => {
        const distinct = new Map(pairs.map(([id, parent]) => [id, parent]));
        const spans = [...distinct].map(
          ([id, parent], i): SpanHead => ({
            ...noUsage,
            id: `${id}`,
            parent_id: parent > 30 ? null : `${parent}`,
            name: `${id % 3}`,
            type: 'UNKNOWN',
            status: 'OK',
            started_us: i,
            ended_us: null,
          }),
        );
        const tree = layOut(spans, 0);
        expect([...tree.id].sort()).toEqual(spans.map(({ id }) => id).sort());
        tree.parent.forEach((parent, i) => {
          expect(parent).toBeLessThan(i);
          expect(tree.depth[i]).toBe(parent < 0 ? 0 : tree.depth[parent]! + 1);
        });
      }),
    );
  });
});
