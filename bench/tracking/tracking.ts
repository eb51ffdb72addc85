/**
 * Tracking beside MLflow's own server: same machine, same client load, SQLite against SQLite or PostgreSQL against
 * PostgreSQL, in turns; prints medians and ratios. `HOUSTON_TEST_PYTHON` names a Python with mlflow (and psycopg2).
 *
 * All of it takes some eight minutes on two quiet cores; the table at its end sets each ratio against its target.
 *
 *   node bench/tracking/tracking.ts [--postgres URL] [--seconds 6] [--rounds 3] [--runs 100000] [--points 1000000]
 *     [--megabytes 2048] [--large 1000000] [--only houston]
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import pg from 'pg';
import { sqliteFloor } from './floor.ts';
import { memory, processorTime, type Server, start } from './servers.ts';

const { values: options } = parseArgs({
  options: {
    postgres: { type: 'string' },
    seconds: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '3' },
    runs: { type: 'string', default: '100000' },
    points: { type: 'string', default: '1000000' },
    megabytes: { type: 'string', default: '2048' },
    large: { type: 'string', default: '1000000' },
    only: { type: 'string' },
  },
});
const python = process.env.HOUSTON_TEST_PYTHON ?? 'python3';
const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'houston-bench-'));
const rounds = Number(options.rounds);
const run = promisify(execFile);

/** A database for each side, and the way to be rid of them. */
async function databases(): Promise<{ mlflow: string; houston: string; drop(): Promise<void> }> {
  const { postgres } = options;
  if (postgres === undefined) {
    const [mlflow, houston] = [join(folder, 'mlflow.db'), join(folder, 'houston', 'houston.sqlite')];
    return { mlflow, houston, drop: async () => {} };
  }
  const names = ['bench_mlflow', 'bench_houston'];
  const each = async (command: string) => {
    const client = new pg.Client({ connectionString: postgres });
    await client.connect();
    for (const name of names) await client.query(`${command} ${name}`);
    await client.end();
  };
  await each('drop database if exists');
  await each('create database');
  const [mlflow, houston] = names.map((name) => Object.assign(new URL(postgres), { pathname: name }).href);
  const wait = () => new Promise((resolve) => setTimeout(resolve, 1000));
  return {
    mlflow: mlflow!,
    houston: houston!,
    drop: () => wait().then(() => each('drop database if exists')),
  };
}

const stores = await databases();
const isPostgres = options.postgres !== undefined;

const startMlflow = () =>
  start(
    'MLflow',
    [
      join(dirname(python), 'mlflow'),
      'server',
      ...['--port', '6171', '--default-artifact-root', 'mlflow-artifacts:/'],
      ...['--artifacts-destination', join(folder, 'artifacts')],
      ...[
        '--backend-store-uri',
        isPostgres
          ? stores.mlflow.replace(/^postgres:/, 'postgresql+psycopg2:')
          : `sqlite:///${stores.mlflow}`,
      ],
    ],
    { port: 6171, cwd: folder, database: stores.mlflow },
  );
const startHouston = (dataDir = 'houston', onPostgres = isPostgres) =>
  start(
    'Houston',
    [
      process.execPath,
      join(root, 'bin', 'houston.mjs'),
      ...['serve', '--port', '6172', '--data-dir', join(folder, dataDir)],
      ...(onPostgres ? ['--database', stores.houston] : []),
    ],
    { port: 6172, cwd: folder, database: stores.houston },
  );

type Figure = { rate: number; done: number; failed: number; p50: number; p95: number; processor: number };
type Unit = 'calls/s' | 'ms' | 'MiB' | 's';

async function load(server: Server, kind: string, clients: number): Promise<Figure> {
  const script = join(import.meta.dirname, 'load.py');
  const before = processorTime(server.pid);
  const { stdout } = await run(python, [script, server.url, kind, String(clients), options.seconds]);
  const figure = JSON.parse(stdout) as Omit<Figure, 'processor'>;
  return { ...figure, processor: (processorTime(server.pid) - before) / figure.done };
}

const results: { label: string; figures: string; ratio: string; target: string; isMet: boolean }[] = [];

