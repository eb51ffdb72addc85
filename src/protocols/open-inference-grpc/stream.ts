import type { GrpcCall } from './call.ts';
import type { Message } from './message-reader.ts';

/** Requests of one stream that may be under way at once; the next are read when one of them is answered. */
const mostUnderWay = 64;

/**
 * Answers the requests of a stream in their order, several at a time; `answer` never rejects. A client that does not
 * read its replies is not read from either.
 */
export function streamReplies(call: GrpcCall, answer: (request: Message) => Promise<Buffer>): void {
  const waiting: Message[] = [];
  let underWay = 0;
  let hasEnded = false;
  let last: Promise<void> = Promise.resolve();

  const send = async (reply: Buffer) => {
    if (!call.isOver() && !call.write(reply)) await new Promise<void>((go) => call.onceWritable(go));
    underWay--;
    next();
  };
  const next = () => {
    while (waiting.length > 0 && underWay < mostUnderWay) {
      underWay++;
      const reply = answer(waiting.shift() as Message);
      last = last.then(async () => send(await reply));
    }
    if (waiting.length === 0 && !hasEnded) call.resume();
    if (waiting.length === 0 && hasEnded && underWay === 0) call.end();
  };
  call.read(
    (message) => {
      waiting.push(message);
      if (underWay < mostUnderWay) next();
      else call.pause();
    },
    () => {
      hasEnded = true;
      next();
    },
  );
}
