import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestHouston, type TestHouston } from '../houston.ts';

/** What a pickle holds that runs a command when it is loaded. */
const bomb = (command: string) => `cos\nsystem\n(S'${command}'\ntR.`;

const kinds: [flavor: string, file: string, description: (command: string) => string][] = [
  [
    'sklearn',
    'model.pkl',
    () => 'flavors:\n  sklearn: {pickled_model: model.pkl, serialization_format: cloudpickle}',
  ],
  [
    'python_function',
    'python_model.pkl',
    () => 'flavors:\n  python_function: {loader_module: mlflow.pyfunc.model, python_model: python_model.pkl}',
  ],
  [
    'a loader module',
    'data/x.py',
    (command) =>
      `flavors:\n  python_function: {loader_module: "os", data: "${command}", code: data, env: {virtualenv: "; ${command}"}}`,
  ],
  ['pytorch', 'data/model.pth', () => 'flavors:\n  pytorch: {model_data: data, pytorch_version: "2.9"}'],
  ['keras', 'data/model.keras', () => 'flavors:\n  tensorflow: {data: data, model_type: keras}'],
  ['an onnx that is a pickle', 'model.onnx', () => 'flavors:\n  onnx: {data: model.onnx}'],
  [
    'YAML that makes objects',
    'f',
    (command) =>
      `flavors: !!python/object/apply:os.system ["${command}"]\nx: !!js/function "() => process.exit(1)"`,
  ],
  [
    'YAML that grows',
    'f',
    () =>
      [
        'a0: &a0 x',
        ...Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}]`),
      ].join('\n'),
  ],
];

describe('models that run code when they are loaded', () => {
  const folder = mkdtempSync(join(tmpdir(), 'houston-pickle-'));
  const canary = join(folder, 'canary');
  let houston: TestHouston;
  let authorization: string;
  beforeAll(async () => {
    houston = await startTestHouston({ auth: true });
    const as = { authorization: `Bearer ${houston.firstToken}` };
    const post = (url: string, payload: object) =>
      houston.app.inject({ method: 'POST', url, headers: as, payload });
    await post('/api/auth/users', { id: 'dora', roles: ['developer'] });
    authorization = `Bearer ${(await post('/api/auth/users/dora/tokens', {})).json<{ token: string }>().token}`;
  });
  afterAll(async () => {
    await houston.end();
    rmSync(folder, { recursive: true, force: true });
  });

  const call = (method: 'GET' | 'POST' | 'PUT', url: string, payload?: object | string) =>
    houston.app.inject({
      method,
      url,
      headers: {
        authorization,
        ...(payload !== undefined && {
          'content-type': typeof payload === 'string' ? 'application/octet-stream' : 'application/json',
        }),
      },
      payload,
    });

  it.each(kinds)('are kept and registered, and never loaded: %s', async (flavor, file, description) => {
    const command = `touch ${canary}`;
    const api = '/api/2.0/mlflow';
    const made = await call('POST', `${api}/logged-models`, { experiment_id: '0', name: 'm' });
    const { model_id } = made.json<{ model: { info: { model_id: string } } }>().model.info;
    const root = `/api/2.0/mlflow-artifacts/artifacts/0/models/${model_id}/artifacts`;
    expect((await call('PUT', `${root}/MLmodel`, description(command))).statusCode).toBe(200);
    expect((await call('PUT', `${root}/${file}`, bomb(command))).statusCode).toBe(200);
    const name = flavor.replaceAll(' ', '-');
    await call('POST', `${api}/registered-models/create`, { name });
    const version = await call('POST', `${api}/model-versions/create`, {
      name,
      source: `models:/${model_id}`,
    });
    expect([flavor, version.statusCode < 500]).toEqual([flavor, true]);
    for (const path of [
      `${api}/model-versions/get?name=${name}&version=1`,
      `/model-versions/get-artifact?name=${name}&version=1&path=${file}`,
      `/api/registry/models/${name}/versions/1`,
    ]) {
      expect([path, (await call('GET', path)).statusCode < 500]).toEqual([path, true]);
    }
    const gate = await call('POST', `/api/registry/models/${name}/versions/1/gate`);
    expect(gate.statusCode).toBeLessThan(500);
    const deployed = await call('POST', `/api/serving/deployments/${name}/deploy`, { version: 1 });
    expect(deployed.statusCode).toBeGreaterThanOrEqual(400);
    expect(deployed.statusCode).toBeLessThan(500);
    await houston.platform.jobs.idle();
    await houston.reactors.settled();
    expect(existsSync(canary)).toBe(false);
  });
});
