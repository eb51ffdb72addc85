import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listEvents, why } from '../../src/platform/ledger/index.ts';
import { hourAndNumber } from './feature-service.ts';
import { failingModel, logisticModel } from './models.ts';
import { createTestRegistry, type ServingServer, startServing } from './serving-server.ts';

const chance = (row: readonly number[], weights: readonly number[], bias = 0) =>
  1 / (1 + Math.exp(-bias - row.reduce((sum, value, i) => sum + value * weights[i], 0)));
const ahead = [1, 0.5];
const behind = [-1, 0.25];

let server: ServingServer;
const deployments = '/api/serving/deployments';
beforeAll(async () => {
  server = await startServing({ features: hourAndNumber });
  await server.registry.add(server.platform, 'ahead', logisticModel({ weights: ahead }));
  await server.registry.add(server.platform, 'behind', logisticModel({ weights: behind }));
  await server.registry.add(server.platform, 'brittle', failingModel(2));
});
afterAll(() => server.close());

const routed = {
  nodes: {
    forward: { model: 'ahead' },
    backward: { model: 'behind:1' },
    way: { switch: [{ when: '"features[0]" > 0', use: 'forward' }], default: 'backward' },
  },
};

async function deploy(name: string, graph: unknown, spec: Record<string, unknown> = {}) {
  await server.call('PUT', `${deployments}/${name}`, { graph, ...spec });
  return server.call('POST', `${deployments}/${name}/deploy`, {});
}

describe('a graph as a deployment', () => {
  test('answers at the doors like a model, and each row goes its own way', async () => {
    const { status, body } = await deploy('routed', routed);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      state: 'promoted',
      challenger: {
        model: 'graph:routed',
        version: 1,
        models: [{ node: 'forward', model: 'ahead', version: 1 }, { node: 'backward' }],
      },
    });
    const rows = [
      [1, 2],
      [-1, 2],
      [0.5, -1],
      [-3, 0],
    ];
    const answer = await server.infer('routed', rows, { id: 'both' });
    expect(answer.status).toBe(200);
    const [{ name, datatype, shape, data }] = answer.body.outputs;
    expect([name, datatype, shape]).toEqual(['probability', 'FP32', [4, 1]]);
    for (const [i, row] of rows.entries())
      expect(data[i]).toBeCloseTo(chance(row, row[0] > 0 ? ahead : behind), 5);

    const metadata = await server.call('GET', '/v2/models/routed');
    expect(metadata.body).toMatchObject({
      platform: 'ensemble',
      inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 2] }],
      outputs: [{ name: 'probability', datatype: 'FP32', shape: [-1, 1] }],
      properties: { graph: 'forward=ahead:1 backward=behind:1' },
    });
    const v1 = await server.call('POST', '/v1/models/routed:predict', {
      instances: [
        [1, 2],
        [-1, 2],
      ],
    });
    expect(v1.body.predictions).toHaveLength(2);
    const invoked = await server.call('POST', '/deployments/routed/invocations', {
      dataframe_split: { columns: ['features[0]', 'features[1]'], data: [[1, 2]] },
    });
    expect(invoked.body.predictions[0]).toBeCloseTo(chance([1, 2], ahead), 5);
  });

  test('is recorded with the way of each row, and its nodes can be looked into', async () => {
    const forward = await server.call('GET', '/api/serving/predictions/both:0');
    expect(forward.body).toMatchObject({ path: 'way=forward', version: 1, model: 'graph:routed' });
    expect((await server.call('GET', '/api/serving/predictions/both:1')).body.path).toBe('way=backward');
    const { status, body } = await server.call('GET', '/api/serving/predictions/both:1/graph');
    expect(status).toBe(200);
    const [ran, idle, way] = ['backward', 'forward', 'way'].map((name) =>
      body.nodes.find((one: { name: string }) => one.name === name),
    );
    expect(ran).toMatchObject({ ran: true, failed: false });
    expect(ran.outputs.probability[0]).toBeCloseTo(chance([-1, 2], behind), 5);
    expect(idle).toMatchObject({ ran: false, outputs: {} });
    expect(way.branch).toBe('backward');
    expect(body.drawing.edges).toContainEqual({
      from: 'forward',
      to: 'way',
      kind: 'branch',
      label: '"features[0]" > 0',
    });
  });

  test('counts what ran in its nodes', async () => {
    const { body } = await server.call('GET', `${deployments}/routed/graphs`);
    const [{ traffic, arm }] = body.items;
    expect(arm).toBe('champion');
    const of = (name: string) => traffic.find((one: { name: string }) => one.name === name);
    expect(of('forward')).toMatchObject({ rows: 4, runs: 3, placement: 'inline' });
    expect(of('backward').rows).toBe(3);
    expect(of('way').branches).toEqual([
      { to: 'forward', rows: 4, share: 4 / 7 },
      { to: 'backward', rows: 3, share: 3 / 7 },
    ]);
    expect(of('forward').p50Ms).toBeGreaterThan(0);
  });

  test('is explained as one function', async () => {
    await server.infer(
      'routed',
      Array.from({ length: 30 }, (_, i) => [i / 10 - 1.5, 0.1 * i]),
    );
    const rowsOf = async () =>
      (await server.call('GET', `${deployments}/routed/graphs`)).body.items[0].traffic.map(
        (one: { rows: number }) => one.rows,
      );
    const before = await rowsOf();
    const { status, body } = await server.call('POST', '/api/serving/predictions/both:0/explanation', {});
    expect(status).toBe(200);
    expect(body).toMatchObject({ method: 'exact', model: 'graph:routed' });
    expect(body.output).toBeCloseTo(chance([1, 2], ahead), 5);
    expect(Math.abs(body.sum.difference)).toBeLessThan(1e-9);
    // What nobody has asked for is not counted as traffic.
    expect(await rowsOf()).toEqual(before);
  });

  test('names every model version in it to whoever asks why', async () => {
    const { body } = await server.call('GET', '/api/serving/predictions/both:0/why');
    const subjects = body.graph.nodes.map(({ event }: { event: { subject: string } }) => event.subject);
    expect(subjects).toEqual(expect.arrayContaining(['model:ahead/1', 'model:behind/1']));
    const graph = await why(server.scope, 'deployment:routed');
    expect(graph.nodes.map(({ event }) => event.type)).toContain('serving.revision.created');
    const [made] = await listEvents(server.scope, { types: ['serving.revision.created'], limit: 1 });
    expect(made.data.models).toMatchObject({ forward: { model: 'ahead', version: 1 } });
    expect(server.registry.aliases.size).toBe(0);
  });
});

