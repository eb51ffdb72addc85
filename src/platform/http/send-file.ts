import { type FileHandle, open } from 'node:fs/promises';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';

/** Of the two buffers of a download: small enough to stay in the processor's cache between reading and sending. */
const blockBytes = 512 * 1024;

/**
 * Sends the first `size` bytes of a file in constant memory: one buffer is read into while the other is sent, where a
 * stream would make a new one for every read. The reply must have its headers; a file that ends early or a caller who
 * leaves ends the connection.
 * @throws what opening the file fails with, before anything is sent
 */
export async function sendFile(reply: FastifyReply, path: string, size: number): Promise<FastifyReply> {
  const file = await open(path);
  const { raw } = reply.header('content-length', size).hijack();
  raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders);
  try {
    await pump(file, raw, size);
    raw.end();
  } catch {
    raw.destroy();
  } finally {
    await file.close();
  }
  return reply;
}

async function pump(file: FileHandle, raw: ServerResponse, size: number): Promise<void> {
  const write = writerOf(raw);
  const buffers = [0, 1].map(() => Buffer.allocUnsafeSlow(Math.min(blockBytes, size)));
  let sending = Promise.resolve();
  for (let at = 0, turn = 0; at < size; turn = 1 - turn) {
    const { bytesRead } = await file.read(buffers[turn], 0, Math.min(blockBytes, size - at), at);
    if (bytesRead === 0) throw new Error('The file is shorter than it was.');
    at += bytesRead;
    await sending;
    sending = write(buffers[turn].subarray(0, bytesRead));
    // Whoever waits for it next hears of a failure.
    sending.catch(() => undefined);
  }
  await sending;
}

/** Writes one buffer at a time, each until the system has it; fails once the connection is closed. */
function writerOf(raw: ServerResponse): (bytes: Uint8Array) => Promise<void> {
  let fail: (error: Error) => void = () => undefined;
  raw.once('close', () => fail(new Error('The caller went away.')));
  return (bytes) =>
    new Promise((resolve, reject) => {
      fail = reject;
      if (raw.destroyed) reject(new Error('The caller went away.'));
      else raw.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
}