/** One line: a figure of each server, and how many times better ours is; with a target, also for the table at the end. */
function row(label: string, unit: Unit, figures: readonly number[], target?: number): void {
  const sides = figures.map((figure, i) => `${servers[i]!.name} ${figure.toFixed(1).padStart(9)}`);
  const [theirs, ours] = figures;
  const times = ours === undefined ? undefined : unit === 'calls/s' ? ours / theirs! : theirs! / ours;
  const ratio = times === undefined ? '' : `${times.toFixed(1)} ×`;
  console.log(`${label.padEnd(42)} ${sides.join('  ')} ${unit.padEnd(8)} ${ratio}`);
  if (target === undefined || times === undefined) return;
  const texts = {
    figures: `${theirs!.toFixed(1)} / ${ours!.toFixed(1)} ${unit}`,
    ratio,
    target: `${target} ×`,
  };
  results.push({ label: label.trim(), ...texts, isMet: times >= target });
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** The servers in turn, several rounds; medians and their ratio, of which one has the target. */
async function measure(
  kind: string,
  label: string,
  clients: number,
  target: { of: 'rate' | 'p50'; times: number },
): Promise<void> {
  const figures = servers.map(() => [] as Figure[]);
  for (let round = 0; round < rounds; round++) {
    for (const [i, server] of servers.entries()) figures[i]!.push(await load(server, kind, clients));
  }
  const medians = (of: (figure: Figure) => number) => figures.map((all) => median(all.map(of)));
  const targetOf = (of: 'rate' | 'p50') => (target.of === of ? target.times : undefined);
  row(
    label,
    'calls/s',
    medians(({ rate }) => rate),
    targetOf('rate'),
  );
  row(
    target.of === 'p50' ? `${label}: p50` : '  p50',
    'ms',
    medians(({ p50 }) => p50),
    targetOf('p50'),
  );
  row(
    '  p95',
    'ms',
    medians(({ p95 }) => p95),
  );
  row(
    '  processor time per call',
    'ms',
    medians(({ processor }) => processor),
  );
  figures.forEach((all, i) => {
    const failed = all.reduce((sum, one) => sum + one.failed, 0);
    if (failed > 0) console.log(`  failed calls of ${servers[i]!.name}: ${failed}`);
  });
}

type Transfer = { seconds: number; processor: number; growth: number };

/** A large file one way, and the most memory that the server had meanwhile beyond what it had before. */
async function transfer(server: Server, way: 'up' | 'down'): Promise<Transfer> {
  // What the one before left unwritten is not flushed at the expense of the next one; and memory that a virtual machine
  // has not touched yet, or has given back, comes at a tenth of the speed, which is neither server's doing.
  const touched = join(folder, 'touched');
  await run('dd', ['if=/dev/zero', `of=${touched}`, 'bs=1M', `count=${options.megabytes}`]);
  rmSync(touched);
  await run('sync', []);
  const [before, processor] = [memory(server.pid), processorTime(server.pid)];
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, memory(server.pid));
  }, 100);
  const script = join(import.meta.dirname, 'artifact.py');
  const { stdout } = await run(python, [script, server.url, options.megabytes, way]);
  clearInterval(watch);
  const { seconds } = JSON.parse(stdout) as { seconds: number };
  return {
    seconds,
    processor: (processorTime(server.pid) - processor) / 1000,
    growth: most - before,
  };
}

/** Transfers in turn, several rounds; medians. */
async function artifacts(): Promise<void> {
  for (const way of ['up', 'down'] as const) {
    const all = servers.map(() => [] as Transfer[]);
    for (let round = 0; round < rounds; round++) {
      for (const [i, server] of servers.entries()) all[i]!.push(await transfer(server, way));
    }
    const medians = (of: (one: Transfer) => number) => all.map((list) => median(list.map(of)));
    row(
      `artifact of ${options.megabytes} MiB ${way}`,
      's',
      medians(({ seconds }) => seconds),
      2,
    );
    row(
      '  processor time of the server',
      's',
      medians(({ processor }) => processor),
    );
    row(
      '  memory beyond that before, at most',
      'MiB',
      all.map((list) => Math.max(...list.map(({ growth }) => growth))),
    );
  }
}

