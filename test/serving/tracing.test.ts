import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { encodeMessage } from './grpc-client.ts';
import { logisticModel } from './models.ts';

const question = { inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] };
let count = 0;
const newTraceId = () => (++count).toString(16).padStart(32, '1');
const callerSpan = 'b7ad6b7169203331';
const parent = (traceId: string, flags = '01') => `00-${traceId}-${callerSpan}-${flags}`;

type SpanView = {
  id: string;
  parentId: string | null;
  name: string;
};
type TraceView = { id: string; state: string; name: string; spans: SpanView[] };

async function register(houston: TestHouston, name: string, spec: Record<string, unknown> = {}) {
  await fetch(`${houston.url}/api/registry/models/${name}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: Buffer.from(logisticModel({ weights: [1, -1] })),
  });
  await houston.client.put(`/api/serving/deployments/${name}`, { model: name, ...spec });
  await houston.client.post(`/api/serving/deployments/${name}/deploy`, { model: name });
}

const post = (houston: TestHouston, path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(houston.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

type Columns = {
  names: string[];
  id: string[];
  name: number[];
  parent: number[];
};

/** A trace once `of` has it whole: with a span of this name. */
async function traceOf(of: TestHouston, traceId: string, name: string): Promise<TraceView> {
  return eventually(async () => {
    const response = await fetch(`${of.url}/api/experiments/traces/tr-${traceId}`);
    expect(response.status).toBe(200);
    const { columns, ...trace } = (await response.json()) as TraceView & { columns: Columns };
    const spans = columns.id.map((id, i) => ({
      id,
      name: columns.names[columns.name[i]],
      parentId: columns.parent[i] < 0 ? null : columns.id[columns.parent[i]],
    }));
    expect(spans.map((span) => span.name)).toContain(name);
    return { ...trace, spans };
  });
}

/** The parent that a span names, whether it is in the trace or not. */
async function parentOf(of: TestHouston, traceId: string, span: string): Promise<string | null> {
  return (
    await of.client.get<{ parent: string | null }>(`/api/experiments/traces/tr-${traceId}/spans/${span}`)
  ).parent;
}

describe('traces of predictions', () => {
  let collector: TestHouston;
  let houston: TestHouston;
  beforeAll(async () => {
    collector = await startTestHouston();
    houston = await startTestHouston({
      otlpEndpoint: collector.url,
      traceSample: 0,
      upstreams: [collector.url],
    });
    await register(houston, 'm');
    await register(collector, 'there');
  });
  afterAll(async () => {
    await houston?.end();
    await collector?.end();
  });

  const spanName = {
    infer: 'POST /v2/models/:model/infer',
    grpc: 'inference.GRPCInferenceService/ModelInfer',
  };

  it.each([
    ['REST, by the fast lane', '/v2/models/m/infer', question, {}, spanName.infer],
    ['REST, by the long way', '/v2/models/m/infer', question, { cookie: 'a=b' }, spanName.infer],
    ['KServe v1', '/v1/models/m:predict', { instances: [[1, 2]] }, {}, 'POST /v1/models/:call'],
    [
      'MLflow',
      '/deployments/m/invocations',
      { inputs: [[1, 2]] },
      {},
      'POST /deployments/:model/invocations',
    ],
  ])("continue their callers' over %s", async (_door, path, body, headers, name) => {
    const traceId = newTraceId();
    const response = await post(houston, path, body, { ...headers, traceparent: parent(traceId) });
    expect([response.status, await response.text()][0]).toBe(200);
    const server = /^00-(\w{32})-(\w{16})-01$/.exec(response.headers.get('traceresponse') ?? '');
    expect(server?.[1]).toBe(traceId);
    for (const keeper of [houston, collector]) {
      const { spans, state } = await traceOf(keeper, traceId, name);
      const [root] = spans.filter((span) => span.name === name);
      expect(root.id).toBe(server?.[2]);
      expect(await parentOf(keeper, traceId, root.id)).toBe(callerSpan);
      const children = spans.filter((span) => span.parentId === root.id).map((span) => span.name);
      expect(children.sort()).toEqual(['houston.features', 'houston.record', 'houston.run']);
      expect(state).toBe('OK');
    }
  });

  it('show each model of a graph that ran, and which of its branches', async () => {
    await register(houston, 'n');
    const graph = {
      nodes: {
        m: { model: 'm' },
        n: { model: 'n' },
        pick: { switch: [{ when: 'features[0] > 5', use: 'n' }], default: 'm' },
      },
    };
    await houston.client.post('/api/serving/deployments/graphed/deploy', { graph });
    const traceId = newTraceId();
    await post(houston, '/v2/models/graphed/infer', question, { traceparent: parent(traceId) });
    const { spans } = await traceOf(houston, traceId, 'pick');
    const [run] = spans.filter((span) => span.name === 'houston.run');
    const attributesOf = async (id: string) =>
      JSON.stringify(await houston.client.get(`/api/experiments/traces/tr-${traceId}/spans/${id}`));
    const [model] = spans.filter((span) => span.name === 'm');
    expect(await attributesOf(model.id)).toContain('"houston.node.kind":"model"');
    expect(await attributesOf(run.id)).toContain('pick=m');
  });

  it("continue their callers' over gRPC", async () => {
    const traceId = newTraceId();
    const client = new Client(houston.grpc ?? '', credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('traceparent', parent(traceId));
    const request = encodeMessage('ModelInferRequest', {
      model_name: 'm',
      inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 2], contents: { fp32_contents: [1, 2] } }],
    });
    const bytes = (buffer: Buffer) => buffer;
    const path = '/inference.GRPCInferenceService/ModelInfer';
    await new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, bytes, bytes, request, metadata, (error, reply) =>
        error ? reject(error) : resolve(reply),
      );
    });
    client.close();
    const { spans } = await traceOf(collector, traceId, spanName.grpc);
    const root = spans.find(({ name }) => name === spanName.grpc)!;
    expect(await parentOf(collector, traceId, root.id)).toBe(callerSpan);
  });

  it('are found from their predictions, and say what was predicted', async () => {
    const traceId = newTraceId();
    const response = await post(houston, '/v2/models/m/infer', question, { traceparent: parent(traceId) });
    const { id } = (await response.json()) as { id: string };
    const { spans } = await traceOf(houston, traceId, spanName.infer);
    const found = await houston.client.get<{ trace: string }>(`/api/serving/predictions/${id}/trace`);
    expect(found.trace).toBe(`tr-${traceId}`);
    const server = spans.find(({ name }) => name === spanName.infer)!;
    const span = await houston.client.get<{ attributes: Record<string, unknown> }>(
      `/api/experiments/traces/tr-${traceId}/spans/${server.id}`,
    );
    expect(span.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/v2/models/:model/infer',
      'http.response.status_code': 200,
      'houston.prediction.id': id,
      'houston.deployment': 'm',
      'houston.model.version': 1,
      'houston.arm': 'champion',
      'houston.rows': 1,
    });
  });

  it('go on at an upstream, whose spans are children of the call', async () => {
    await register(houston, 'far', {
      runtime: { upstream: { url: collector.url, protocol: 'open-inference', model: 'there' } },
    });
    const traceId = newTraceId();
    const sent = await post(houston, '/v2/models/far/infer', question, {
      traceparent: parent(traceId),
      tracestate: 'vendor=1',
    });
    expect(sent.status).toBe(200);
    // The collector runs the model too, so it has both sides of the call in one trace.
    await traceOf(collector, traceId, 'POST');
    const { spans } = await traceOf(collector, traceId, 'houston.run');
    const call = spans.find(({ name }) => name === 'POST')!;
    const there = spans.filter(({ name }) => name === spanName.infer);
    const parents = await Promise.all(there.map(({ id }) => parentOf(collector, traceId, id)));
    expect(parents.sort()).toEqual([call.id, callerSpan].sort());
  });

  it('show the nodes of a graph below its run', async () => {
    await houston.client.put('/api/serving/deployments/graph', {
      graph: {
        nodes: {
          forward: { model: 'm' },
          backward: { model: 'm' },
          way: { switch: [{ when: '"features[0]" > 0', use: 'forward' }], default: 'backward' },
        },
      },
    });
    await houston.client.post('/api/serving/deployments/graph/deploy', {});
    const traceId = newTraceId();
    const answer = await post(houston, '/v2/models/graph/infer', question, { traceparent: parent(traceId) });
    expect(answer.status).toBe(200);
    const { spans } = await traceOf(houston, traceId, 'way');
    const run = spans.find(({ name }) => name === 'houston.run')!;
    const nodes = spans.filter(({ parentId }) => parentId === run.id).map(({ name }) => name);
    // The way that was not taken has none.
    expect(nodes.sort()).toEqual(['forward', 'way']);
  });

  it('of callers that do not sample are not recorded', async () => {
    const traceId = newTraceId();
    const response = await post(houston, '/v2/models/m/infer', question, {
      traceparent: parent(traceId, '00'),
    });
    expect([response.status, response.headers.get('traceresponse')]).toEqual([200, null]);
    await post(houston, '/v2/models/m/infer', question, { traceparent: parent(newTraceId()) });
    await traceOf(houston, count.toString(16).padStart(32, '1'), spanName.infer);
    expect((await fetch(`${houston.url}/api/experiments/traces/tr-${traceId}`)).status).toBe(404);
  });

  it('of failures say so', async () => {
    const traceId = newTraceId();
    const wrong = { inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 3], data: [1, 2, 3] }] };
    const response = await post(houston, '/v2/models/m/infer', wrong, { traceparent: parent(traceId) });
    expect(response.status).toBe(400);
    const { items } = await houston.client.get<{ items: { code: string; examples: { trace: string }[] }[] }>(
      '/api/serving/deployments/m/failures',
    );
    const refused = items.find(({ code }) => code === 'serving.request.invalid');
    expect(refused?.examples[0].trace).toBe(`tr-${traceId}`);
  });
});

describe('a collector in trouble', () => {
  let collector: Server;
  let answers: number[];
  let bodies: number;
  beforeAll(async () => {
    answers = [];
    bodies = 0;
    collector = createServer((request, response) => {
      request.resume();
      request.on('end', () => {
        bodies++;
        const status = answers.shift() ?? 200;
        response.writeHead(status, status === 503 ? { 'retry-after': '0' } : {}).end();
      });
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => collector.once('listening', resolve));
  });
  afterAll(() => void collector.close().closeAllConnections());

  const metric = async (houston: TestHouston, name: string) => {
    const text = await (await fetch(`${houston.url}/metrics`)).text();
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
  };

  it('is asked again when it says so, given up otherwise, and never waited for', async () => {
    const { port } = collector.address() as AddressInfo;
    const houston = await startTestHouston({ otlpEndpoint: `http://127.0.0.1:${port}`, traceSample: 1 });
    try {
      await register(houston, 'm');
      answers = [503, 200];
      expect((await post(houston, '/v2/models/m/infer', question)).status).toBe(200);
      await expect.poll(() => metric(houston, 'houston_trace_spans_exported_total')).toBe(4);
      expect(await metric(houston, 'houston_trace_export_retries_total')).toBe(1);
      expect(bodies).toBe(2);
      answers = [400];
      await post(houston, '/v2/models/m/infer', question);
      await expect.poll(() => metric(houston, 'houston_trace_spans_dropped_total')).toBe(4);
      expect(await metric(houston, 'houston_trace_spans_exported_total')).toBe(4);
      expect(await metric(houston, 'houston_traces_recorded_total')).toBe(2);
    } finally {
      await houston.end();
    }
  });
});
