import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { rows } from '../../src/protocols/prometheus/grafana/panels.ts';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { pythonOf } from '../python.ts';
import { failingModel, logisticModel } from './models.ts';

const { path: python, has } = pythonOf('mlserver');
const hasParser = has('prometheus_client.parser');

let houston: TestHouston;
const ask = (name: string, data: number[], width = 2) =>
  fetch(`${houston.url}/v2/models/${name}/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      inputs: [{ name: 'features', datatype: 'FP32', shape: [data.length / width, width], data }],
    }),
  });
const register = async (name: string, bytes: Uint8Array) => {
  const response = await fetch(`${houston.url}/api/registry/models/${name}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: Buffer.from(bytes),
  });
  expect(response.ok).toBe(true);
};
const deploy = async (name: string, spec: Record<string, unknown> = {}) => {
  await houston.client.put(`/api/serving/deployments/${name}`, { model: name, ...spec });
  return houston.client.post<{ state: string }>(`/api/serving/deployments/${name}/deploy`, { model: name });
};

beforeAll(async () => {
  // Nobody listens there: what is said of the export is of one that fails.
  houston = await startTestHouston({ otlpEndpoint: 'http://127.0.0.1:9', traceSample: 0.5 });
  await register('m', logisticModel({ weights: [1, -1] }));
  await deploy('m', { rollout: { shadowRequests: 5, minimumRequests: 1000, timeoutMinutes: 60 } });
  await register('slow', logisticModel({ weights: [1, -1], burn: 4 }));
  await deploy('slow', { limits: { maxConcurrent: 1, maxQueue: 4 }, runtime: { placement: 'worker' } });
  await register('shaky', failingModel(2));
  await deploy('shaky');
  await register('known', logisticModel({ weights: [1, -1] }));
  await deploy('known', { cache: true });
  for (let i = 0; i < 2; i++) expect((await ask('known', [1, 2])).status).toBe(200);
  await register('m', logisticModel({ weights: [1, -1.1] }));
  expect((await deploy('m')).state).toBe('shadow');
  for (let i = 0; i < 20; i++) expect((await ask('m', [1, 2, 3, 4])).status).toBe(200);
  await Promise.all(Array.from({ length: 16 }, () => ask('slow', [1, 2])));
  expect((await ask('shaky', [3, 0])).status).toBe(500);
  expect((await ask('m', [1, 2, 3], 3)).status).toBe(400);
  // The histories look every five seconds.
  await new Promise((resolve) => setTimeout(resolve, 6000));
}, 60_000);
afterAll(() => houston?.end());

describe('metrics', () => {
  const scrape = async () => (await fetch(`${houston.url}/metrics`)).text();

  it.skipIf(!hasParser)("hold before Prometheus' own parser, in Houston's names and Triton's", async () => {
    const names = [
      'houston_inference_requests',
      'houston_inference_request_duration_seconds',
      'houston_inference_queue_seconds',
      'houston_inference_compute_seconds',
      'houston_inference_batch_rows',
      'houston_inference_rows',
      'houston_inference_rejected',
      'houston_route_weight',
      'houston_gate_evalue',
      'houston_shadow_disagreement_ratio',
      'houston_model_loaded_bytes',
      'nv_inference_request_success',
      'nv_inference_request_failure',
      'nv_inference_count',
      'nv_inference_exec_count',
      'nv_inference_request_duration_us',
      'nv_inference_queue_duration_us',
      'nv_inference_compute_input_duration_us',
      'nv_inference_compute_infer_duration_us',
      'nv_inference_compute_output_duration_us',
      'nv_inference_pending_request_count',
      'nv_cpu_utilization',
      'nv_cpu_memory_total_bytes',
      'nv_cpu_memory_used_bytes',
      'process_cpu_seconds',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_p99_seconds',
      'nodejs_gc_duration_seconds',
    ];
    const program = join(import.meta.dirname, 'metrics.py');
    const { stdout, stderr } = spawnSync(python, [program, ...names], {
      input: await scrape(),
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout).toContain('metrics: done');
  });

  it('count what happened', async () => {
    const text = await scrape();
    const value = (pattern: RegExp) => Number(pattern.exec(text)?.[1]);
    const of = (deployment: string, version: number) =>
      `deployment="${deployment}",model="${deployment}",version="${version}",revision="\\w+"`;
    expect(value(new RegExp(`houston_inference_rows_total{${of('m', 1)}} (\\d+)`))).toBe(40);
    expect(value(new RegExp(`duration_seconds_count{${of('m', 1)}} (\\d+)`))).toBe(20);
    expect(value(/nv_inference_request_failure{model="shaky",version="1",reason="BACKEND"} (\d+)/)).toBe(1);
    const refused = value(/rejected_total{deployment="slow",reason="queue-full"} (\d+)/);
    expect(refused).toBeGreaterThan(0);
    expect(value(/houston_inference_queue_seconds_count{deployment="slow"} (\d+)/)).toBeGreaterThan(0);
  });

  it('are all that the dashboard and the alerts ask for', async () => {
    const text = await scrape();
    const known = new Set([...text.matchAll(/^([a-z_]\w*)(?:{| )/gm)].map(([, name]) => name));
    const download = async (path: string) => (await houston.client.download(path)).toString();
    const { groups } = parse(await download('/metrics/alerts.yaml')) as {
      groups: { rules: { expr: string }[] }[];
    };
    const dashboard = JSON.parse(await download('/metrics/grafana.json')) as {
      panels: { type: string; targets?: { expr: string }[] }[];
    };
    const ofDashboard = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(ofDashboard).toHaveLength(
      rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries)).length,
    );
    const queries = [...ofDashboard, ...groups.flatMap((group) => group.rules.map(({ expr }) => expr))];
    const asked = new Set(
      queries.flatMap((query) => query.match(/\b(?:houston|nv|process|nodejs)_\w+/g) ?? []),
    );
    expect(asked.size).toBeGreaterThan(25);
    expect([...asked].filter((name) => !known.has(name))).toEqual([]);
    for (const query of queries) {
      expect(query.split('(').length, query).toBe(query.split(')').length);
      expect(query.split('{').length, query).toBe(query.split('}').length);
    }
  });
});

