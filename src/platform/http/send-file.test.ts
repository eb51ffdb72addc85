import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { sendFile } from './send-file.ts';

const bytes = randomBytes(5_000_001);

describe('sending a file', () => {
  const app = fastify();
  const folder = mkdtempSync(join(tmpdir(), 'houston-send-'));
  const path = join(folder, 'file.bin');
  /** Far more than fits into the buffers of a connection. */
  const [large, largeBytes] = [join(folder, 'large.bin'), 2 ** 28];
  let url: string;

  beforeAll(async () => {
    writeFileSync(path, bytes);
    writeFileSync(large, '');
    truncateSync(large, largeBytes);
    app.get('/:size', (request, reply) =>
      sendFile(reply.header('x-kept', 'yes'), path, Number((request.params as { size: string }).size)),
    );
    app.get('/large', (_request, reply) => sendFile(reply, large, largeBytes));
    app.get('/missing', (_request, reply) => sendFile(reply, join(folder, 'missing'), 1));
    await app.listen({ port: 0 });
    url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await app.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const isOpen = () =>
    readdirSync('/proc/self/fd').some((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === large;
      } catch {
        return false;
      }
    });

  it.each([0, 1, 524_288, 524_289, bytes.length])('sends its first %i bytes', async (size) => {
    const reply = await fetch(`${url}/${size}`);
    expect([reply.status, reply.headers.get('content-length')]).toEqual([200, String(size)]);
    expect(reply.headers.get('x-kept')).toBe('yes');
    expect(bytes.subarray(0, size).equals(Buffer.from(await reply.arrayBuffer()))).toBe(true);
  });

  it('sends each of many at once its own bytes', async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, async () => (await fetch(`${url}/${bytes.length}`)).arrayBuffer()),
    );
    for (const one of all) expect(bytes.equals(Buffer.from(one))).toBe(true);
  });

  it('answers in the form of errors when there is no file', async () => {
    expect((await fetch(`${url}/missing`)).status).toBe(500);
  });

  it('ends the connection when the file ends early', async () => {
    const reply = await fetch(`${url}/${bytes.length + 1}`);
    await expect(reply.arrayBuffer()).rejects.toThrow();
  });

  it.runIf(process.platform === 'linux')('lets go of the file when the caller leaves', async () => {
    const reply = await new Promise<IncomingMessage>((resolve) => get(`${url}/large`, resolve));
    expect(isOpen()).toBe(true);
    reply.destroy();
    await vi.waitFor(() => expect(isOpen()).toBe(false), 30_000);
  });
});