describe('the declaration of a graph', () => {
  const plan = (graph: unknown) =>
    server.call('POST', '/api/declarations/plan', { deployments: { planned: { graph } } });

  test('is planned and applied, and exported as it was declared', async () => {
    const declared = { deployments: { declared: { graph: routed } } };
    expect((await server.call('POST', '/api/declarations/plan', declared)).body.changes).toHaveLength(1);
    expect((await server.call('POST', '/api/declarations/apply', declared)).status).toBe(200);
    expect((await server.call('POST', '/api/declarations/plan', declared)).body.changes).toEqual([]);
    const exported = await server.call('GET', '/api/declarations');
    expect(exported.body.deployments.declared.graph).toEqual(routed);
    await expect.poll(async () => (await server.call('GET', '/v2/models/declared/ready')).status).toBe(200);
  });

  test.each([
    [
      'a circle',
      { nodes: { a: { transform: { x: 'b' } }, b: { transform: { x: 'a' } } } },
      /a → b → a|b → a → b/,
    ],
    [
      'a node that is none',
      { nodes: { a: { ensemble: 'mean', of: ['b'] } } },
      /"a" reads "b", which is no node/,
    ],
    ['two kinds', { nodes: { a: { model: 'ahead', ensemble: 'mean' } } }, /exactly one of/],
    ['a wrong field', { nodes: { a: { model: 'ahead', weights: [1] } } }, /cannot have "weights"/],
    [
      'a node that leads nowhere',
      { nodes: { a: { model: 'ahead' }, b: { model: 'behind' } }, output: 'a' },
      /"b" leads nowhere/,
    ],
    ['two ends', { nodes: { a: { model: 'ahead' }, b: { model: 'behind' } } }, /not clear which one answers/],
    [
      'an expression',
      { nodes: { a: { model: 'ahead' }, b: { transform: { x: 'a +' } } } },
      /Node "b": .*ends too early/,
    ],
    [
      'a skipped reply',
      { nodes: { a: { model: 'ahead', onError: 'skip' } } },
      /may be skipped, but the reply needs it/,
    ],
    ['a bad reference', { nodes: { a: { model: 'no such:model:x' } } }, /Node "a" names the model/],
    [
      'no default',
      { nodes: { a: { model: 'ahead' }, s: { switch: [{ when: 'true', use: 'a' }] } } },
      /no condition holds/,
    ],
    [
      'too many nodes',
      { nodes: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`n${i}`, { model: 'ahead' }])) },
      /33 nodes; 32 are the most/,
    ],
  ])('with %s is refused at the plan, with the node and the next step', async (_, graph, message) => {
    const { status, body } = await plan(graph);
    expect(status).toBe(422);
    expect(body.error).toMatchObject({
      code: 'serving.graph.invalid',
      message: expect.stringMatching(message),
    });
    expect(body.error.message).toMatch(/^deployments\.planned: /);
    expect(body.error.next.length).toBeGreaterThan(10);
  });

  test('with an unknown field is refused by its schema', async () => {
    const { status, body } = await plan({ nodes: { a: { model: 'ahead', colour: 'red' } } });
    expect([status, body.error.code]).toEqual([400, 'platform.declaration.invalid']);
    expect(body.error.message).toContain('graph.nodes.a');
  });

  test('with a model and a graph, or neither, is refused', async () => {
    expect(
      (await server.call('PUT', `${deployments}/both`, { model: 'ahead', graph: routed })).body.error.message,
    ).toMatch(/not both/);
    expect((await server.call('PUT', `${deployments}/both`, {})).body.error.message).toMatch(
      /needs a model or a graph/,
    );
  });
});

