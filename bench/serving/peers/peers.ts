/** The peers as processes pinned to a core: MLServer in two settings and `mlflow models serve`, with one model. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pinned } from '../processes.ts';

export type Peer = {
  pid: number;
  /** Where one row is asked for. */
  url: string;
  /** HOST:PORT of gRPC; mlflow has none. */
  grpc: string;
  stop(): Promise<void>;
};

/** MLflow and what makes the model. */
const trainer = process.env.HOUSTON_TEST_PYTHON ?? 'python3';
/** MLServer; see requirements.txt. */
export const benchPython = process.env.HOUSTON_BENCH_PYTHON ?? 'python3';
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export type SharedModel = { folder: string; onnx: Buffer; rows: number[][] };

/** Trains the model of all peers into a folder; the first rows of its data are what is asked. */
export function trainModel(folder: string): SharedModel {
  const printed = execFileSync(trainer, [here('train.py'), folder], {
    encoding: 'utf8',
    stdio: 'pipe',
    maxBuffer: 1 << 26,
  });
  const rows = JSON.parse(printed.trim().split('\n').at(-1) ?? '[]') as number[][];
  return { folder, onnx: readFileSync(join(folder, 'model.onnx')), rows };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function start(core: number, command: string[], cwd: string, ready: string): Promise<ChildProcess> {
  const [file, ...args] = pinned(core, command);
  // A group of its own, since both peers start processes that outlive a killed parent.
  const env = { ...process.env, PATH: `${dirname(command[0])}:${process.env.PATH}` };
  const child = spawn(file, args, { cwd, env, stdio: 'ignore', detached: true });
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline && child.exitCode === null) {
    const isReady = await fetch(ready).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return child;
    await sleep(200);
  }
  throw new Error(`${command.join(' ')} does not answer at ${ready} (see requirements.txt).`);
}

function stopOf(child: ChildProcess): () => Promise<void> {
  return async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    process.kill(-(child.pid as number), 'SIGKILL');
    await ended;
  };
}

export const mlserverVariants = {
  /** As it is installed: its runtime for scikit-learn, the model in one worker process. */
  defaults: {
    server: {},
    model: { implementation: 'mlserver_sklearn.SKLearnModel', parameters: { uri: './model.joblib' } },
  },
  /** Everything that makes it faster: ONNX Runtime, no worker process to hop to, no debug, no compression, no metrics. */
  fast: {
    server: { parallel_workers: 0, debug: false, gzip_enabled: false, metrics_endpoint: null },
    model: { implementation: 'onnx_model.OnnxModel', parameters: { uri: './model.onnx' } },
  },
  /** The same with adaptive batching. */
  batching: {
    server: { parallel_workers: 0, debug: false, gzip_enabled: false, metrics_endpoint: null },
    model: {
      implementation: 'onnx_model.OnnxModel',
      parameters: { uri: './model.onnx' },
      max_batch_size: 32,
      max_batch_time: 0.001,
    },
  },
};

/** Starts MLServer with the model in one of its settings. */
export async function startMlserver(
  core: number,
  { folder }: SharedModel,
  variant: keyof typeof mlserverVariants,
): Promise<Peer> {
  const [http, grpc, metrics] = [await freePort(), await freePort(), await freePort()];
  const { server, model } = mlserverVariants[variant];
  const home = join(folder, variant);
  mkdirSync(home, { recursive: true });
  for (const file of ['model.joblib', 'model.onnx'])
    writeFileSync(join(home, file), readFileSync(join(folder, file)));
  writeFileSync(join(home, 'onnx_model.py'), readFileSync(here('onnx_model.py')));
  const settings = { host: '127.0.0.1', http_port: http, grpc_port: grpc, metrics_port: metrics, ...server };
  writeFileSync(join(home, 'settings.json'), JSON.stringify(settings));
  writeFileSync(join(home, 'model-settings.json'), JSON.stringify({ name: 'm', ...model }));
  const command = [join(dirname(benchPython), 'mlserver'), 'start', home];
  const child = await start(core, command, home, `http://127.0.0.1:${http}/v2/models/m/ready`);
  return {
    pid: child.pid as number,
    url: `http://127.0.0.1:${http}/v2/models/m/infer`,
    grpc: `127.0.0.1:${grpc}`,
    stop: stopOf(child),
  };
}

/** Starts `mlflow models serve` with the same model; one worker, since it has one core. */
export async function startMlflow(core: number, { folder }: SharedModel): Promise<Peer> {
  const port = await freePort();
  const model = join(folder, 'mlflow');
  const options = ['--env-manager', 'local', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'];
  const command = [join(dirname(trainer), 'mlflow'), 'models', 'serve', '-m', model, ...options];
  const child = await start(core, command, folder, `http://127.0.0.1:${port}/ping`);
  return {
    pid: child.pid as number,
    url: `http://127.0.0.1:${port}/invocations`,
    grpc: '',
    stop: stopOf(child),
  };
}
