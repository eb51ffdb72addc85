import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { send } from '../mlflow/send.ts';

/** Addresses that a caller gives are labels: the server never asks them anything. */
describe('requests that a caller would have the server make', () => {
  let houston: TestHouston;
  let bait: Server;
  const asked: string[] = [];
  let baits: string[];
  const api = '/api/2.0/mlflow';
  const post = (path: string, body: object) =>
    send(houston.url, 'POST', `${api}/${path}`, JSON.stringify(body));
  beforeAll(async () => {
    houston = await startTestHouston();
    bait = createServer((request, reply) => {
      asked.push(request.url ?? '');
      reply.end('{}');
    });
    await new Promise<void>((resolve) => bait.listen(0, '127.0.0.1', resolve));
    const { port } = bait.address() as AddressInfo;
    baits = [
      `http://127.0.0.1:${port}/x`,
      `http://localhost:${port}/x`,
      `http://2130706433:${port}/x`,
      `http://[::ffff:127.0.0.1]:${port}/x`,
      `http://user:pass@127.0.0.1:${port}/x`,
      `mlflow-artifacts://127.0.0.1:${port}/x`,
      `ftp://127.0.0.1:${port}/x`,
      `s3://127.0.0.1:${port}/x`,
      `hdfs://127.0.0.1:${port}/x`,
      'http://169.254.169.254/latest/meta-data/',
      'file:///etc/passwd',
      'gopher://127.0.0.1:1/_x',
    ];
  });
  afterAll(async () => {
    bait.close();
    await houston.end();
  });

  it('are not made for locations of experiments and their runs', async () => {
    for (const [i, location] of baits.entries()) {
      const made = await post('experiments/create', { name: `e${i}`, artifact_location: location });
      expect([location, made.status < 500]).toEqual([location, true]);
      if (made.status !== 200) continue;
      const { experiment_id } = made.json as { experiment_id: string };
      const { json } = await post('runs/create', { experiment_id });
      const { run_id } = (json as { run: { info: { run_id: string } } }).run.info;
      for (const path of [
        `${api}/artifacts/list?run_id=${run_id}`,
        `/get-artifact?run_id=${run_id}&path=f`,
        `/api/experiments/runs/${run_id}/artifact?path=f`,
      ]) {
        const reply = await send(houston.url, 'GET', path);
        expect([path, reply.status < 500]).toEqual([path, true]);
        expect(reply.body).not.toContain('root:');
      }
    }
    expect(asked).toEqual([]);
  });

  it('are not made for sources of model versions, nor when their files are read', async () => {
    await post('registered-models/create', { name: 'm' });
    for (const source of baits) {
      const tags = [{ key: 'mlflow.prompt.is_prompt', value: 'true' }];
      for (const extra of [{}, { tags }, { run_link: source }]) {
        const made = await post('model-versions/create', { name: 'm', source, ...extra });
        expect([source, made.status < 500]).toEqual([source, true]);
        if (made.status !== 200) continue;
        const { version } = (made.json as { model_version: { version: string } }).model_version;
        for (const path of [
          `${api}/model-versions/get-download-uri?name=m&version=${version}`,
          `/model-versions/get-artifact?name=m&version=${version}&path=f`,
          `/api/registry/models/m/versions/${version}/model`,
        ]) {
          const reply = await send(houston.url, 'GET', path);
          expect([source, path, reply.status < 500]).toEqual([source, path, true]);
          expect(reply.body).not.toContain('root:');
        }
      }
    }
    expect(asked).toEqual([]);
  });

  it('are not made for sources of datasets, tags and params', async () => {
    const { json } = await post('runs/create', { experiment_id: '0' });
    const { run_id } = (json as { run: { info: { run_id: string } } }).run.info;
    for (const [i, source] of baits.entries()) {
      const dataset = {
        name: `d${i}`,
        digest: `${i}`,
        source_type: 'http',
        source: JSON.stringify({ url: source }),
      };
      expect((await post('runs/log-inputs', { run_id, datasets: [{ dataset }] })).status).toBe(200);
      await post('runs/set-tag', { run_id, key: 'mlflow.source.name', value: source });
      await post('runs/log-parameter', { run_id, key: `p${i}`, value: source });
    }
    await send(houston.url, 'GET', `${api}/runs/get?run_id=${run_id}`);
    await post('experiments/search-datasets', { experiment_ids: ['0'] });
    expect(asked).toEqual([]);
  });
});
