/**
 * What a graph costs over its models: the same small model alone, as a graph of one node, behind a switch, and three of
 * them in an ensemble; each request through serving's whole path (route, run, record, meter), without HTTP, in turns in
 * one process. Prints CPU microseconds per request and the difference to the model alone. See README.md.
 *
 *   node bench/serving/graphs.ts [--rounds 7] [--requests 6000]
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { logisticModel } from '../../test/serving/models.ts';
import { startServing } from '../../test/serving/serving-server.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, requests: { type: 'string', default: '6000' } },
});
const requests = Number(values.requests);
const connections = 32;
const width = 14;

const server = await startServing({ logLevel: 'error' });
for (const name of ['a', 'b', 'c'])
  await server.registry.add(server.platform, name, logisticModel({ weights: new Array(width).fill(0.1) }));
const three = { a: { model: 'a' }, b: { model: 'b' }, c: { model: 'c' } };
const specs = {
  alone: { model: 'a' },
  graph: { graph: { nodes: { a: { model: 'a' } } } },
  switched: {
    graph: {
      nodes: { a: three.a, b: three.b, s: { switch: [{ when: 'features[0] > 0', use: 'a' }], default: 'b' } },
    },
  },
  ensemble: { graph: { nodes: { ...three, mean: { ensemble: 'mean', of: ['a', 'b', 'c'] } } } },
};
type Kind = keyof typeof specs;
const kinds = Object.keys(specs) as Kind[];
for (const [name, spec] of Object.entries(specs)) {
  await server.call('PUT', `/api/serving/deployments/${name}`, spec);
  const { status, body } = await server.call('POST', `/api/serving/deployments/${name}/deploy`, {});
  if (status !== 200) throw new Error(JSON.stringify(body));
}

const data = Float32Array.from({ length: width }, (_, i) => (i % 2 === 0 ? 0.3 : -0.2));
async function ask(kind: Kind, count: number): Promise<void> {
  const tensor = { name: 'features', datatype: 'FP32', shape: [1, width], data } as const;
  for (let i = 0; i < count; i++)
    await server.domains.serving.predict(kind, { tensors: [tensor], parameters: {} });
}

async function measure(kind: Kind): Promise<number> {
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: connections }, () => ask(kind, Math.ceil(requests / connections))));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / requests;
}

const results = Object.fromEntries(kinds.map((kind) => [kind, [] as number[]])) as Record<Kind, number[]>;
for (const kind of kinds) await measure(kind);
for (let round = 0; round < Number(values.rounds); round++)
  for (const kind of kinds) results[kind].push(await measure(kind));

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
console.log(`machine load ${loadavg()[0].toFixed(2)}`);
for (const kind of kinds) {
  const micros = median(results[kind]);
  const more = micros - median(results.alone);
  console.log(
    `${kind.padEnd(9)} ${micros.toFixed(1).padStart(6)} µs/request   ${more >= 0 ? '+' : ''}${more.toFixed(1)}`,
  );
}
await server.close();