/** Asks for the experiment that runs belong to, which makes it; again when a worker that is being replaced hangs up. */
async function makeDefault(url: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const reply = await fetch(`${url}/api/2.0/mlflow/experiments/get?experiment_id=0`).catch(() => undefined);
    if (reply?.ok) return;
    if (attempt === 60) throw new Error(`${url} has no default experiment.`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** The same search among very many runs, Houston alone: what it takes there has a target of its own. */
async function searchAmongMany(): Promise<void> {
  const first = await startHouston('large');
  await makeDefault(first.url);
  first.stop();
  const database = join(folder, 'large', 'houston.sqlite');
  execFileSync(python, [join(import.meta.dirname, 'seed.py'), database, 'houston', options.large, '0']);
  const server = await startHouston('large');
  servers.splice(0, servers.length, server);
  await load(server, 'search', 1);
  const { p50, processor } = await load(server, 'search', 1);
  const label = `search, 1000 of ${options.large} runs: p50`;
  row(label, 'ms', [p50]);
  row('  processor time per call', 'ms', [processor]);
  row('  memory', 'MiB', [memory(server.pid)]);
  results.push({ label, figures: `${p50.toFixed(1)} ms`, ratio: '', target: '50 ms', isMet: p50 < 50 });
}

function summary(): void {
  console.log('\ntarget by target (MLflow / Houston)');
  for (const { label, figures, ratio, target, isMet } of results) {
    const verdict = isMet ? 'met' : 'MISSED';
    console.log(
      `${label.padEnd(46)} ${figures.padStart(24)} ${ratio.padStart(8)} of ${target.padStart(5)}  ${verdict}`,
    );
  }
}

// Compiled sources are kept from the first start on, as Python keeps them from the installation on.
(await startHouston('first', false)).stop();
// Houston first: an idle one takes nothing from the start of MLflow, whose workers go on for a while once it is healthy.
const houston = await startHouston();
const servers = [...(options.only === 'houston' ? [] : [await startMlflow()]), houston];
const memories = (label: string) =>
  row(
    label,
    'MiB',
    servers.map(({ pid }) => memory(pid)),
    10,
  );
try {
  console.log(`${isPostgres ? 'PostgreSQL' : 'SQLite'}; load of the machine ${loadavg()[0]!.toFixed(1)}`);
  row(
    'start to healthy',
    'ms',
    servers.map(({ startedIn }) => startedIn),
    10,
  );
  memories('memory, idle');
  await measure('log_batch', 'log_batch of 500 metrics, 8 clients', 8, { of: 'rate', times: 20 });
  if (!isPostgres) {
    const { bare, keyed } = sqliteFloor(folder);
    console.log(
      `  its points by SQLite alone: ${bare.toFixed(2)} ms without a key, ${keyed.toFixed(2)} ms with one`,
    );
  }
  await measure('log_metric', 'log_metric one by one, 8 clients', 8, { of: 'rate', times: 10 });
  for (const { name, url, database } of servers) {
    await makeDefault(url);
    const script = join(import.meta.dirname, 'seed.py');
    execFileSync(python, [script, database, name.toLowerCase(), options.runs, options.points]);
  }
  await measure('search', `search, 1000 of ${options.runs} runs`, 1, { of: 'p50', times: 30 });
  if (options.points !== '0') {
    await measure('chart', `chart of ${options.points} points`, 1, { of: 'p50', times: 20 });
    await measure('history', `25,000 of ${options.points} points`, 1, { of: 'p50', times: 1 });
  }
  if (options.megabytes !== '0') await artifacts();
  memories('memory, after the load');
  for (const server of servers) server.stop();
  if (!isPostgres && options.large !== '0') await searchAmongMany();
  summary();
  console.log(`load of the machine ${loadavg()[0]!.toFixed(1)}`);
} finally {
  for (const server of servers) server.stop();
  await stores.drop();
  rmSync(folder, { recursive: true, force: true });
}