describe('a deploy refuses what does not fit, and changes nothing', () => {
  test.each([
    ['a missing model', { nodes: { a: { model: 'nobody' } } }, /Node "a" names nobody/],
    [
      'a field nobody sends',
      { nodes: { a: { model: 'ahead' }, b: { transform: { x: 'a * amount' } } } },
      /reads "amount", which is no node, feature or field/,
    ],
    [
      'a width',
      { nodes: { a: { model: 'ahead' }, b: { model: 'behind', inputs: { features: ['a'] } } } },
      /takes 2 values a row .* gets 1/,
    ],
    ['an input', { nodes: { a: { model: 'ahead', inputs: { rows: 'features' } } } }, /has no input "rows"/],
    [
      'a condition',
      { nodes: { a: { model: 'ahead' }, s: { switch: [{ when: 'a', use: 'a' }], default: 'a' } } },
      /not true or false/,
    ],
    [
      'a type',
      { nodes: { a: { model: 'ahead' }, b: { transform: { x: "a || 'x'" } } } },
      /cannot be applied/,
    ],
    [
      'a default of another output',
      { nodes: { a: { model: 'ahead', onError: { default: { score: 1 } } } } },
      /names the output "score"/,
    ],
  ])('%s', async (_, graph, message) => {
    const { status, body } = await deploy('refused', graph);
    expect(status).toBe(422);
    expect(body.error.code).toBe('serving.graph.invalid');
    expect(body.error.message).toMatch(message);
    expect((await server.call('GET', '/v2/models/refused/ready')).status).not.toBe(200);
  });

  test('and the check shows it with the drawing before', async () => {
    const check = (graph: unknown) => server.call('POST', '/api/serving/graphs/check', { graph });
    const good = await check(routed);
    expect(good.body).toMatchObject({
      errors: [],
      drawing: { nodes: [{ name: 'forward', model: 'ahead', version: 1 }, {}, {}] },
    });
    const bad = await check({ nodes: { a: { model: 'nobody' } } });
    expect(bad.body.errors).toEqual([
      { node: 'a', message: expect.stringContaining('nobody'), next: expect.any(String) },
    ]);
    const odd = await check({ nodes: { a: { model: 1 } } });
    expect(odd.body.errors[0].node).toBe('a');
  });
});

