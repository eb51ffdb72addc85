import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { unpacked } from '../open-inference/compression.ts';
import { OipError } from '../open-inference/errors.ts';
import { createMessageReader, type Message } from './message-reader.ts';
import { type Failure, status, trailersOf } from './status.ts';

/** One call of a client: an HTTP/2 stream whose body is messages, and whose trailers are the status. */
export type GrpcCall = {
  /** Its metadata, by lower-case name. */
  readonly headers: IncomingHttpHeaders;
  /** Milliseconds until the client's deadline; infinite without one. */
  timeLeft(): number;
  /** The bytes of a message, unpacked when it came compressed. @throws OipError */
  unpack(message: Message): Promise<Buffer>;
  /** Sends a message; false when the client does not keep up with reading. */
  write(message: Buffer): boolean;
  /** Ends the call well, after all that was written. */
  end(): void;
  /** Sends the only message of the call and ends it. */
  answer(message: Buffer): void;
  /** Ends the call with a status; messages that were written arrive before it. */
  fail(failure: Failure): void;
  /** Whether the call has ended, by either side: whatever comes now is for nobody. */
  isOver(): boolean;
  /** Calls back when the client reads again, or has gone. */
  onceWritable(go: () => void): void;
  /** Hands each message to `take` until the client has sent its last; a broken one ends the call. */
  read(take: (message: Message) => void, onEnd: () => void): void;
  pause(): void;
  resume(): void;
};

/** Messages up to this size are copied behind their prefix: one write costs less than two. */
const smallBytes = 16 * 1024;
const units: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };
/** A timer cannot wait for longer. */
const longestTimerMs = 2 ** 31 - 1;

const good = {
  ':status': 200,
  'content-type': 'application/grpc',
  'grpc-accept-encoding': 'identity,deflate,gzip',
};
const goodTrailers = { 'grpc-status': '0' };

/** The call on a stream; messages of more than `mostBytes` end it. */
export function createCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  mostBytes: number,
): GrpcCall {
  const encoding = String(headers['grpc-encoding'] ?? 'identity');
  const deadline = deadlineOf(headers['grpc-timeout']);
  let trailers: Record<string, string> = goodTrailers;
  let hasStarted = false;
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;

  /** A stream that the client has reset takes nothing more, and says so by an exception. */
  const isGone = () => isOver || stream.destroyed || stream.closed;
  const start = () => {
    hasStarted = true;
    stream.respond(good, { waitForTrailers: true });
    stream.once('wantTrailers', () => {
      if (!stream.destroyed && !stream.closed) stream.sendTrailers(trailers);
    });
  };
  const end = (last?: Buffer) => {
    if (isGone()) return;
    isOver = true;
    clearTimeout(timer);
    if (!hasStarted) start();
    if (last) stream.end(last);
    else stream.end();
  };
  const fail = (failure: Failure) => {
    if (isGone()) return;
    trailers = trailersOf(failure);
    if (hasStarted) end();
    else {
      isOver = true;
      clearTimeout(timer);
      stream.respond({ ...good, ...trailers }, { endStream: true });
    }
    // What the client still sends is let go; the window of its other calls must not stay taken by it.
    stream.resume();
  };
  // A reset by the client ends in 'close', which is all there is to know about it.
  stream.on('error', () => {});
  stream.on('close', () => {
    isOver = true;
    clearTimeout(timer);
  });
  if (deadline !== undefined) {
    const late = {
      code: status.DEADLINE_EXCEEDED,
      details: 'Deadline exceeded: the call was not answered in time.',
    };
    timer = setTimeout(() => fail(late), Math.min(deadline - Date.now(), longestTimerMs));
  }
  return {
    headers,
    timeLeft: () => (deadline === undefined ? Number.POSITIVE_INFINITY : deadline - Date.now()),
    async unpack({ bytes, isCompressed }) {
      if (!isCompressed) return bytes;
      if (encoding !== 'gzip' && encoding !== 'deflate')
        throw new OipError('The messages are compressed in a way that is not known; send gzip.', 501);
      return unpacked(bytes, encoding, mostBytes);
    },
    write(message) {
      if (isGone()) return true;
      if (!hasStarted) start();
      return writeMessage(stream, message);
    },
    end: () => end(),
    answer(message) {
      if (isGone()) return;
      if (message.length <= smallBytes) end(framed(message));
      else {
        start();
        writeMessage(stream, message);
        end();
      }
    },
    fail,
    isOver: isGone,
    onceWritable(go) {
      const once = () => {
        stream.off('drain', once).off('close', once);
        go();
      };
      stream.on('drain', once).on('close', once);
    },
    read(take, onEnd) {
      const reader = createMessageReader(mostBytes, take);
      stream.on('data', (piece: Buffer) => {
        if (isOver || reader.push(piece)) return;
        const details = `A message is larger than ${mostBytes} bytes.`;
        fail({ code: status.RESOURCE_EXHAUSTED, details });
      });
      stream.on('end', () => {
        if (isOver) return;
        if (reader.isComplete()) onEnd();
        else fail({ code: status.INVALID_ARGUMENT, details: 'The last message of the call is incomplete.' });
      });
    },
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
  };
}

function framed(message: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(5 + message.length);
  bytes[0] = 0;
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, 5);
  return bytes;
}

function writeMessage(stream: ServerHttp2Stream, message: Buffer): boolean {
  if (message.length <= smallBytes) return stream.write(framed(message));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  stream.write(prefix);
  return stream.write(message);
}

/** The time at which a call is late, by its header `grpc-timeout`; one that cannot be read is none. */
function deadlineOf(timeout: string | string[] | undefined): number | undefined {
  const [, count, unit] = /^(\d{1,8})([HMSmun])$/.exec(String(timeout ?? '')) ?? [];
  return count === undefined ? undefined : Date.now() + Number(count) * units[unit];
}
