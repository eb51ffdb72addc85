import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { release, roomFor } from '../../platform/http/large-bodies.ts';
import { OipError } from './errors.ts';

type Done = (error: Error | null, body?: Buffer) => void;

/**
 * Reads a body into one buffer that ends at a multiple of eight bytes, so that tensors behind a JSON header of any
 * length need no copy to be aligned. Its pieces are given back at once: left to the collector, a few dozen pictures
 * are enough to make it look through all the memory of the server.
 */
export function readBody(mostBytes: number) {
  const tooLarge = () => new OipError(`The body is larger than ${mostBytes} bytes.`, 413);
  return (request: FastifyRequest, stream: IncomingMessage, done: Done): void => {
    const announced = request.headers['content-length'];
    const length = announced === undefined ? undefined : Number(announced);
    if (length !== undefined && length > mostBytes) {
      done(tooLarge());
      return;
    }
    let body = roomFor(length ?? 0);
    let at = 0;
    const settle = (error: Error | null) => {
      stream.off('data', onData).off('end', onEnd).off('error', settle);
      if (error) {
        release(body);
        done(error);
      } else done(null, at === body.length ? body : shortened(body, at));
    };
    const onData = (piece: Buffer) => {
      const end = at + piece.length;
      if (end > mostBytes) {
        settle(tooLarge());
        return;
      }
      if (end > body.length) body = grown(body, at, Math.min(mostBytes, Math.max(end, 2 * at)));
      piece.copy(body, at);
      at = end;
      release(piece);
    };
    const onEnd = () =>
      settle(length === undefined || length === at ? null : new OipError('The body ends before its length.'));
    stream.on('data', onData).on('end', onEnd).on('error', settle);
  };
}

function grown(body: Buffer, used: number, length: number): Buffer {
  const larger = roomFor(length);
  body.copy(larger, 0, 0, used);
  release(body);
  return larger;
}

/** The first bytes of a body whose room was too large. */
function shortened(body: Buffer, used: number): Buffer {
  const copy = roomFor(used);
  body.copy(copy, 0, 0, used);
  release(body);
  return copy;
}
