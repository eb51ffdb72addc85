import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { readDeclaration } from '../../src/cli/commands/declarations.ts';
import { followRun } from '../../src/cli/commands/pipelines.ts';
import { createClient, type HoustonClient } from '../../src/client/client.ts';
import { dayMs, openFlights } from './flights.ts';
import { startOwnServer } from './own-server.ts';
import { refusalOf, waitFor } from './patience.ts';
import { backfill, type ReplayCounts, replay } from './replay.ts';
import { createScreen, style } from './screen.ts';
import { slowDown } from './slow-model.ts';
import { startStory } from './story.ts';
import { type DemoResult, readResult } from './summary.ts';

type DemoOptions = {
  port?: string;
  dataDir?: string;
  exit?: boolean;
  json?: boolean;
  months?: string;
  share?: string;
  full?: boolean;
  speed?: string;
};

const service = 'flights-delay';
const dataset = 'flights';
const january = Date.UTC(2001, 0, 1);
const february = Date.UTC(2001, 1, 1);

/** Tells the whole story against a server of its own; returns the exit code. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const started = Date.now();
  const screen = createScreen();
  const months = Math.min(5, Math.max(1, Number(options.months ?? 5)));
  const share = options.full ? 1 : Math.min(100, Math.max(0.1, Number(options.share ?? 15))) / 100;
  const until = Date.UTC(2001, 1 + months, 1);

  screen.chapter('Houston · flights of 2001: will this one arrive more than 15 minutes late?');
  const flights = await openFlights();
  const server = await startOwnServer({
    port: Number(options.port ?? 1969),
    dataDir: options.dataDir ?? join('.houston', 'demo'),
  });
  screen.tell(style.green('●'), `server healthy in ${server.milliseconds} ms at ${style.bold(server.url)}`);
  const client = createClient({ url: server.url });
  const counts: ReplayCounts = { requests: 0, predictions: 0, failed: 0, failures: [], arrivals: 0 };
  try {
    await client.post('/api/declarations/apply', readDeclaration(join(import.meta.dirname, 'houston.yaml')));
    screen.tell(
      style.green('✓'),
      'examples/flights/houston.yaml applied: data, features, pipelines, gates, policies',
    );
    const approver = await createApprover(client);
    const story = startStory({ client, approver, screen, deployment: service });

    screen.chapter('January: from data to production');
    await deliverJanuary(client, flights, screen);
    await trainFirst(client, screen);
    await backfill(client, flights, service, january, february);
    screen.tell(style.green('✓'), 'online feature store filled with January');

    screen.chapter(
      `February to ${monthName(until - dayMs)}: ${percent(share)} of the flights ask, every arrival is told`,
    );
    const sabotages = createSabotages(client, flights, screen);
    const speed = options.speed ? Number(options.speed) : undefined;
    const pace = createPace(story.healing, speed);
    await replay(
      {
        client,
        flights,
        deployment: service,
        dataset,
        from: february,
        to: until,
        share,
        pace,
        async onDay(day) {
          story.onDay(day, counts, (day + dayMs - february) / (until - february));
          await sabotages((day + dayMs - february) / (until - february));
        },
      },
      counts,
    );
    await sabotages(1);
    screen.clear();
    await settle(client);
    await story.stop();

    screen.chapter('What happened');
    const lastMonth = Date.UTC(2001, months, 1);
    const result = await readResult(client, {
      deployment: service,
      from: lastMonth,
      to: until,
      started,
      counts,
    });
    printResult(screen, result, counts);
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    if (!options.exit) {
      screen.tell(style.green('●'), `the pages stay open at ${style.bold(server.url)} — Ctrl-C ends them`);
      await server.ended;
    }
    return result.failed_requests === 0 && result.ledger_verified ? 0 : 1;
  } finally {
    screen.clear();
    client.close();
    await flights.close();
    await server.stop();
  }
}

type Flights = Awaited<ReturnType<typeof openFlights>>;
type Screen = ReturnType<typeof createScreen>;
const parquet = 'application/vnd.apache.parquet';

/** A second person, who may approve and nothing else. */
async function createApprover(client: HoustonClient): Promise<HoustonClient> {
  await client.post('/api/auth/users', { id: 'risk-officer', roles: ['approver'] });
  const { token } = await client.post<{ token: string }>('/api/auth/users/risk-officer/tokens', {
    note: 'demo',
  });
  return client.as(token);
}

async function deliverJanuary(client: HoustonClient, flights: Flights, screen: Screen): Promise<void> {
  const upload = (name: string, bytes: Buffer, source: string) =>
    client.post<{ version: number; rows: number; digest: string }>(
      `/api/data/datasets/${name}/versions`,
      bytes,
      {
        contentType: parquet,
        query: { mode: 'append', source },
      },
    );
  const version = await upload(dataset, await flights.parquet(january, february), 'warehouse 2001-01');
  screen.tell(
    style.green('✓'),
    `${version.rows.toLocaleString('en')} flights of January validated and kept as ${dataset}@${version.version} ${style.dim(version.digest.slice(0, 19))}`,
  );
  const spoiled = await flights.spoiledParquet(february, february + dayMs);
  const refusal = await refusalOf(() => upload(dataset, spoiled, 'a broken export'));
  screen.tell(style.yellow('⊘'), `a spoiled delivery was refused: ${refusal}`);
}

