import { roomFor } from '../../platform/http/large-bodies.ts';

/** Before each message: whether it is compressed, and its length. */
const prefixBytes = 5;

export type Message = { bytes: Buffer; isCompressed: boolean };

/**
 * Cuts the bytes of a stream into messages. A message in one piece is handed on where it lies; a longer one is put
 * together in a buffer of its length that ends at a multiple of eight bytes, where the tensors at its end are aligned.
 */
export type MessageReader = {
  /** False when a message is longer than it may be; nothing is read after it. */
  push(piece: Buffer): boolean;
  /** Whether the bytes so far end with a whole message. */
  isComplete(): boolean;
};

/** A reader that hands each message to `take`. */
export function createMessageReader(mostBytes: number, take: (message: Message) => void): MessageReader {
  let head: Buffer = Buffer.alloc(0);
  let body: Buffer | undefined;
  let filled = 0;

  const start = (bytes: Buffer): number | undefined => {
    const length = bytes.readUInt32BE(1);
    if (length > mostBytes) return undefined;
    const end = prefixBytes + length;
    if (bytes.length >= end) {
      take({ bytes: bytes.subarray(prefixBytes, end), isCompressed: bytes[0] === 1 });
      return end;
    }
    head = bytes.subarray(0, prefixBytes);
    body = roomFor(length);
    filled = bytes.copy(body, 0, prefixBytes);
    return bytes.length;
  };
  return {
    push(piece) {
      let rest = piece;
      while (rest.length > 0) {
        if (body) {
          const read = rest.copy(body, filled);
          filled += read;
          rest = rest.subarray(read);
          if (filled < body.length) continue;
          const bytes = body;
          body = undefined;
          const isCompressed = head[0] === 1;
          head = Buffer.alloc(0);
          take({ bytes, isCompressed });
          continue;
        }
        const bytes = head.length > 0 ? Buffer.concat([head, rest]) : rest;
        if (bytes.length < prefixBytes) {
          head = bytes;
          return true;
        }
        head = Buffer.alloc(0);
        const read = start(bytes);
        if (read === undefined) return false;
        rest = bytes.subarray(read);
      }
      return true;
    },
    isComplete: () => body === undefined && head.length === 0,
  };
}
