/**
 * Child of tensors.ts: the fast lane alone. It reads the same requests and answers each with the same bytes, nothing is
 * looked at or run: what a request over HTTP costs at least.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { installFastLane } from '../../src/platform/http/fast-lane.ts';
import { release } from '../../src/platform/http/large-bodies.ts';

const server = createServer();
const constant = Buffer.alloc(700, ' ');
installFastLane(server, 60_000).add('/v2/models/', () => ({
  admit: undefined,
  refuse: () => {},
  answer(body, reply) {
    release(body);
    reply(200, 'application/octet-stream', constant, 'inference-header-content-length: 200\r\n');
  },
}));
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({ url: `http://127.0.0.1:${port}`, pid: process.pid });
});
process.on('disconnect', () => process.exit(0));
