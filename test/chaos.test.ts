import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dayMs, type FlightData, minuteMs, openFlights } from '../examples/flights/flights.ts';
import { type OwnServer, startOwnServer } from '../examples/flights/own-server.ts';
import { readDeclaration } from '../src/cli/commands/declarations.ts';
import { createClient, type HoustonClient, HoustonReplyError } from '../src/client/client.ts';
import { createRandom } from '../src/math/random.ts';
import { freePort } from './separate-server.ts';

const start = Date.UTC(2001, 0, 1);
const service = 'flights-delay';

/** The flights project with a short training, so that a whole pipeline fits between two kills. */
function shortProject(): Record<string, unknown> {
  const declaration = readDeclaration(join(import.meta.dirname, '../examples/flights/houston.yaml')) as {
    pipelines: Record<string, { on?: unknown; jobs: Record<string, { with: Record<string, unknown> }> }>;
    models: Record<string, { risk?: unknown; gate?: unknown }>;
    policies?: unknown;
  };
  const training = declaration.pipelines['flights-training'];
  training.jobs.split.with.test = '1d';
  training.jobs.train.with.params = { trees: 20 };
  delete training.on;
  // Three days of January teach little of the fourth.
  declaration.models[service] = { gate: { checks: [{ check: 'calibration', bound: 0.3 }] } };
  delete declaration.policies;
  return declaration;
}

/** Keeps a server alive through deaths: `kill` ends it with SIGKILL and starts it again on the same folder. */
class Immortal {
  server!: OwnServer;
  client!: HoustonClient;
  deaths = 0;
  readonly dataDir: string;
  readonly port: number;

  constructor(dataDir: string, port: number) {
    this.dataDir = dataDir;
    this.port = port;
  }

  async start(): Promise<void> {
    this.server = await startOwnServer({ port: this.port, dataDir: this.dataDir, keep: true });
    this.client?.close();
    this.client = createClient({ url: this.server.url, timeoutMs: 20_000 });
  }

  async kill(): Promise<void> {
    process.kill(this.server.pid, 'SIGKILL');
    await this.server.ended;
    this.deaths++;
    await this.start();
  }
}

/** Sends until it is acknowledged; a dead server is asked again, a refusal is an error. */
async function insist<T>(send: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      const lost = !(error instanceof HoustonReplyError) || error.status === 0 || error.status === 503;
      if (!lost || attempt > 2000) throw error;
      await wait(50);
    }
  }
}

type Events = {
  items: { id: string; seq: number; type: string; subject: string; data: Record<string, unknown> }[];
  total: number;
};