describe('nodes that fail', () => {
  const pair = (onError: unknown) => ({
    nodes: {
      sure: { model: 'ahead' },
      brittle: { model: 'brittle', onError },
      mean: { ensemble: 'mean', of: ['sure', 'brittle'] },
    },
  });

  test('are left out of an ensemble, for the rows where they fail', async () => {
    expect((await deploy('skips', pair('skip'))).status).toBe(200);
    const rows = [
      [0, 1],
      [5, 1],
      [0, 2],
      [7, 0],
    ];
    const { status, body } = await server.infer('skips', rows, { id: 'skipped' });
    expect(status).toBe(200);
    rows.forEach((row, i) => {
      const sure = chance(row, ahead);
      expect(body.outputs[0].data[i]).toBeCloseTo(row[0] >= 1 ? sure : (sure + 0.5) / 2, 5);
    });
    expect((await server.call('GET', '/api/serving/predictions/skipped:1')).body.path).toBe('!brittle');
    expect((await server.call('GET', '/api/serving/predictions/skipped:0')).body.path).toBeNull();
    const { traffic } = (await server.call('GET', `${deployments}/skips/graphs`)).body.items[0];
    expect(traffic.find((one: { name: string }) => one.name === 'brittle').failedRows).toBe(2);
  });

  test('give their default', async () => {
    expect((await deploy('defaults', pair({ default: { probability: 0.25 } }))).status).toBe(200);
    const { body } = await server.infer('defaults', [[5, 1]]);
    expect(body.outputs[0].data[0]).toBeCloseTo((chance([5, 1], ahead) + 0.25) / 2, 5);
  });

  test('fail the request otherwise, which goes to the fallback', async () => {
    expect((await deploy('fails', pair('fail'))).status).toBe(200);
    const failed = await server.infer('fails', [[5, 1]]);
    expect(failed.status).toBe(500);
    expect(failed.body.error).toContain('Node "brittle" of the graph gave no answer');
    await deploy('rescued', pair('fail'), { fallback: 'behind' });
    const { status, body } = await server.infer('rescued', [[5, 1]]);
    expect(status).toBe(200);
    expect(body.outputs[0].data[0]).toBeCloseTo(chance([5, 1], behind), 5);
  });
});

