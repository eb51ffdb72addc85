import { once } from 'node:events';
import type { ServerDuplexStream } from '@grpc/grpc-js';

/** Requests of one stream that may be under way at once; the next are read when one of them is answered. */
const mostUnderWay = 64;

/**
 * Answers the requests of a stream in their order, several at a time; `answer` never rejects. A client that does not
 * read its replies is not read from either.
 */
export function streamReplies(
  call: ServerDuplexStream<Buffer, Buffer>,
  answer: (request: Buffer) => Promise<Buffer>,
): void {
  let underWay = 0;
  let last: Promise<void> = Promise.resolve();
  const closed = new AbortController();
  call.on('cancelled', () => closed.abort());

  const send = async (reply: Buffer) => {
    underWay--;
    if (call.cancelled) return;
    if (!call.write(reply)) await once(call, 'drain', { signal: closed.signal }).catch(() => undefined);
    if (call.isPaused() && underWay < mostUnderWay) call.resume();
  };
  call.on('data', (request: Buffer) => {
    underWay++;
    if (underWay >= mostUnderWay) call.pause();
    const reply = answer(request);
    last = last.then(async () => send(await reply));
  });
  call.on('end', () => void last.then(() => call.end()));
}
