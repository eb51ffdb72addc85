import { describe, expect, it } from 'vitest';
import { readPlainHead, takeTraceHeaders } from './request-head.ts';

const plain = ['POST /v2/models/m/infer HTTP/1.1', 'Host: here', 'Content-Length: 7'];
const read = (...lines: string[]) => readPlainHead(lines.join('\r\n'));

describe('the head of a plain request', () => {
  it('is its path, its headers and the length of its body', () => {
    expect(read(...plain, 'X-Thing:  a b \t')).toEqual({
      path: '/v2/models/m/infer',
      headers: { host: 'here', 'content-length': '7', 'x-thing': 'a b' },
      length: 7,
    });
    expect(read(...plain, 'connection: Keep-Alive')).toBeDefined();
  });

  it.each([
    ['another method', ['GET /a HTTP/1.1', ...plain.slice(1)]],
    ['another version', ['POST /a HTTP/1.0', ...plain.slice(1)]],
    ['a query', ['POST /a?b=1 HTTP/1.1', ...plain.slice(1)]],
    ['an escape', ['POST /a%2Fb HTTP/1.1', ...plain.slice(1)]],
    ['a fragment', ['POST /a#b HTTP/1.1', ...plain.slice(1)]],
    ['an absolute address', ['POST http://here/a HTTP/1.1', ...plain.slice(1)]],
    ['no host', [plain[0], plain[2]]],
    ['no length', plain.slice(0, 2)],
    ['two lengths', [...plain, 'content-length: 7']],
    ['a list of lengths', [...plain.slice(0, 2), 'content-length: 7, 7']],
    ['a signed length', [...plain.slice(0, 2), 'content-length: +7']],
    ['a huge length', [...plain.slice(0, 2), 'content-length: 9999999999']],
    ['two hosts', [...plain, 'host: there']],
    ['chunks', [...plain, 'transfer-encoding: chunked']],
    ['a space before the colon', [...plain, 'transfer-encoding : chunked']],
    ['a folded header', [...plain, ' chunked']],
    ['a bare line feed', [...plain, 'x: a\ntransfer-encoding: chunked']],
    ['a bare carriage return', [...plain, 'x: a\rtransfer-encoding: chunked']],
    ['a control character', [...plain, 'x: a\0b']],
    ['an empty name', [...plain, ': a']],
    ['an encoded body', [...plain, 'content-encoding: gzip']],
    ['an expectation', [...plain, 'expect: 100-continue']],
    ['an upgrade', [...plain, 'connection: upgrade', 'upgrade: h2c']],
    ['the end of the connection', [...plain, 'connection: close']],
    ['an origin', [...plain, 'origin: http://elsewhere']],
    ['a cookie', [...plain, 'cookie: a=b']],
  ])('leaves %s to the full parser', (_what, lines) => {
    expect(read(...lines)).toBeUndefined();
  });

  it('has no headers but its own', () => {
    expect(read(...plain, '__proto__: x')?.headers.constructor).toBeUndefined();
  });
});

describe('the headers of a trace', () => {
  const head = (...lines: string[]) => [...plain, ...lines].join('\r\n');

  it('are taken out, so that the head is the same for every request', () => {
    const taken = takeTraceHeaders(
      head('TraceParent:  a ', 'tracestate: x=1', 'x: y', 'tracestate: z=2', 'baggage: b'),
    );
    expect(taken).toEqual({ rest: head('x: y'), trace: { traceparent: 'a', tracestate: 'x=1,z=2' } });
    expect(takeTraceHeaders(head('x-traceparent: a', 'x: traceparent: b'))).toBeUndefined();
    const usual = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    for (const lines of [[`traceparent: ${usual}`], [`traceparent: ${usual}`, 'x: y']]) {
      expect(takeTraceHeaders(head(...lines))).toEqual({
        rest: head(...lines.slice(1)),
        trace: { traceparent: usual },
      });
    }
    expect(takeTraceHeaders(head(`traceparent: ${usual}`, `Traceparent: ${usual}`))).toEqual({
      rest: head(),
      trace: {},
    });
  });

  it('are worth nothing when there are two', () => {
    const taken = takeTraceHeaders(head('traceparent: a', 'traceparent: b'));
    expect(taken).toEqual({ rest: head(), trace: {} });
  });

  it.each([
    ['folded', ['traceparent: a', ' b']],
    ['with a space before the colon', ['traceparent : a']],
    ['with bytes that no header has', ['traceparent: a\u0001']],
  ])('leave a head that is not plain as it was when they are %s', (_what, lines) => {
    const whole = head(...lines);
    expect(readPlainHead(takeTraceHeaders(whole)?.rest ?? whole)).toBeUndefined();
  });
});
