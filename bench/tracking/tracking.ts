/**
 * The write and search paths of tracking, beside MLflow's own server: same machine, same client load, SQLite against
 * SQLite, in one go; prints the ratio. `HOUSTON_TEST_PYTHON` names a Python with mlflow.
 *
 *   node bench/tracking/tracking.ts [seconds per measurement] [rounds] [runs to search among]
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const python = process.env.HOUSTON_TEST_PYTHON ?? 'python3';
const seconds = Number(process.argv[2] ?? 10);
const rounds = Number(process.argv[3] ?? 3);
const runs = Number(process.argv[4] ?? 100_000);
const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'houston-bench-'));

type Server = { name: string; url: string; pid: number; startedIn: number; stop(): void };

async function start(name: string, command: string, args: string[], port: number): Promise<Server> {
  const began = performance.now();
  const child = spawn(command, args, {
    cwd: folder,
    stdio: 'ignore',
    detached: true,
    env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true' },
  });
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    const isUp = await fetch(`${url}/health`).then(
      (reply) => reply.ok,
      () => false,
    );
    if (isUp) break;
    if (performance.now() - began > 120_000) throw new Error(`${name} did not start.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const stop = () => process.kill(-child.pid!, 'SIGKILL');
  return { name, url, pid: child.pid!, startedIn: performance.now() - began, stop };
}

/** Sums something over a process and all below it. */
function overTree(pid: number, read: (pid: number) => number): number {
  if (!existsSync(`/proc/${pid}/task`)) return 0;
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return read(pid) + children.reduce((sum, child) => sum + overTree(child, read), 0);
}

/** Resident memory in MiB. */
const memory = (root: number) =>
  overTree(root, (pid) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  });

/** Processor time used so far, in ms (clock ticks of 10 ms). */
const processorTime = (root: number) =>
  overTree(root, (pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  });

type Figure = { rate: number; done: number; failed: number; p50: number; p95: number; processor: number };

function load(server: Server, kind: string, clients: number): Figure {
  const script = join(import.meta.dirname, 'load.py');
  const args = [script, server.url, kind, String(clients), String(seconds)];
  const before = processorTime(server.pid);
  const figure = JSON.parse(execFileSync(python, args, { encoding: 'utf8' })) as Omit<Figure, 'processor'>;
  return { ...figure, processor: (processorTime(server.pid) - before) / figure.done };
}

function seed(database: string, kind: string): void {
  execFileSync(python, [join(import.meta.dirname, 'seed.py'), database, kind, String(runs)]);
}

function row(label: string, unit: string, values: readonly number[], lessIsBetter = false): void {
  const [theirs, ours] = values as [number, number];
  const ratio = lessIsBetter ? theirs / ours : ours / theirs;
  console.log(
    `${label.padEnd(38)} MLflow ${theirs.toFixed(1).padStart(9)}  Houston ${ours.toFixed(1).padStart(9)} ${unit.padEnd(8)} ${ratio.toFixed(1)} ×`,
  );
}

/** Both servers in turn, several rounds; medians and their ratio. */
function measure(kind: string, label: string, clients: number): void {
  const figures = servers.map(() => [] as Figure[]);
  for (let round = 0; round < rounds; round++) {
    servers.forEach((server, i) => {
      figures[i]!.push(load(server, kind, clients));
    });
  }
  const medians = (of: (figure: Figure) => number) => figures.map((all) => median(all.map(of)));
  row(
    label,
    'calls/s',
    medians(({ rate }) => rate),
  );
  row(
    '  p50',
    'ms',
    medians(({ p50 }) => p50),
    true,
  );
  row(
    '  p95',
    'ms',
    medians(({ p95 }) => p95),
    true,
  );
  row(
    '  processor time per call',
    'ms',
    medians(({ processor }) => processor),
    true,
  );
  const failed = figures.map((all) => all.reduce((sum, one) => sum + one.failed, 0));
  if (failed.some((count) => count > 0))
    console.log(`  failed calls: MLflow ${failed[0]}, Houston ${failed[1]}`);
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

const mlflow = await start(
  'MLflow',
  join(dirname(python), 'mlflow'),
  [
    'server',
    '--port',
    '6171',
    '--backend-store-uri',
    `sqlite:///${join(folder, 'mlflow.db')}`,
    '--default-artifact-root',
    'mlflow-artifacts:/',
    '--artifacts-destination',
    join(folder, 'artifacts'),
  ],
  6171,
);
const houston = await start(
  'Houston',
  process.execPath,
  [join(root, 'src/cli/main.ts'), 'serve', '--port', '6172', '--data-dir', join(folder, 'houston')],
  6172,
);
const servers = [mlflow, houston];
try {
  row(
    'start to healthy',
    'ms',
    servers.map(({ startedIn }) => startedIn),
    true,
  );
  row(
    'memory, idle',
    'MiB',
    servers.map(({ pid }) => memory(pid)),
    true,
  );
  measure('log_batch', 'log_batch of 500 metrics, 8 clients', 8);
  measure('log_metric', 'log_metric one by one, 8 clients', 8);
  await fetch(`${houston.url}/api/2.0/mlflow/experiments/get?experiment_id=0`);
  seed(join(folder, 'mlflow.db'), 'mlflow');
  seed(join(folder, 'houston', 'houston.sqlite'), 'houston');
  measure('search:0', `search, 1000 of ${runs} runs, 1 client`, 1);
  row(
    'memory, after the load',
    'MiB',
    servers.map(({ pid }) => memory(pid)),
    true,
  );
} finally {
  for (const server of servers) server.stop();
  rmSync(folder, { recursive: true, force: true });
}
