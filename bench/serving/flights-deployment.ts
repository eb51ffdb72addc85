/**
 * The whole server with the flights project's 14-feature service, a warm online store (30 days of made-up flights
 * between 60 airports) and a gradient-boosting model of 120 trees on its vectors, deployed as `flights-delay`;
 * and `flights-raw`, the same model fed by the caller's own tensors.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { FeatureServiceDefinition } from '../../src/domains/features/index.ts';
import { startHouston } from '../../src/main.ts';
import { GRADIENT_BOOSTING_DEFAULTS, trainGradientBoosting } from '../../src/math/learn/gradient-boosting.ts';
import { readConfig } from '../../src/platform/config.ts';
import { createLogger } from '../../src/platform/log.ts';
import { gradientBoostingToOnnx } from '../../src/platform/onnx/gradient-boosting-onnx.ts';

/** A call that the parent makes before the load: an HTTP client in the server's own process would change what it measures. */
export type SetupCall = { method: string; url: string; type: string; body: string };
export type BenchTarget = { url: string; bodies: string[]; setup: SetupCall[] };

const name = 'flights-delay';
const airports = Array.from({ length: 60 }, (_, i) => String.fromCharCode(65 + (i % 26), 65 + (i >> 3), 88));
const day = 86_400_000;
const firstDay = Date.UTC(2001, 2, 1);
const days = 30;
const flightsPerDay = 2000;

/** Numbers in [0, 1) that are the same in every run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const random = createRandom(7);
const anyAirport = () => airports[Math.floor(random() ** 2 * airports.length)];

function flightsOfDay(start: number) {
  const times = Array.from(
    { length: flightsPerDay },
    () => start + Math.floor(random() * 1440) * 60_000,
  ).sort();
  return {
    date: times,
    origin: times.map(anyAirport),
    destination: times.map(anyAirport),
    distance: times.map(() => 100 + Math.floor(random() * 2500)),
    delay: times.map(() => Math.round(random() ** 4 * 200 - 20)),
  };
}

/** One-row requests of the last day, as a client of the flights story sends them. */
function requestColumns(count: number) {
  const times = Array.from(
    { length: count },
    () => firstDay + (days - 1) * day + Math.floor(random() * 1440) * 60_000,
  );
  return {
    times,
    origins: times.map(anyAirport),
    destinations: times.map(anyAirport),
    distances: times.map(() => 100 + Math.floor(random() * 2500)),
  };
}

const input = (of: string, datatype: string, shape: number[], data: unknown[]) => ({
  name: of,
  datatype,
  shape,
  data,
});

/** Starts the server; returns the URL to send to and the bodies to send. */
export async function startFlights(form: 'features' | 'raw'): Promise<BenchTarget> {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-bench-'));
  process.on('exit', () => rmSync(dataDir, { recursive: true, force: true }));
  const server = await startHouston(readConfig({ port: 0, dataDir }, {}), { log: createLogger('error') });
  const { features } = server.domains;
  const scope = server.platform.systemScope('user:bench');
  const project = parse(
    readFileSync(new URL('../../examples/flights/houston.yaml', import.meta.url), 'utf8'),
    { merge: true },
  );
  await features.defineService(scope, name, project.features[name] as FeatureServiceDefinition);
  for (let i = 0; i < days; i++)
    await features.push(scope, name, { columns: flightsOfDay(firstDay + i * day) });

  const vectorizer = await features.createVectorizer(scope, name);
  const width = vectorizer.features.length;
  const vectorsOf = ({ times, origins, destinations, distances }: ReturnType<typeof requestColumns>) => {
    const out = new Float32Array(times.length * width);
    vectorizer.fill(
      { date: times, origin: origins, destination: destinations, distance: distances },
      times,
      out,
    );
    return out;
  };
  const rows = 6000;
  const vectors = vectorsOf(requestColumns(rows));
  const model = trainGradientBoosting(
    {
      names: [...vectorizer.features],
      columns: vectorizer.features.map((_, f) =>
        Float32Array.from({ length: rows }, (_, i) => vectors[i * width + f]),
      ),
      labels: Uint8Array.from({ length: rows }, (_, i) =>
        Number(random() < 0.1 + (0.5 * vectors[i * width]) / 24),
      ),
    },
    { ...GRADIENT_BOOSTING_DEFAULTS, trees: 120 },
  );

  const bytes = Buffer.from(gradientBoostingToOnnx(model));
  const deployment = form === 'raw' ? 'flights-raw' : name;
  const spec = { model: `${name}:1`, ...(form === 'features' && { features: name }), environment: 'test' };
  const json = (method: string, path: string, body: object): SetupCall => ({
    method,
    url: `${server.url}${path}`,
    type: 'application/json',
    body: Buffer.from(JSON.stringify(body)).toString('base64'),
  });
  const setup: SetupCall[] = [
    json('PUT', `/api/registry/models/${name}`, {}),
    {
      method: 'POST',
      url: `${server.url}/api/registry/models/${name}/versions`,
      type: 'application/octet-stream',
      body: bytes.toString('base64'),
    },
    json('PUT', `/api/serving/deployments/${deployment}`, spec),
    json('POST', `/api/serving/deployments/${deployment}/deploy`, {}),
  ];

  const asked = requestColumns(4096);
  const rawVectors = vectorsOf(asked);
  const bodies = asked.times.map((time, i) =>
    JSON.stringify({
      inputs:
        form === 'raw'
          ? [
              input(
                'features',
                'FP32',
                [1, width],
                [...rawVectors.subarray(i * width, (i + 1) * width)].map((x) => (Number.isNaN(x) ? null : x)),
              ),
            ]
          : [
              input('date', 'BYTES', [1], [new Date(time).toISOString().slice(0, 19)]),
              input('origin', 'BYTES', [1], [asked.origins[i]]),
              input('destination', 'BYTES', [1], [asked.destinations[i]]),
              input('distance', 'FP64', [1], [asked.distances[i]]),
            ],
    }),
  );
  return { url: `${server.url}/v2/models/${deployment}/infer`, bodies, setup };
}
