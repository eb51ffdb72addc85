import { describe, expect, it } from 'vitest';
import type { LocalTrace } from './span.ts';
import { createTracer } from './tracer.ts';

const parent = (flags: string) => ({ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-${flags}` });

function collected(sample: number | null, random?: () => number) {
  const tracer = createTracer(sample, random);
  const traces: LocalTrace[] = [];
  tracer.addSink((trace) => void traces.push(trace));
  return { tracer, traces };
}

describe('sampling', () => {
  it("follows the caller's flag, whatever the own share is", () => {
    for (const sample of [0, 1]) {
      const { tracer, traces } = collected(sample);
      tracer.begin('asked', 'server', parent('01'))?.span?.end();
      const unsampled = tracer.begin('asked', 'server', parent('00'));
      expect(unsampled?.span).toBeNull();
      expect(unsampled?.headers()).toEqual(parent('00'));
      expect(traces.map(({ id }) => id)).toEqual(['a'.repeat(32)]);
    }
  });

  it('takes its own share of the others', () => {
    const draws = [0.05, 0.2, 0.09];
    const { tracer, traces } = collected(0.1, () => draws.shift() ?? 1);
    for (let i = 0; i < 3; i++) tracer.begin('own', 'server', undefined)?.span?.end();
    expect(traces).toHaveLength(2);
    expect(traces[0].spans[0].parentId).toBeNull();
    expect(collected(0).tracer.begin('own', 'server', undefined)).toBeUndefined();
  });

  it('records nothing when it is off, and hands on what came', () => {
    const { tracer, traces } = collected(null);
    const trace = tracer.begin('off', 'server', parent('01'));
    expect(trace?.headers()).toEqual(parent('01'));
    expect([trace?.span, traces.length, tracer.isOff]).toEqual([null, 0, true]);
  });
});

describe('a trace', () => {
  it('ends with its first span, once, and with it all that is still open', () => {
    const { tracer, traces } = collected(0);
    const span = tracer.begin('request', 'server', parent('01'))!.span!;
    const open = span.child('open');
    const done = span.child('done').set({ n: 1 });
    done.end();
    span.end();
    span.end();
    expect(traces).toHaveLength(1);
    expect(traces[0].spans.map(({ name, parentId }) => [name, parentId])).toEqual([
      ['request', 'b'.repeat(16)],
      ['open', span.id],
      ['done', span.id],
    ]);
    expect(open.endMs).toBe(span.endMs);
    expect(span.wallNs(span.endMs!) >= span.wallNs(span.startMs)).toBe(true);
    expect(span.headers().traceparent).toBe(`00-${'a'.repeat(32)}-${span.id}-01`);
  });

  it('that is dropped is nobody’s', () => {
    const { tracer, traces } = collected(0);
    tracer.begin('refused', 'server', parent('01'))?.span?.drop();
    expect(traces).toEqual([]);
  });
});