describe('a graph behind a feature service', () => {
  const graph = {
    nodes: {
      first: { model: 'ahead' },
      second: { model: 'behind', inputs: { features: ['features.x', 'hour'] } },
      pick: {
        switch: [
          { when: "request.date >= timestamp '2002-01-01'", use: 'second' },
          { when: 'late and hour > 20', use: 'second.probability' },
        ],
        default: 'first',
        inputs: { late: 'rules.late' },
      },
      rules: { transform: { late: 'request.x > 100', group: "case when x > 5 then 'high' else 'low' end" } },
      final: {
        transform: {
          score: { clip: 'pick', low: 0.1, high: 0.9 },
          calibrated: { calibrate: 'pick', slope: 2 },
        },
      },
    },
    outputs: { probability: { of: 'final.score', datatype: 'FP32', column: true }, group: 'rules.group' },
  };
  const ask = (x: number[], date: string[], id: string) =>
    server.call('POST', '/v2/models/featured/infer', {
      id,
      inputs: [
        { name: 'x', datatype: 'FP64', shape: [x.length], data: x },
        { name: 'date', datatype: 'BYTES', shape: [x.length], data: date },
      ],
    });

  test('reads features, fields of the request, and nodes', async () => {
    const { body: rollout } = await deploy('featured', graph, { features: 'svc' });
    expect(rollout).toMatchObject({ state: 'promoted' });
    const x = [0.05, 6, 200, 0.02];
    const date = ['2001-01-01T03:00:00', '2002-05-01T03:00:00', '2001-01-01T22:00:00', '2001-01-01T22:00:00'];
    const { body } = await ask(x, date, 'timed');
    const [probability, group] = body.outputs;
    expect([probability.datatype, probability.shape]).toEqual(['FP32', [4, 1]]);
    const clip = (value: number) => Math.min(0.9, Math.max(0.1, value));
    const expected = [
      chance([3, 0.05], ahead),
      chance([6, 3], behind),
      chance([200, 22], behind),
      chance([22, 0.02], ahead),
    ];
    for (const [i, value] of expected.entries()) expect(probability.data[i]).toBeCloseTo(clip(value), 5);
    expect(group.data).toEqual(['low', 'high', 'high', 'low']);
    const alone = await ask([200], ['2001-01-01T22:00:00'], 'alone');
    expect(alone.body.outputs[0].data[0]).toBe(probability.data[2]);
  });

  test('can be looked into by the recorded row', async () => {
    const { body } = await server.call('GET', '/api/serving/predictions/timed:2/graph');
    expect(body.path).toBe('pick=second.probability');
    const of = (name: string) => body.nodes.find((one: { name: string }) => one.name === name);
    expect(of('rules').outputs).toEqual({ late: [true], group: ['high'] });
    expect(of('first').ran).toBe(false);
    expect(of('second').outputs.probability[0]).toBeCloseTo(chance([200, 22], behind), 5);
  });

  test('is explained with what is no feature held as it was', async () => {
    await ask(
      Array.from({ length: 24 }, (_, i) => i / 4),
      Array.from({ length: 24 }, (_, i) => `2001-03-01T${String(i).padStart(2, '0')}:00:00`),
      'past',
    );
    // All that is scored for it has its date, so the branch of that date: `second` takes [x, hour].
    const late = await ask([0.02], ['2002-05-02T01:00:00'], 'explained');
    const { status, body } = await server.call('POST', '/api/serving/predictions/explained/explanation', {});
    expect([status, body.error]).toEqual([200, undefined]);
    expect(body.output).toBeCloseTo(late.body.outputs[0].data[0], 6);
    expect(body.features.map(({ name }: { name: string }) => name)).toEqual(['hour', 'x']);
    expect(body.features[0].contribution).toBeLessThan(0);
    const rowAt = (date: string) => ({ row: { x: 0.02, date }, eventTime: date });
    const requested = await server.call(
      'POST',
      `${deployments}/featured/explain`,
      rowAt('2002-05-02T01:00:00'),
    );
    expect(requested.body.output).toBeCloseTo(body.output, 6);
    const early = await server.call('POST', `${deployments}/featured/explain`, rowAt('2001-05-02T01:00:00'));
    expect(early.body.output).not.toBeCloseTo(body.output, 2);
  });

  test('shows callers what they send', async () => {
    const { body } = await server.call('GET', '/v2/models/featured');
    expect(body.inputs.map(({ name }: { name: string }) => name)).toEqual(['date', 'x']);
    expect(body.outputs).toEqual([
      { name: 'probability', datatype: 'FP32', shape: [-1, 1] },
      { name: 'group', datatype: 'BYTES', shape: [-1] },
    ]);
  });
});

