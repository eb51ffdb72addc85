import { promisify } from 'node:util';
import { deflate, gunzip, gzip, inflate } from 'node:zlib';
import { OipError } from './errors.ts';
import type { InferReply } from './infer-response.ts';

const unpack = { gzip: promisify(gunzip), deflate: promisify(inflate) };
const pack = { gzip: promisify(gzip), deflate: promisify(deflate) };

/** Smaller replies travel as they are, whatever the caller accepts: packing them costs more than it saves. */
const leastBytes = 4096;

/** A body as it was before its content encoding. @throws OipError 415 for another encoding, 400 for a bad body */
export async function unpacked(body: Buffer, encoding: string, mostBytes: number): Promise<Buffer> {
  if (encoding === 'identity') return body;
  if (encoding !== 'gzip' && encoding !== 'deflate')
    throw new OipError('The content encoding is not known.', 415);
  try {
    return await unpack[encoding](body, { maxOutputLength: mostBytes });
  } catch {
    throw new OipError('The body could not be unpacked, or is too large.');
  }
}

export type PackedReply = InferReply & { encoding?: keyof typeof pack };

/** Hands on a reply, large ones in an encoding that the caller accepts. */
export function packReply(
  reply: InferReply,
  accepted: string | undefined,
  send: (reply: PackedReply) => void,
): void {
  const encoding = accepted === undefined || reply.body.length < leastBytes ? undefined : choose(accepted);
  if (encoding === undefined) {
    send(reply);
    return;
  }
  pack[encoding](reply.body, { level: 1 }).then(
    (body) => send({ ...reply, body, encoding }),
    () => send(reply),
  );
}

function choose(accepted: string): keyof typeof pack | undefined {
  const offers = accepted
    .toLowerCase()
    .split(',')
    .map((offer) => offer.trim().split(/\s*;\s*q=/));
  const takes = (name: string) => offers.some(([offer, share]) => offer === name && Number(share ?? 1) > 0);
  return takes('gzip') ? 'gzip' : takes('deflate') ? 'deflate' : undefined;
}
