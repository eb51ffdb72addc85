import { describe, expect, it } from 'vitest';
import { readTraceContext, writeTraceparent } from './trace-context.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const good = `00-${traceId}-${spanId}-01`;

describe('the context of a trace', () => {
  it('is read and written as W3C says', () => {
    expect(readTraceContext({ traceparent: good, tracestate: 'a=1, b@c=2' })).toEqual({
      traceId,
      spanId,
      flags: 1,
      state: 'a=1,b@c=2',
    });
    expect(writeTraceparent(traceId, spanId, 1)).toBe(good);
  });

  it('of a later version is read as far as it is known', () => {
    expect(readTraceContext({ traceparent: `01-${traceId}-${spanId}-ff-more` })?.flags).toBe(3);
    expect(readTraceContext({ traceparent: `01-${traceId}-${spanId}-00` })?.flags).toBe(0);
  });

  it.each([
    ['nothing', undefined],
    ['several', [good, good]],
    ['the forbidden version', `ff-${traceId}-${spanId}-01`],
    ['more than version 00 has', `${good}-more`],
    ['capitals', good.toUpperCase()],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['a span of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['a short id', `00-${traceId.slice(1)}-${spanId}-01`],
    ['anything', 'x'.repeat(10_000)],
  ])('is none when the caller sends %s', (_what, traceparent) => {
    expect(readTraceContext({ traceparent })).toBeUndefined();
  });

  it.each([
    ['no list', 'nonsense'],
    ['a key twice', 'a=1,a=2'],
    ['too much', `a=${'x'.repeat(600)}`],
    ['too many', Array.from({ length: 33 }, (_, i) => `k${i}=v`).join()],
    ['line ends', 'a=1\r\nx: y'],
  ])('goes on without a tracestate that is %s', (_what, tracestate) => {
    expect(readTraceContext({ traceparent: good, tracestate })).toMatchObject({ traceId, state: '' });
  });
});
