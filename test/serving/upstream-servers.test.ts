import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { startTestHouston } from '../houston.ts';
import { clientVersion, runProgram } from '../mlflow/python-client.ts';
import { pythonOf } from '../python.ts';
import { logisticModel } from './models.ts';
import { startServing } from './serving-server.ts';

const minutes = 240_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test.skipIf(clientVersion === null)(
  'a model of plain Python answers through mlflow models serve',
  async () => {
    const port = await freePort();
    const houston = await startTestHouston({ upstreams: [`http://127.0.0.1:${port}`] });
    const program = join('..', 'serving', 'mlflow_upstream.py');
    expect(await runProgram(program, houston.url, {}, [String(port)])).toContain('mlflow_upstream: done');
    await houston.end();
  },
  minutes,
);

const runtime = `
import numpy
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse

class Logistic(MLModel):
    async def load(self):
        return True

    async def predict(self, payload):
        rows = NumpyCodec.decode_input(payload.inputs[0])
        scores = 1 / (1 + numpy.exp(-(rows @ numpy.array([1.0, 2.0]))))
        output = NumpyCodec.encode_output("probability", scores.astype("float32").reshape(-1, 1))
        return InferenceResponse(model_name=self.name, outputs=[output])
`;

/** A real MLServer with a model of the user's own. */
async function startMlserver(python: string): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'houston-mlserver-'));
  const [http, grpc, metrics] = [await freePort(), await freePort(), await freePort()];
  const write = (name: string, value: string | object) =>
    writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
  write('logistic.py', runtime);
  write('settings.json', {
    host: '127.0.0.1',
    http_port: http,
    grpc_port: grpc,
    metrics_port: metrics,
    parallel_workers: 0,
  });
  write('model-settings.json', {
    name: 'logistic',
    implementation: 'logistic.Logistic',
    inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 2] }],
    outputs: [{ name: 'probability', datatype: 'FP32', shape: [-1, 1] }],
  });
  const child: ChildProcess = spawn(join(dirname(python), 'mlserver'), ['start', folder], {
    cwd: folder,
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${http}`;
  await expect
    .poll(
      () =>
        fetch(`${url}/v2/models/logistic/ready`)
          .then(({ status }) => status)
          .catch(() => 0),
      {
        timeout: 120_000,
        interval: 300,
      },
    )
    .toBe(200);
  return {
    url,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const mlserver = pythonOf('mlserver');
test.skipIf(!mlserver.has('mlserver'))(
  'a model of MLServer answers, and a model here answers when it is killed',
  async () => {
    const remote = await startMlserver(mlserver.path);
    const here = await startServing({ upstreams: [remote.url] });
    await here.registry.add(here.platform, 'logistic', logisticModel({ weights: [1, 2] }));
    const upstream = { url: remote.url, protocol: 'open-inference' };
    const spec = { model: 'logistic', runtime: { upstream }, fallback: 'logistic:1' };
    await here.call('PUT', '/api/serving/deployments/logistic', spec);
    await here.call('POST', '/api/serving/deployments/logistic/deploy', {});
    const rows = [
      [1, -1],
      [0.5, 0.25],
    ];
    const answered = await here.infer('logistic', rows);
    expect(answered.body.parameters.arm).toBe('champion');
    await remote.stop();
    const rescued = await here.infer('logistic', rows);
    expect(rescued.body.parameters.arm).toBe('fallback');
    const [a, b] = [answered.body.outputs[0].data, rescued.body.outputs[0].data];
    expect(a).toHaveLength(2);
    for (let i = 0; i < 2; i++) expect(a[i]).toBeCloseTo(b[i], 6);
    await here.close();
  },
  minutes,
);