async function trainFirst(client: HoustonClient, screen: Screen): Promise<void> {
  const run = await client.post<{ id: string }>('/api/pipelines/flights-training/runs', { params: {} });
  const end = await followRun(client, run.id, (step) =>
    screen.tell(style.dim('·'), `${step.key} ${style.dim(step.state)}`),
  );
  if (end.state !== 'succeeded') throw new Error(`The first training ended as ${end.state}.`);
  await waitFor('the first model to serve', async () => {
    const deployment = await client.get<{ champion: object | null }>(`/api/serving/deployments/${service}`);
    return deployment.champion !== null;
  });
}

/**
 * Two sabotages, each at its share of the story: a model of shuffled labels, which the gate must stop, and a
 * model with the champion's answers that takes many times as long, which the canary must roll back.
 */
function createSabotages(client: HoustonClient, flights: Flights, screen: Screen) {
  const rolloutState = async () => {
    const { rollout } = await client.get<{ rollout: { state: string } | null }>(
      `/api/serving/deployments/${service}`,
    );
    return rollout?.state ?? 'none';
  };
  const busy = async () => ['awaiting-approval', 'shadow', 'canary'].includes(await rolloutState());
  const shuffled = async () => {
    const bytes = await flights.shuffledParquet(january, february);
    await client.post(`/api/data/datasets/flights-shuffled/versions`, bytes, {
      contentType: parquet,
      query: { mode: 'append', source: 'sabotage' },
    });
    screen.tell(style.magenta('✦'), 'sabotage: a model is trained on shuffled labels');
    await client.post('/api/pipelines/flights-sabotage/runs', { params: {} });
  };
  const slow = async () => {
    const model = await client.download(`/api/registry/models/${service}/versions/@champion/model`);
    const version = await client.post<{ version: number; digest: string; size: number }>(
      `/api/registry/models/${service}/versions`,
      slowDown(model),
      { contentType: 'application/octet-stream', query: { source: 'sabotage: the champion with a detour' } },
    );
    screen.tell(
      style.magenta('✦'),
      `sabotage: version ${version.version} answers as the champion does, many times slower`,
    );
    const { digest, size } = version;
    const run = await client.post<{ id: string }>('/api/pipelines/flights-exam/runs', {
      params: { version: version.version, digest, size },
    });
    // The clock stands still meanwhile: on a slow machine too, there must be flights left to judge it by.
    await followRun(client, run.id, () => {});
    await waitFor(
      'the slow version to be approved',
      async () => (await rolloutState()) !== 'awaiting-approval',
    );
  };
  const plan = [
    { after: 0.3, act: shuffled },
    { after: 0.55, act: slow },
  ];
  return async (share: number) => {
    while (plan.length > 0 && share >= plan[0].after) {
      if (await busy()) {
        if (share < 1) return;
        await waitFor('the rollout in progress to end', async () => !(await busy()), 60_000).catch(() => {});
      }
      await plan.shift()?.act();
      if (share < 1) return;
    }
  };
}

/** Slows the clock of the replay while a model is being made, so that healing takes days of flights, not months. */
function createPace(healing: () => boolean, daysPerSecond?: number): (time: number) => Promise<void> {
  const slotDays = 10 / (24 * 60);
  let next = performance.now();
  return async () => {
    const limit = Math.min(
      daysPerSecond ?? Number.POSITIVE_INFINITY,
      healing() ? 0.15 : Number.POSITIVE_INFINITY,
    );
    if (!Number.isFinite(limit)) {
      next = performance.now();
      return;
    }
    next = Math.max(next, performance.now() - 50) + (slotDays / limit) * 1000;
    const ahead = next - performance.now();
    if (ahead > 1) await wait(ahead);
  };
}

/** Waits until nothing that the story began is still under way. */
async function settle(client: HoustonClient): Promise<void> {
  await waitFor('pipelines to end', async () => {
    const runs = await client.get<{ items: { state: string }[] }>('/api/pipelines/runs', { limit: 20 });
    return runs.items.every((run) => !['queued', 'running'].includes(run.state));
  });
  await wait(1500);
}

function printResult(screen: Screen, result: DemoResult, counts: ReplayCounts): void {
  const n = (value: number) => value.toLocaleString('en');
  screen.tell(
    style.green('✓'),
    `${n(result.requests)} requests (${n(counts.predictions)} predictions), ${result.failed_requests} failed, p99 ${result.p99_ms} ms`,
  );
  screen.tell(
    style.green('✓'),
    `${result.drift_events} drift alarms, ${result.incidents_opened} incidents opened and ${result.incidents_resolved} resolved, ${result.retrainings} retrainings`,
  );
  screen.tell(
    style.green('✓'),
    `${result.promotions} promotions, ${result.gate_refusals} refused by the gate, ${result.rollbacks} rolled back, champion is version ${result.champion_version}`,
  );
  const exam = result.champion_beats_first;
  screen.tell(
    exam.better ? style.green('✓') : style.yellow('•'),
    `last month: AUC ${result.auc_champion.toFixed(4)} live against ${result.auc_first.toFixed(4)} of the first model (p ${exam.p_value.toExponential(1)}, ${n(exam.rows)} flights)`,
  );
  screen.tell(
    result.ledger_verified ? style.green('✓') : style.red('✗'),
    `ledger of ${n(result.ledger_events)} events ${result.ledger_verified ? 'verified' : 'BROKEN'}`,
  );
  for (const failure of counts.failures) screen.tell(style.red('✗'), failure);
}

const percent = (share: number) => `${Math.round(share * 1000) / 10} %`;
const monthName = (time: number) => new Date(time).toLocaleString('en', { month: 'long', timeZone: 'UTC' });