describe('kill -9 at random moments', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-chaos-'));
  const random = createRandom(2001);
  let flights: FlightData;
  let houston: Immortal;
  beforeAll(async () => {
    flights = await openFlights();
    houston = new Immortal(dataDir, await freePort());
    await houston.start();
    await houston.client.post('/api/declarations/apply', shortProject());
    await houston.client.post(
      '/api/data/datasets/flights/versions',
      await flights.parquet(start, start + 4 * dayMs),
      {
        contentType: 'application/vnd.apache.parquet',
      },
    );
  });
  afterAll(async () => {
    await houston.server.stop();
    houston.client.close();
    await flights.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('a pipeline goes on from its last finished step, and no step has effect twice', async () => {
    const run = await houston.client.post<{ id: string }>('/api/pipelines/flights-training/runs', {
      params: {},
    });
    const state = async () =>
      insist(() =>
        houston.client.get<{ state: string; steps: { key: string; state: string; error?: unknown }[] }>(
          `/api/pipelines/runs/${run.id}`,
        ),
      );
    let now = await state();
    for (let i = 0; i < 8 && ['queued', 'running'].includes(now.state); i++) {
      await wait(200 + random.next() * 1800);
      await houston.kill();
      now = await state();
    }
    const until = Date.now() + 400_000;
    while (['queued', 'running'].includes(now.state) && Date.now() < until) {
      await wait(250);
      now = await state();
    }
    expect(now.state, JSON.stringify(now.steps)).toBe('succeeded');
    const finished = await houston.client.get<Events>('/api/ledger/events', {
      type: 'pipelines.step.finished',
      limit: 1000,
    });
    const perStep = new Map<string, number>();
    for (const { subject } of finished.items) perStep.set(subject, (perStep.get(subject) ?? 0) + 1);
    expect([...perStep.values()].every((count) => count === 1)).toBe(true);
    expect(perStep.size).toBe(now.steps.length);
    const versions = await houston.client.get<{ items: unknown[] }>(
      `/api/registry/models/${service}/versions`,
    );
    expect(versions.items).toHaveLength(1);
    expect(houston.deaths).toBeGreaterThan(2);
  }, 600_000);

  it('no acknowledged prediction, outcome, arrival or event is lost, and the routes come back', async () => {
    const day = await flights.between(start + 4 * dayMs, start + 5 * dayMs);
    const champion = async () => {
      const deployment = await insist(() =>
        houston.client.get<{ champion: { id: string } | null }>(`/api/serving/deployments/${service}`),
      );
      return deployment.champion?.id;
    };
    const before = await champion();
    expect(before).toBeTruthy();
    const acknowledged = new Map<string, number>();
    const outcomes = new Map<string, number>();
    let pushed = 0;
    let over = false;
    const killer = (async () => {
      for (let i = 0; i < 8; i++) {
        await wait(400 + random.next() * 2200);
        await houston.kill();
      }
      over = true;
    })();
    for (let row = 0; !over; row = (row + 20) % (day.date.length - 20)) {
      const rows = Array.from({ length: 20 }, (_, i) => row + i);
      const reply = await insist(() => ask(houston.client, day, rows));
      for (const [i, at] of rows.entries()) acknowledged.set(`${reply.id}:${i}`, at);
      if (random.next() < 0.5) {
        const items = rows.map((at, i) => ({ id: `${reply.id}:${i}`, value: day.delay[at] > 15 ? 1 : 0 }));
        const { accepted } = await insist(() =>
          houston.client.post<{ accepted: number }>('/api/serving/feedback', { items }),
        );
        expect(accepted).toBe(20);
        for (const item of items) outcomes.set(item.id, item.value);
      }
      if (random.next() < 0.2) {
        const batch = `batch-${acknowledged.size}`;
        const events = rows.map((at) => ({
          date: day.date[at],
          delay: day.delay[at],
          distance: day.distance[at],
          origin: day.origin[at],
          destination: day.destination[at],
        }));
        await insist(() =>
          houston.client.post(`/api/features/sources/${service}/events`, { batch, rows: events }),
        );
        pushed += rows.length;
      }
    }
    await killer;
    await houston.kill();

    expect(acknowledged.size).toBeGreaterThan(500);
    const ids = [...acknowledged.keys()];
    const sample = random.shuffle(ids).slice(0, 250);
    const look = async (id: string) => {
      const found = await houston.client.get<{ id: string; label: number | null; inputs: unknown }>(
        `/api/serving/predictions/${encodeURIComponent(id)}`,
      );
      expect(found.id).toBe(id);
      if (outcomes.has(id)) expect([id, found.label]).toEqual([id, outcomes.get(id)]);
    };
    while (sample.length > 0) await Promise.all(sample.splice(0, 10).map(look));
    const online = await houston.client.get<{ rows: number }>(`/api/features/services/${service}/online`);
    expect(online.rows).toBeGreaterThan(0);
    expect(pushed).toBeGreaterThan(0);
    expect(await champion()).toBe(before);
    const ledger = await houston.client.post<{ ok: boolean; firstBad: unknown }>('/api/ledger/verify', {});
    expect(ledger).toMatchObject({ ok: true, firstBad: null });
  }, 600_000);
});

function ask(client: HoustonClient, day: Awaited<ReturnType<FlightData['between']>>, rows: number[]) {
  const tensor = (name: string, datatype: string, data: unknown[]) => ({
    name,
    datatype,
    shape: [rows.length],
    data,
  });
  return client.post<{ id: string }>(`/v2/models/${service}/infer`, {
    parameters: { event_time: new Date(day.date[rows[0]] + minuteMs).toISOString() },
    inputs: [
      tensor(
        'origin',
        'BYTES',
        rows.map((row) => day.origin[row]),
      ),
      tensor(
        'destination',
        'BYTES',
        rows.map((row) => day.destination[row]),
      ),
      tensor(
        'distance',
        'FP64',
        rows.map((row) => day.distance[row]),
      ),
    ],
  });
}
