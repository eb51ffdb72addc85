import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { rows } from '../../src/protocols/prometheus/grafana/panels.ts';
import { eventually } from '../eventually.ts';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { pythonOf } from '../python.ts';
import { type HeldModel, startHeldModel } from './held-model.ts';
import { failingModel, logisticModel } from './models.ts';

const { path: python, has } = pythonOf('mlserver');
const hasParser = has('prometheus_client.parser');

let houston: TestHouston;
let held: HeldModel;
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
  const declared = { model: name, ...spec };
  await houston.client.put(`/api/serving/deployments/${name}`, declared);
  return houston.client.post<{ state: string }>(`/api/serving/deployments/${name}/deploy`, {
    model: declared.model,
  });
};

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
type Resources = {
  now: { workers: number; modelBytes: number; residentBytes: number };
  models: { deployment: string; bytes: number }[];
  points: { cpu: number; residentBytes: number }[];
};
const history = async () =>
  (await houston.client.get<History>('/api/serving/deployments/busy/history')).points;
const resources = () => houston.client.get<Resources>('/api/serving/resources');
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

/** Sixteen callers of a model that runs one and lets four wait: it answers when the others have been refused. */
async function crowd(held: HeldModel): Promise<void> {
  held.hold();
  let refused = 0;
  const replies = Array.from({ length: 16 }, async () => {
    const { status } = await ask('busy', [1], 1);
    if (status === 503) refused++;
    return status;
  });
  await eventually(() => expect(refused).toBe(11));
  held.release();
  expect((await Promise.all(replies)).filter((status) => status === 200)).toHaveLength(5);
}

beforeAll(async () => {
  held = await startHeldModel();
  // Nobody listens there: what is said of the export is of one that fails.
  const otlpEndpoint = 'http://127.0.0.1:9';
  houston = await startTestHouston({ otlpEndpoint, traceSample: 0.5, upstreams: [held.url] });
  await register('m', logisticModel({ weights: [1, -1] }));
  await deploy('m', { rollout: { shadowRequests: 1000, timeoutMinutes: 60 } });
  await register('busy', logisticModel({ weights: [1] }));
  await deploy('busy', { limits: { maxConcurrent: 1, maxQueue: 4 }, runtime: held.runtime });
  await register('large', logisticModel({ weights: [1, -1], burn: 4 }));
  await deploy('large', { runtime: { placement: 'worker' } });
  await register('shaky', failingModel(2));
  await deploy('shaky');
  await register('known', logisticModel({ weights: [1, -1] }));
  await deploy('known', { cache: true });
  for (let i = 0; i < 2; i++) expect((await ask('known', [1, 2])).status).toBe(200);
  await deploy('routed', {
    model: undefined,
    graph: {
      nodes: {
        usual: { model: 'known' },
        other: { model: 'known' },
        way: { switch: [{ when: '"features[0]" > 1', use: 'other' }], default: 'usual' },
      },
    },
  });
  expect((await ask('routed', [1, 2, 3, 4, 0, 0])).status).toBe(200);
  await register('m', logisticModel({ weights: [1, -1.1] }));
  expect((await deploy('m')).state).toBe('shadow');
  for (let i = 0; i < 20; i++) expect((await ask('m', [1, 2, 3, 4])).status).toBe(200);
  await crowd(held);
  expect((await ask('shaky', [3, 0])).status).toBe(500);
  expect((await ask('m', [1, 2, 3], 3)).status).toBe(400);
  // The histories look every five seconds.
  await eventually(async () => {
    expect(sum((await history()).map(({ requests }) => requests))).toBe(5);
    expect((await resources()).points.length).toBeGreaterThan(0);
  });
});
afterAll(async () => {
  await houston?.end();
  held?.close();
});

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
      'houston_graph_node_seconds',
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
    expect(value(/rejected_total{deployment="busy",reason="queue-full"} (\d+)/)).toBe(11);
    expect(value(/houston_inference_queue_seconds_count{deployment="busy"} (\d+)/)).toBe(4);
    const node = (metric: string, labels: string) =>
      value(
        new RegExp(
          `houston_graph_${metric}{deployment="routed",version="1",revision="\\w+",${labels}} (\\d+)`,
        ),
      );
    expect(node('node_rows_total', 'node="usual"')).toBe(2);
    expect(node('node_rows_total', 'node="other"')).toBe(1);
    expect(node('branch_rows_total', 'node="way",branch="usual"')).toBe(2);
    expect(node('node_seconds_count', 'node="usual"')).toBe(1);
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
  it('is the course of requests, with latency, queue and refusals', async () => {
    const points = await history();
    const total = (of: 'requests' | 'refused' | 'waited') => sum(points.map((point) => point[of]));
    expect([total('requests'), total('refused'), total('waited')]).toEqual([5, 11, 4]);
    expect(sum(points.flatMap((point) => Object.values(point.latency)))).toBe(5);
    expect(Math.max(...points.map((point) => point.waiting))).toBe(4);
    const past = await houston.client.get<History>(
      '/api/serving/deployments/busy/history?from=2001-01-01T00:00:00Z&to=2001-01-01T01:00:00Z',
    );
    expect(past.points).toEqual([]);
    const wrong = await fetch(`${houston.url}/api/serving/deployments/busy/history?from=yesterday`);
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
    expect((await of('busy')).map(({ code }) => code)).toEqual(['serving.request.overloaded']);
  });

  it('is what the process and its models use', async () => {
    const { now, models, points } = await resources();
    expect(now.workers).toBe(1);
    expect(sum(models.map(({ bytes }) => bytes))).toBe(now.modelBytes);
    expect(models[0].deployment).toBe('large');
    expect(points.length).toBeGreaterThan(0);
    expect(points[0].residentBytes).toBeGreaterThan(10_000_000);
  });
});
