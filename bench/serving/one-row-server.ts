/**
 * Child of one-row.ts: `houston` (features | raw) or `fastify`, on a free port. Tells its URL and the bodies to
 * send, and its CPU time when asked.
 */
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { type BenchTarget, startFlights } from './flights-deployment.ts';

const [kind, form] = process.argv.slice(2);

/** The bare route: Fastify's own JSON parser, and a constant of the shape and size of Houston's answer. */
async function startBare(): Promise<BenchTarget> {
  const app = fastify();
  const reply = {
    model_name: 'flights-delay',
    model_version: '1',
    id: 'prd_01m7xw0nzr003ygs3wdhqvrpm8',
    parameters: { revision: 'rev_01m7xw0nzr003ygs3wdhqvrpm8', arm: 'champion' },
    outputs: [
      { name: 'label', datatype: 'INT64', shape: [1], data: [0] },
      { name: 'probabilities', datatype: 'FP32', shape: [1, 2], data: [0.8765432, 0.1234568] },
    ],
  };
  app.post('/infer', (_request, answer) => answer.send(reply));
  await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/infer`,
    bodies: [],
    setup: [],
  };
}

const target =
  kind === 'houston' ? await startFlights(form === 'raw' ? 'raw' : 'features') : await startBare();
process.on('message', (message) => {
  if (message === 'stop') process.exit(0);
  const { user, system } = process.cpuUsage();
  process.send?.({ user, system });
});
process.on('disconnect', () => process.exit(0));
process.send?.(target);
