import { describe, expect, it } from 'vitest';
import { readPlainHead } from './request-head.ts';

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