describe('rollouts', () => {
  test('from a model to a graph, and from a graph to a graph', async () => {
    await server.call('PUT', `${deployments}/moving`, { model: 'ahead', rollout: { strategy: 'canary' } });
    await server.call('POST', `${deployments}/moving/deploy`, {});
    expect(server.registry.aliases.get('ahead@champion')).toBe(1);
    const mean = {
      nodes: {
        a: { model: 'ahead' },
        b: { model: 'behind' },
        m: { ensemble: 'mean', of: ['a', 'b'], weights: [3, 1] },
      },
    };
    const shadow = await server.call('POST', `${deployments}/moving/deploy`, { graph: mean });
    expect(shadow.body).toMatchObject({ state: 'shadow', challenger: { version: 2, model: 'graph:moving' } });
    for (let i = 0; i < 5; i++) await server.infer('moving', [[i / 5, 1]], { id: `m${i}` });
    await expect
      .poll(
        async () =>
          (await server.call('GET', `/api/serving/rollouts/${shadow.body.id}`)).body.evidence.requests.paired,
      )
      .toBe(5);
    const again = await server.call('POST', `${deployments}/moving/deploy`, { graph: mean });
    expect(again.body.id).toBe(shadow.body.id);
    await server.call('POST', `/api/serving/rollouts/${shadow.body.id}/promote`, { reason: 'good' });
    const { body } = await server.infer('moving', [[1, 1]]);
    expect(body.model_version).toBe('2');
    expect(body.outputs[0].data[0]).toBeCloseTo((3 * chance([1, 1], ahead) + chance([1, 1], behind)) / 4, 5);

    const other = await server.call('POST', `${deployments}/moving/deploy`, {
      graph: { ...mean, nodes: { ...mean.nodes, m: { ensemble: 'max', of: ['a', 'b'] } } },
    });
    expect(other.body).toMatchObject({ state: 'shadow', challenger: { version: 3 } });
    await server.call('POST', `/api/serving/rollouts/${other.body.id}/promote`, { reason: 'better' });
    await server.call('POST', `${deployments}/moving/rollback`, { reason: 'odd' });
    expect((await server.infer('moving', [[1, 1]])).body.model_version).toBe('2');
  });

  test('an alias that moved makes another revision at the next deploy only', async () => {
    await server.registry.add(server.platform, 'aliased', logisticModel({ weights: ahead }));
    server.registry.aliases.set('aliased@prod', 1);
    const graph = { nodes: { only: { model: 'aliased@prod' } } };
    const first = await deploy('by-alias', graph, { rollout: { strategy: 'immediate' } });
    await server.registry.add(server.platform, 'aliased', logisticModel({ weights: behind }));
    server.registry.aliases.set('aliased@prod', 2);
    expect((await server.infer('by-alias', [[1, 1]])).body.outputs[0].data[0]).toBeCloseTo(
      chance([1, 1], ahead),
      5,
    );
    const second = await server.call('POST', `${deployments}/by-alias/deploy`, {});
    expect(second.body.challenger.id).not.toBe(first.body.challenger.id);
    expect(second.body.challenger).toMatchObject({ version: 2, models: [{ version: 2 }] });
    expect((await server.infer('by-alias', [[1, 1]])).body.outputs[0].data[0]).toBeCloseTo(
      chance([1, 1], behind),
      5,
    );
  });

  test('refuse a graph that callers would notice', async () => {
    await deploy('kept', { nodes: { a: { model: 'ahead' } } });
    const other = await server.call('POST', `${deployments}/kept/deploy`, {
      graph: {
        inputs: { amount: 'number' },
        nodes: { a: { model: 'ahead' }, b: { transform: { probability: 'a * amount' } } },
      },
    });
    expect(other.status).toBe(422);
    expect(other.body.error.message).toContain('needs the input "amount"');
  });

  test('refuse a graph with a model that its gate has refused', async () => {
    server.registry.verdicts.set('behind:1', {
      id: 'v',
      decision: 'no-go',
      checks: [{ name: 'auc', decision: 'fail' }],
    });
    const refused = await deploy('gated', routed);
    server.registry.verdicts.delete('behind:1');
    expect(refused.body.error).toMatchObject({
      code: 'serving.gate.refused',
      message: 'The gate of behind:1 says no: auc.',
    });
  });
});

test('a restart restores a graph, and what its models are does not change with their aliases', async () => {
  const registry = createTestRegistry();
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-graphs-'));
  const first = await startServing({ registry, dataDir });
  await registry.add(first.platform, 'a', logisticModel({ weights: ahead }));
  await registry.add(first.platform, 'b', logisticModel({ weights: behind }));
  registry.aliases.set('a@prod', 1);
  const graph = {
    nodes: { a: { model: 'a@prod' }, b: { model: 'b' }, m: { ensemble: 'max', of: ['a', 'b'] } },
  };
  await first.call('PUT', `${deployments}/restored`, { graph });
  const { body } = await first.call('POST', `${deployments}/restored/deploy`, {});
  const before = await first.infer('restored', [
    [1, 1],
    [-2, 1],
  ]);
  await first.close();
  registry.aliases.delete('a@prod');
  const second = await startServing({ registry, dataDir });
  const after = await second.infer('restored', [
    [1, 1],
    [-2, 1],
  ]);
  expect(after.body.outputs).toEqual(before.body.outputs);
  const found = await second.call('GET', `${deployments}/restored`);
  expect(found.body.champion).toEqual(body.challenger);
  expect(found.body.residency.bytes).toBeGreaterThan(1024 * 1024);
  await second.close();
  rmSync(dataDir, { recursive: true });
});
