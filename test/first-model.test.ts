import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  LOGISTIC_REGRESSION_DEFAULTS,
  trainLogisticRegression,
} from '../src/math/learn/logistic-regression.ts';
import { createRandom } from '../src/math/random.ts';
import { logisticRegressionToOnnx } from '../src/platform/onnx/logistic-regression-onnx.ts';
import { createPostgresDatabase, hasPostgres } from './databases.ts';
import { startTestHouston, type TestHouston } from './houston.ts';

const bin = join(import.meta.dirname, '..', 'bin', 'houston.mjs');

/** A small real model of two features; another seed gives other weights. */
function makeModel(seed: number): Uint8Array {
  const random = createRandom(seed);
  const columns = [0, 1].map(() => Float32Array.from({ length: 400 }, () => random.normal()));
  const labels = Uint8Array.from({ length: 400 }, (_, i) => (columns[0][i] + random.normal() > 0 ? 1 : 0));
  const table = { columns, names: ['age', 'income'], labels };
  return logisticRegressionToOnnx(trainLogisticRegression(table, LOGISTIC_REGRESSION_DEFAULTS));
}

/** What a person with a model in hand does, with nothing configured. */
describe.each(hasPostgres ? ['sqlite', 'postgres'] : ['sqlite'])('two commands on %s', (dialect) => {
  const folder = mkdtempSync(join(tmpdir(), 'houston-first-'));
  const file = join(folder, 'model.onnx');
  let houston: TestHouston;
  let database: Awaited<ReturnType<typeof createPostgresDatabase>> | undefined;
  beforeAll(async () => {
    if (dialect === 'postgres') database = await createPostgresDatabase();
    houston = await startTestHouston(database && { database: database.url });
    writeFileSync(file, makeModel(1));
  });
  afterAll(async () => {
    await houston.end();
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const cli = async <T>(...args: string[]): Promise<T> => {
    const env = { ...process.env, HOUSTON_URL: houston.url };
    const { stdout } = await promisify(execFile)(process.execPath, [bin, ...args, '--json'], { env });
    return JSON.parse(stdout) as T;
  };
  const infer = (data: unknown, shape = [1, 2]) =>
    houston.client.post<{ id: string; model_version: string; outputs: { name: string; data: number[] }[] }>(
      '/v2/models/churn/infer',
      { inputs: [{ name: 'features', datatype: 'FP32', shape, data }] },
    );

  it('register and deploy, and it answers', async () => {
    expect(await cli('models', 'register', 'churn', file)).toMatchObject({ model: 'churn', version: 1 });
    expect(await cli<{ state: string }>('deploy', 'churn')).toMatchObject({ state: 'promoted' });
    const reply = await infer([0.5, 1]);
    expect(reply.model_version).toBe('1');
    const scores = reply.outputs.find((output) => output.name === 'probabilities')?.data ?? [];
    expect(scores[0] + scores[1]).toBeCloseTo(1, 5);
    const recorded = await houston.client.get(`/api/serving/predictions/${encodeURIComponent(reply.id)}`);
    expect(recorded).toMatchObject({ id: reply.id, version: 1, deployment: 'churn' });
  });

  it('are checked against the signature', async () => {
    await expect(infer([1, 2, 3], [1, 3])).rejects.toMatchObject({ status: 400 });
    await expect(infer(['a', 'b'])).rejects.toMatchObject({ status: 400 });
    await expect(infer([1, 2], [2, 2])).rejects.toMatchObject({ status: 400 });
  });

  it('are watched, metered and explained without being asked to', async () => {
    await houston.reactors.settled();
    const monitors = await houston.client.get<{ items: { deployment: string }[] }>(
      '/api/monitoring/monitors',
    );
    expect(monitors.items.map((monitor) => monitor.deployment)).toContain('churn');
    expect((await houston.client.download('/metrics')).toString()).toMatch(
      /houston_inference_requests_total\{[^}]*churn/,
    );
    const { graph } = await cli<{ graph: { nodes: { event: { subject: string } }[] } }>(
      'why',
      'deployment:churn',
    );
    expect(graph.nodes.map((node) => node.event.subject)).toContain('model:churn/1');
    expect(await cli('audit', 'verify')).toMatchObject({ ok: true });
  });

  it('bring the next version in behind a gate and a canary, and go back at the next request', async () => {
    writeFileSync(file, makeModel(2));
    expect(await cli('models', 'register', 'churn', file)).toMatchObject({ version: 2 });
    const rollout = await cli<{ id: string; state: string }>('deploy', 'churn:2');
    expect(['shadow', 'canary', 'held']).toContain(rollout.state);
    expect((await infer([0.5, 1])).model_version).toBe('1');
    await houston.client.post(`/api/serving/rollouts/${rollout.id}/promote`, { reason: 'I know what I do' });
    expect((await infer([0.5, 1])).model_version).toBe('2');
    await cli('rollback', 'churn', '--reason', 'changed my mind');
    expect((await infer([0.5, 1])).model_version).toBe('1');
  });

  it('leave nothing behind when the name is wrong', async () => {
    await expect(cli('deploy', 'chrun')).rejects.toMatchObject({ code: 2 });
    const { items } = await houston.client.get<{ items: { name: string }[] }>('/api/serving/deployments');
    expect(items.map((deployment) => deployment.name)).toEqual(['churn']);
    await expect(cli('models', 'register', '__proto__', file)).rejects.toMatchObject({ code: 2 });
  });

  it('say that the port is taken, and end', async () => {
    const port = new URL(houston.url).port;
    const failed = cli('serve', '--port', port, '--data-dir', join(folder, 'other'));
    const { code, stdout } = (await failed.catch((error) => error)) as { code: number; stdout: string };
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({
      code: 2,
      error: { code: 'platform.port.in_use', next: expect.stringContaining('--port') },
    });
  });

  it('say how an address is written', async () => {
    const failed = cli('status', '--url', 'localhost:1969');
    const { stdout } = (await failed.catch((error) => error)) as { stdout: string };
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'client.server.address_invalid' });
  });

  it('refuse what is no model with a next step', async () => {
    writeFileSync(file, 'not a model');
    const failed = cli('models', 'register', 'churn', file);
    await expect(failed).rejects.toMatchObject({ code: 2 });
    const { stdout } = (await failed.catch((error) => error)) as { stdout: string };
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'onnx.file.not_onnx',
      next: expect.stringContaining(' '),
    });
  });
});