describe('what operators look at', () => {
  type History = {
    step: number;
    points: {
      requests: number;
      refused: number;
      waited: number;
      waiting: number;
      latency: Record<string, number>;
    }[];
  };
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

  it('is the course of requests, with latency, queue and refusals', async () => {
    const { points } = await houston.client.get<History>('/api/serving/deployments/slow/history');
    const requests = sum(points.map((point) => point.requests));
    expect(requests + sum(points.map((point) => point.refused))).toBe(16);
    expect(sum(points.flatMap((point) => Object.values(point.latency)))).toBe(requests);
    expect(Math.max(...points.map((point) => point.waiting))).toBe(4);
    // At least those that the queue had room for at once; all that ran but the first.
    const waited = sum(points.map((point) => point.waited));
    expect(waited).toBeGreaterThanOrEqual(4);
    expect(waited).toBeLessThan(requests);
    const past = await houston.client.get<History>(
      '/api/serving/deployments/slow/history?from=2001-01-01T00:00:00Z&to=2001-01-01T01:00:00Z',
    );
    expect(past.points).toEqual([]);
    const wrong = await fetch(`${houston.url}/api/serving/deployments/slow/history?from=yesterday`);
    expect(wrong.status).toBe(400);
    expect((await fetch(`${houston.url}/api/serving/deployments/nobody/history`)).status).toBe(404);
  });

  it('is failures with examples, whose predictions can be read', async () => {
    type Failures = {
      items: { code: string; count: number; examples: { id: string | null; door: string }[] }[];
    };
    const of = async (name: string) =>
      (await houston.client.get<Failures>(`/api/serving/deployments/${name}/failures`)).items;
    const [failed] = await of('shaky');
    expect(failed).toMatchObject({ code: 'serving.request.failed', count: 1, examples: [{ door: 'rest' }] });
    const prediction = await houston.client.get<{ error: string }>(
      `/api/serving/predictions/${failed.examples[0].id}`,
    );
    expect(prediction.error).not.toBeNull();
    expect((await of('m')).map(({ code }) => code)).toEqual(['serving.request.invalid']);
    expect((await of('slow')).map(({ code }) => code)).toEqual(['serving.request.overloaded']);
  });

  it('is what the process and its models use', async () => {
    type Resources = {
      now: { workers: number; modelBytes: number; residentBytes: number };
      models: { deployment: string; bytes: number }[];
      points: { cpu: number; residentBytes: number }[];
    };
    const { now, models, points } = await houston.client.get<Resources>('/api/serving/resources');
    expect(now.workers).toBe(1);
    expect(sum(models.map(({ bytes }) => bytes))).toBe(now.modelBytes);
    expect(models[0].deployment).toBe('slow');
    expect(points.length).toBeGreaterThan(0);
    expect(points[0].residentBytes).toBeGreaterThan(10_000_000);
  });
});
