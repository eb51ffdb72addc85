import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExplanationReplyBody } from '../../src/domains/serving/explanations/explanation.contract.ts';
import { createRandom } from '../../src/math/random.ts';
import { exactShapley } from '../../src/math/shapley/exact.ts';
import { interventionalGame } from '../../src/math/shapley/game.ts';
import { hourAndNumber as features } from './feature-service.ts';
import { echoModel, failingModel, logisticModel } from './models.ts';
import { type ServingServer, startServing } from './serving-server.ts';

const weights = [0.8, -1.2, 0, 0.4];
const bias = -0.3;
const chance = (row: readonly number[]) =>
  1 / (1 + Math.exp(-bias - row.reduce((sum, value, i) => sum + value * weights[i], 0)));

/** Rows as float32, which is what the log keeps. */
function drawRows(count: number, width: number, seed: number): number[][] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: width }, () => Math.fround(random.normal())),
  );
}

let server: ServingServer;
beforeAll(async () => {
  server = await startServing();
});
afterAll(() => server.close());

async function deploy(name: string, model: Uint8Array, spec: Record<string, unknown> = {}) {
  await server.registry.add(server.platform, name, model);
  await server.call('PUT', `/api/serving/deployments/${name}`, { model: name, ...spec });
  expect((await server.call('POST', `/api/serving/deployments/${name}/deploy`, {})).status).toBe(200);
}

/** Asks until it is there. */
async function explained(path: string, body: Record<string, unknown> = {}) {
  for (;;) {
    const answer = await server.call('POST', path, body);
    if (answer.status !== 202) return answer;
    expect(answer.body).toMatchObject({ state: 'running' });
  }
}
const byId = (id: string, body?: Record<string, unknown>) =>
  explained(`/api/serving/predictions/${id}/explanation`, body);

