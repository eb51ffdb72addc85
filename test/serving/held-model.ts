import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const metadata = {
  name: 'held',
  inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 1] }],
  outputs: [{ name: 'probability', datatype: 'FP32', shape: [-1, 1] }],
};
const answer = JSON.stringify({
  outputs: [{ name: 'probability', datatype: 'FP32', shape: [1, 1], data: [0.5] }],
});

export type HeldModel = Awaited<ReturnType<typeof startHeldModel>>;

/**
 * A model on a server of its own that answers when the test lets it: `hold` keeps every request that comes until
 * `release`. So a test knows who runs and who waits, however fast the machine is.
 */
export async function startHeldModel() {
  const held: (() => void)[] = [];
  let isHolding = false;
  const server = createServer((request, response) => {
    if (request.method === 'GET') return void response.end(JSON.stringify(metadata));
    const reply = () => response.end(answer);
    if (isHolding) held.push(reply);
    else reply();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    /** For the runtime of a deployment; nobody is late while the test decides. */
    runtime: { upstream: { url, protocol: 'open-inference', model: 'held' }, timeoutMs: 600_000 },
    hold() {
      isHolding = true;
    },
    release() {
      isHolding = false;
      for (const reply of held.splice(0)) reply();
    },
    /** Requests that it keeps now. */
    holds: () => held.length,
    close: () => void server.close().closeAllConnections(),
  };
}
