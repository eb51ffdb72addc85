/** Child of one-row.ts: one of the two servers on a free port; tells its URL, the body to send, and its CPU time. */
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import type { FeaturesPort } from '../../src/domains/serving/index.ts';
import { logisticModel } from '../../test/serving/models.ts';
import { startServing } from '../../test/serving/serving-server.ts';

const [kind, form] = process.argv.slice(2);
const width = 7;
const raw = JSON.stringify({
  inputs: [
    { name: 'features', datatype: 'FP32', shape: [1, width], data: [12, 3, 710, 0.21, 14, 0.18, 0.24] },
  ],
});
const fromFeatures = JSON.stringify({
  inputs: [
    { name: 'date', datatype: 'BYTES', shape: [1], data: ['2001-04-01T12:34:00'] },
    { name: 'origin', datatype: 'BYTES', shape: [1], data: ['SFO'] },
    { name: 'destination', datatype: 'BYTES', shape: [1], data: ['LAX'] },
    { name: 'distance', datatype: 'FP64', shape: [1], data: [337] },
  ],
});
const body = form === 'raw' ? raw : fromFeatures;

/** A stand-in with the work of a few look-ups by text key. */
const features: FeaturesPort = {
  async createVectorizer() {
    const store = new Map<string, number>(['SFO', 'LAX', 'SFO|LAX', ''].map((key, i) => [key, 0.1 * i]));
    return {
      ref: 'flights@000000000000',
      service: 'flights',
      digest: `sha256:${'0'.repeat(64)}`,
      features: Array.from({ length: width }, (_, i) => `f${i}`),
      inputs: [
        { name: 'date', type: 'timestamp' },
        { name: 'origin', type: 'string' },
        { name: 'destination', type: 'string' },
        { name: 'distance', type: 'number' },
      ],
      timeInput: 'date',
      fill(inputs, times, out) {
        for (let i = 0; i < times.length; i++) {
          const { origin, destination, distance } = inputs;
          const date = new Date(times[i]);
          out[i * width] = date.getUTCHours();
          out[i * width + 1] = date.getUTCDay();
          out[i * width + 2] = Number(distance?.[i]);
          out[i * width + 3] = store.get(String(origin?.[i])) ?? Number.NaN;
          out[i * width + 4] = store.get(String(destination?.[i])) ?? Number.NaN;
          out[i * width + 5] = store.get(`${origin?.[i]}|${destination?.[i]}`) ?? Number.NaN;
          out[i * width + 6] = store.get('') ?? Number.NaN;
        }
      },
    };
  },
};

async function startHouston(): Promise<string> {
  const server = await startServing({ features });
  await server.registry.add(server.platform, 'm', logisticModel({ weights: new Array(width).fill(0.1) }));
  const spec = form === 'raw' ? { model: 'm' } : { model: 'm', features: 'flights' };
  await server.call('PUT', '/api/serving/deployments/m', spec);
  const deployed = await server.call('POST', '/api/serving/deployments/m/deploy', {});
  if (deployed.status !== 200) throw new Error(JSON.stringify(deployed.body));
  return `${server.url}/v2/models/m/infer`;
}

async function startBare(): Promise<string> {
  const app = fastify();
  const reply = {
    model_name: 'm',
    model_version: '1',
    id: 'prd_01m7xw0nzr003ygs3wdhqvrpm8',
    parameters: { revision: 'rev_0123456789ab', arm: 'champion' },
    outputs: [{ name: 'probability', datatype: 'FP32', shape: [1, 1], data: [0.123456] }],
  };
  app.post('/infer', (_request, answer) => answer.send(reply));
  await app.listen({ port: 0, host: '127.0.0.1' });
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/infer`;
}

const url = kind === 'houston' ? await startHouston() : await startBare();
process.on('message', (message) => {
  if (message === 'stop') process.exit(0);
  const { user, system } = process.cpuUsage();
  process.send?.(user + system);
});
process.send?.({ url, body, pid: process.pid });