describe('an explanation of a logistic model', () => {
  const rows = drawRows(60, 4, 1);
  // The third feature does nothing, and the last one never varies.
  for (const row of rows) row[3] = 1;
  const others = rows.slice(0, -1);
  const means = weights.map((_, i) => others.reduce((sum, row) => sum + row[i], 0) / others.length);
  const x = rows[59];
  beforeAll(async () => {
    await deploy('credit', logisticModel({ weights, bias }), {
      reasons: { 'features[1]': 'Debt is high for the income' },
    });
    await server.infer('credit', others, { id: 'past' });
    await server.infer('credit', [x], { id: 'last' });
  });

  test('has the closed form on the scale of log-odds', async () => {
    const { status, body } = await byId('last', { link: 'logit' });
    expect(status).toBe(200);
    const done = body as ExplanationReplyBody;
    expect(done).toMatchObject({
      method: 'exact',
      exact: true,
      link: 'logit',
      prediction: 'last',
      version: 1,
    });
    done.features.forEach(({ contribution, standardError }, i) => {
      expect(contribution).toBeCloseTo(weights[i] * (x[i] - means[i]), 5);
      expect(standardError).toBe(0);
    });
    expect(done.features[3].contribution).toBe(0);
    expect(Math.abs(done.sum.difference)).toBeLessThan(1e-9);
    expect(done.background).toMatchObject({ rows: 59, of: 59 });
  });

  test('is the exact Shapley value of the probability, with reasons in order', async () => {
    const { body } = await byId('last');
    const done = body as ExplanationReplyBody;
    const game = interventionalGame(
      async (flat, count) =>
        Float64Array.from({ length: count }, (_, i) => chance([...flat.subarray(4 * i, 4 * i + 4)])),
      x,
      others.flat(),
    );
    const exact = await exactShapley(game);
    expect(game.columns).toEqual([0, 1, 2]);
    game.columns.forEach((column, i) => {
      expect(done.features[column].contribution).toBeCloseTo(exact.values[i], 6);
    });
    expect(done.base + done.sum.contributions).toBeCloseTo(done.output, 9);
    expect(done.output).toBeCloseTo(chance(x), 6);
    expect(done.recordedScore).toBe(done.score);
    const sizes = done.reasons.map(({ contribution }) => Math.abs(contribution));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(done.reasons.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    const debt = done.reasons.find(({ feature }) => feature === 'features[1]');
    expect(debt?.text).toBe('Debt is high for the income');
    expect(debt?.direction).toBe((debt?.contribution ?? 0) > 0 ? 'raises' : 'lowers');
    expect(debt?.sentence).toMatch(
      /^features\[1\] = \S+ (raises|lowers) the score by \S+ \(\d+ % of all effects\); usual is \S+\.$/,
    );
  });

  test('is kept, and another setting is another one', async () => {
    const first = await byId('last', { seed: 5, background: 20 });
    const second = await byId('last', { seed: 5, background: 20 });
    expect([first.body.cached, second.body.cached]).toEqual([false, true]);
    expect(second.body.features).toEqual(first.body.features);
    const other = await byId('last', { seed: 6, background: 20 });
    expect(other.body).toMatchObject({ cached: false, background: { rows: 20 } });
    expect(other.body.base).not.toBe(first.body.base);
  });

  test('later requests do not change it', async () => {
    const before = await byId('past:40', { background: 30, seed: 9 });
    await server.infer('credit', drawRows(40, 4, 77), { id: 'later' });
    const again = await byId('past:40', { background: 30, seed: 9, timeLimitMs: 29_000 });
    expect(again.body.cached).toBe(false);
    expect(again.body.features).toEqual(before.body.features);
  });

  test('is the same for a row that was never sent, which stays out of the log', async () => {
    const path = '/api/serving/deployments/credit/explain';
    const { status, body } = await explained(path, { row: { features: x }, link: 'logit', background: 1000 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ prediction: null, recordedScore: null });
    expect(body.score).toBeCloseTo(chance(x), 6);
    const all = await server.call('GET', '/api/serving/deployments/credit/predictions?limit=500');
    expect(all.body.items).toHaveLength(100);
    const wrong = async (request: unknown) => (await server.call('POST', path, request)).body.error;
    expect(await wrong({ row: { features: [1, 2] } })).toMatchObject({ code: 'serving.request.invalid' });
    expect(await wrong({ row: { other: 1 } })).toMatchObject({ code: 'serving.request.invalid' });
    expect(await wrong({ row: { features: ['a', 1, 2, 3] } })).toMatchObject({
      code: 'serving.request.invalid',
    });
    expect(await wrong({ row: {} })).toMatchObject({ code: 'serving.request.invalid' });
    expect(await wrong({ row: { features: x }, version: 9 })).toMatchObject({
      code: 'serving.version.not_served',
    });
    expect(await wrong({ row: { features: x }, eventTime: 'noon' })).toMatchObject({
      code: 'platform.input.invalid',
    });
    const nowhere = await server.call('POST', '/api/serving/deployments/none/explain', { row: {} });
    expect(nowhere.status).toBe(404);
  });

  test('explains the revision that answered, also after the next one took over', async () => {
    const before = await byId('last', { background: 50 });
    await server.registry.add(server.platform, 'credit', logisticModel({ weights: [5, 5, 5, 5] }));
    await server.registry.add(server.platform, 'credit', logisticModel({ weights: [4, 5, 5, 5] }));
    const spec = { model: 'credit', rollout: { strategy: 'immediate' } };
    await server.call('PUT', '/api/serving/deployments/credit', spec);
    for (const model of ['credit:2', 'credit:3']) {
      const { body } = await server.call('POST', '/api/serving/deployments/credit/deploy', { model });
      expect(body.state).toBe('promoted');
    }
    const after = await byId('last', { background: 50, timeLimitMs: 28_000 });
    expect(after.body).toMatchObject({ version: 1, cached: false, features: before.body.features });
    const path = '/api/serving/deployments/credit/explain';
    const old = await explained(path, { row: { features: x }, version: 1 });
    expect(old.body).toMatchObject({ version: 1, score: after.body.score });
    expect(after.body.reasons.every(({ text }: { text: string | null }) => text === null)).toBe(true);
  });
});

describe('a wide model', () => {
  const rows = drawRows(120, 30, 3);
  const wide = Array.from({ length: 30 }, (_, i) => ((i % 7) - 3) / 4);
  beforeAll(async () => {
    await deploy('wide', logisticModel({ weights: wide }));
    await server.infer('wide', rows, { id: 'w' });
  });

  test('is sampled: near the truth, as near as it says, and adding up', async () => {
    const settings = { link: 'logit', background: 50, budget: 40_000 };
    for (const method of ['auto', 'kernel']) {
      const { status, body } = await byId('w:119', { ...settings, method });
      expect(status).toBe(200);
      const done = body as ExplanationReplyBody;
      expect(done.method).toBe(method === 'auto' ? 'permutation' : 'kernel');
      expect(done.exact).toBe(false);
      expect(Math.abs(done.sum.difference)).toBeLessThan(1e-9);
      // Additive on this scale: what sampling leaves is rounding.
      const effect = Math.max(...done.features.map(({ contribution }) => Math.abs(contribution)));
      for (const { standardError } of done.features) expect(standardError).toBeLessThan(effect / 1000);
      expect(done.modelRows).toBeLessThan(45_000);
    }
  });

  test('has errors where the scale is not additive', async () => {
    const few = await byId('w:119', { background: 50, budget: 20_000 });
    const many = await byId('w:119', { background: 50, budget: 300_000, timeLimitMs: 60_000 });
    const errors = (body: ExplanationReplyBody) =>
      Math.hypot(...body.features.map(({ standardError }) => standardError));
    expect(errors(few.body)).toBeGreaterThan(errors(many.body));
    few.body.features.forEach(
      ({ contribution, standardError }: ExplanationReplyBody['features'][number], i: number) => {
        const other = many.body.features[i];
        expect(Math.abs(contribution - other.contribution)).toBeLessThan(
          6 * Math.hypot(standardError, other.standardError) + 1e-9,
        );
      },
    );
  });

  test('exact is refused where there are too many coalitions', async () => {
    const { status, body } = await byId('w:119', { method: 'exact' });
    expect(status).toBe(400);
    expect(body.error.code).toBe('serving.explanation.settings_invalid');
  });

  test('leaves the model time for requests', async () => {
    let done = false;
    const asked = byId('w:3', { budget: 2_000_000, timeLimitMs: 3000 }).finally(() => {
      done = true;
    });
    let answered = 0;
    let worst = 0;
    while (!done) {
      const before = process.cpuUsage();
      expect((await server.infer('wide', [rows[0]])).status).toBe(200);
      worst = Math.max(worst, process.cpuUsage(before).user / 1000);
      answered++;
    }
    expect((await asked).status).toBe(200);
    expect(answered).toBeGreaterThan(5);
    // Work done while a request waits: runs of a few milliseconds, on a slow machine too.
    expect(worst).toBeLessThan(1000);
  });
});

describe('what cannot be explained', () => {
  const code = async (answer: ReturnType<typeof byId>) => {
    const { status, body } = await answer;
    return [status, body.error?.code, typeof body.error?.next];
  };

  test('an unknown prediction, one that failed, and one without company', async () => {
    await deploy('failing', failingModel(1));
    expect(await code(byId('nobody'))).toEqual([404, 'serving.prediction.not_found', 'string']);
    await server.infer('failing', [[0]], { id: 'alone' });
    expect(await code(byId('alone'))).toEqual([422, 'serving.explanation.no_background', 'string']);
    await server.infer('failing', [[2]], { id: 'broken' });
    expect(await code(byId('broken'))).toEqual([422, 'serving.explanation.no_score', 'string']);
  });

  test('a model of texts, and a vector that was too wide to record', async () => {
    const bytes = echoModel(
      { word: ['string', ['N']], size: ['float', ['N', 1]] },
      { word: 'echo', size: 'score' },
    );
    await deploy('texts', bytes);
    const inputs = Array.from({ length: 12 }, (_, i) => ({
      id: `t${i}`,
      inputs: [
        { name: 'word', datatype: 'BYTES', shape: [1], data: ['a'] },
        { name: 'size', datatype: 'FP32', shape: [1, 1], data: [i] },
      ],
    }));
    for (const request of inputs) {
      expect((await server.call('POST', '/v2/models/texts/infer', request)).status).toBe(200);
    }
    expect(await code(byId('t5'))).toEqual([422, 'serving.explanation.unsupported', 'string']);
    await deploy('huge', logisticModel({ weights: new Array(2100).fill(0.001) }));
    await server.infer('huge', [new Array(2100).fill(1)], { id: 'huge' });
    expect(await code(byId('huge'))).toEqual([422, 'serving.explanation.not_recorded', 'string']);
  });

  test('log-odds of what is no probability, and settings out of range', async () => {
    const several = echoModel({ a: ['float', ['N', 1]], n: ['int64', ['N', 1]] }, { a: 'score', n: 'count' });
    await deploy('several', several);
    for (let i = 0; i < 12; i++) {
      await server.call('POST', '/v2/models/several/infer', {
        id: `s${i}`,
        inputs: [
          { name: 'a', datatype: 'FP32', shape: [1, 1], data: [i] },
          { name: 'n', datatype: 'INT64', shape: [1, 1], data: [2 * i] },
        ],
      });
    }
    expect(await code(byId('s5', { link: 'logit' }))).toEqual([
      400,
      'serving.explanation.settings_invalid',
      'string',
    ]);
    const { body } = await byId('s5');
    expect(body.features.map(({ name }: { name: string }) => name)).toEqual(['a', 'n']);
    expect(body.features[0].contribution).toBeCloseTo(5 - 61 / 11, 6);
    expect(body.features[1].contribution).toBeCloseTo(0, 9);
    expect((await byId('s5', { background: 3 })).status).toBe(400);
    expect((await byId('s5', { unknown: 1 })).status).toBe(400);
  });

  test('what does not fit its time, unless sampling can stop early', async () => {
    await deploy('slow', logisticModel({ weights: new Array(10).fill(0.5), burn: 4 }), {
      runtime: { placement: 'worker' },
    });
    await server.infer('slow', drawRows(40, 10, 5), { id: 'slow' });
    const limit = { method: 'exact', background: 30, timeLimitMs: 100 };
    expect(await code(byId('slow:1', limit))).toEqual([422, 'serving.explanation.timeout', 'string']);
    const { status, body } = await byId('slow:1', { background: 10, budget: 10_000_000, timeLimitMs: 8000 });
    expect(status).toBe(200);
    // All of its budget would take many minutes.
    expect(body.elapsedMs).toBeLessThan(60_000);
  });
});

describe('a deployment with a feature service', () => {
  test('is explained by its features, also for a row that was never sent', async () => {
    const own = await startServing({ features });
    try {
      await own.registry.add(own.platform, 'm', logisticModel({ weights: [0.1, -1] }), 'svc@aaaaaaaaaaaa');
      await own.call('POST', '/api/serving/deployments/m/deploy', { model: 'm' });
      const ask = (id: string, hour: number, x: number) =>
        own.call('POST', '/v2/models/m/infer', {
          id,
          parameters: { event_time: Date.UTC(2001, 0, 1, hour) },
          inputs: [{ name: 'x', datatype: 'FP64', shape: [1], data: [x] }],
        });
      for (let i = 0; i < 20; i++) expect((await ask(`p${i}`, i, i / 10)).status).toBe(200);
      const path = '/api/serving/deployments/m/explain';
      const row = { row: { x: 2 }, eventTime: '2001-01-05T12:00:00Z', link: 'logit' };
      const { status, body } = await own.call('POST', path, row);
      expect(status).toBe(200);
      expect(body.features).toMatchObject([
        { name: 'hour', value: 12, usual: 9.5 },
        { name: 'x', value: 2, usual: 0.949999988079071 },
      ]);
      expect(body.features[0].contribution).toBeCloseTo(0.1 * (12 - 9.5), 5);
      expect(body.features[1].contribution).toBeCloseTo(-(2 - 0.95), 5);
      const recorded = await own.call('POST', '/api/serving/predictions/p12/explanation', { link: 'logit' });
      expect(recorded.body.features.map(({ name }: { name: string }) => name)).toEqual(['hour', 'x']);
      const missing = await own.call('POST', path, { row: {} });
      expect(missing.body.error).toMatchObject({ code: 'serving.request.invalid' });
    } finally {
      await own.close();
    }
  });
});

describe('a model on another server', () => {
  test('is asked only with leave, and then gives the same', async () => {
    await deploy('there', logisticModel({ weights: [1, 2] }));
    const here = await startServing({ upstreams: [server.url] });
    try {
      await here.registry.add(here.platform, 'm', logisticModel({ weights: [1, 2] }));
      const upstream = { url: server.url, protocol: 'open-inference', model: 'there' };
      await here.call('POST', '/api/serving/deployments/m/deploy', { upstream });
      await here.infer('m', drawRows(20, 2, 8), { id: 'far' });
      const path = '/api/serving/predictions/far:3/explanation';
      const refused = await here.call('POST', path, {});
      expect([refused.status, refused.body.error.code]).toEqual([409, 'serving.explanation.upstream_calls']);
      expect(refused.body.error.message).toContain('about 76 rows');
      const { status, body } = await here.call('POST', path, { upstream: true });
      expect(status).toBe(200);
      expect(body.method).toBe('exact');
      expect(Math.abs(body.sum.difference)).toBeLessThan(1e-9);
    } finally {
      await here.close();
    }
  });
});
