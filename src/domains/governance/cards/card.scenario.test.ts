import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../../test/server.ts';
import type { Platform } from '../../../platform/platform.ts';
import { transact } from '../../../platform/scope.ts';
import { createExperimentsDomain } from '../../experiments/index.ts';
import { createRegistryDomain, type EvaluationRecord } from '../../registry/index.ts';
import { createGovernanceDomain } from '../index.ts';
import type { Card } from './card.contract.ts';
import type { CardSources } from './card.service.ts';

const digest = `sha256:${'d'.repeat(64)}`;
const evil = '<script>alert(1)</script> | *bold* [x](javascript:1)';
const figure = (value: number | null) => ({
  value,
  lower: value && value - 0.01,
  upper: value && value + 0.01,
});
const worse = { value: 0.2, lower: 0.1, upper: 0.3, pValue: 0.001 };
const slice = { column: 'origin', rows: 900, positives: 90, labelRate: 0.1, meanScore: 0.1 };

/** Only what a card reads of it. */
const report = {
  testDigest: digest,
  rows: 4000,
  positives: 800,
  timeFrom: Date.UTC(2001, 0, 24),
  timeTo: Date.UTC(2001, 0, 31),
  candidate: { auc: figure(0.741), logLoss: figure(0.41), brier: figure(0.12), ece: 0.02 },
  versusBaseline: { auc: worse, logLoss: worse, brier: worse },
  versusChampion: null,
  slices: [
    { ...slice, value: 'SFO', auc: figure(0.7), logLoss: figure(0.4), versusChampion: worse },
    { ...slice, value: 'XNA', auc: figure(null), logLoss: figure(0.4), versusChampion: null },
  ],
  importance: [{ feature: 'hour', auc: 0.05, logLoss: 0.01 }],
  latency: { p50: 0.02, p99: 0.09, runs: 1000, loadMs: 5 },
};

/** What data, features and serving would answer. */
const doubles = {
  data: {
    getVersion: async (_scope: unknown, dataset: string, version: number) => ({
      ...{ dataset, version, digest, rows: 5000, bytes: 1, parts: 1, mode: 'append', source: evil },
      ...{ columns: [{ name: 'date', type: 'TIMESTAMP' }], timeFrom: 0, timeTo: 1000 },
      ...{ validation: 'val_1', actor: 'user:local', createdAt: 0 },
    }),
  },
  features: {
    getService: async (_scope: unknown, name: string) => ({
      ...{ name, digest, label: 'late', features: [{ name: 'hour', description: 'Hour | of departure' }] },
      definition: { features: { hour: { expression: 'hour(date)' } } },
    }),
  },
  serving: () => ({
    listDeployments: async () => [{ name: 'full-dep', environment: 'prod', champion: 'rev_2' }],
    listRevisions: async () => [
      { id: 'rev_1', model: 'other', version: 1, createdAt: 0 },
      { id: 'rev_2', model: 'full', version: 1, createdAt: 0 },
    ],
    listRollouts: async () => [
      { id: 'ro_1', challenger: 'rev_2', state: 'promoted', reason: 'it won', endedAt: 5 },
      { id: 'ro_2', challenger: 'rev_1', state: 'aborted', reason: '', endedAt: 5 },
    ],
  }),
} as unknown as Pick<CardSources, 'data' | 'features' | 'serving'>;

function build(platform: Platform) {
  const experiments = createExperimentsDomain(platform);
  const real = createRegistryDomain(platform, { experiments });
  const registry = {
    ...real,
    latestEvaluation: async (_scope: unknown, model: string) =>
      model === 'full'
        ? ({ id: 'eval_1', model, digest, report, createdAt: 0 } as unknown as EvaluationRecord)
        : undefined,
  };
  const governance = createGovernanceDomain(platform, { registry, experiments, ...doubles });
  return { experiments, registry: real, governance };
}

describe('model cards over HTTP', () => {
  let server: TestServer<ReturnType<typeof build>>;
  let service = '';
  const path = (name: string, version: string) => `/api/governance/models/${name}/versions/${version}/card`;
  const get = async (target: string, token?: string) => {
    const headers = token ? { authorization: `Bearer ${token}` } : undefined;
    const response = await fetch(server.url + target, { headers });
    const text = await response.text();
    expect(text).not.toMatch(/\bat .*\.ts:\d+|SQLITE|select .* from/i);
    expect(text).not.toContain(server.platform.config.dataDir);
    return { status: response.status, type: response.headers.get('content-type'), text };
  };

  beforeAll(async () => {
    server = await startTestServer(build);
    const { client, platform, domains } = server;
    await client.post('/api/auth/users', { id: 'app', roles: ['service'] });
    service = (await client.post<{ token: string }>('/api/auth/users/app/tokens', {})).token;
    const run = await client.post<{ id: string }>('/api/experiments/runs', {
      experiment: 'e',
      params: { trees: '120' },
    });
    const blob = await platform.blobs.put(Buffer.from('x'));
    const tensor = { name: 'x', datatype: 'FP32', shape: [-1, 1] };
    const signature = { inputs: [tensor], outputs: [tensor], features: null };
    const format = { irVersion: 8, producer: '', opsets: [], nodes: 0, operators: {} };
    const lineage = {
      experimentRun: run.id,
      pipelineRun: 'run_1',
      dataset: 'flights@3',
      featureService: 'delays@dddddddddddd',
    };
    await transact(platform.systemScope('user:ann'), async (tx) => {
      const given = { digest: blob.digest, signature, format };
      await domains.registry.registerVersion(tx, { model: 'full', ...given, lineage });
      await domains.registry.registerVersion(tx, { model: 'bare', ...given });
    });
    await client.put('/api/registry/models/full', {
      description: evil,
      risk: { probability: 3, impact: 4 },
    });
    await client.put('/api/governance/policies/p', { approvals: { models: ['full'] } });
    const { digest: bytes } = blob;
    await domains.governance.promotionPolicy.requirement(platform.systemScope('user:ann'), {
      ...{ model: 'full', version: 1, digest: bytes, environment: 'prod' },
    });
  });
  afterAll(() => server.close());

  it('says what is on record, each thing from its source', async () => {
    const { status, text } = await get(path('full', '1'));
    expect(status).toBe(200);
    const card = JSON.parse(text) as Card;
    expect(card).toMatchObject({
      model: 'full',
      registeredBy: 'user:ann',
      risk: { score: 12, severity: 'high' },
      data: { dataset: 'flights', version: 3, digest, rows: 5000 },
      features: { label: 'late', features: [{ definition: { expression: 'hour(date)' } }] },
      run: { experiment: 'e', params: { trees: '120' } },
      pipelineRun: 'run_1',
      evaluation: { rows: 4000, figures: { auc: { value: 0.741 } }, timeTo: '2001-01-31T00:00:00.000Z' },
      verdict: null,
      approvals: [{ state: 'pending', policy: 'p', environment: 'prod', requester: 'user:ann' }],
      deployments: [{ deployment: 'full-dep', serves: true, rollouts: [{ id: 'ro_1', state: 'promoted' }] }],
    });
    expect(card.limits.join('\n')).toMatch(/log loss is worse than the champion's: origin=SFO/);
    expect(card.limits.join('\n')).toMatch(/not enough data for an AUC: origin=XNA/);
    expect(card.evidence.map(({ type }) => type)).toContain('registry.version.registered');
  });

  it('writes it as Markdown in which words of people stay words', async () => {
    const { status, type, text } = await get(`${path('full', 'latest')}?format=markdown`);
    expect(status).toBe(200);
    expect(type).toBe('text/markdown; charset=utf-8');
    expect(text).toContain('# full, version 1');
    expect(text).toContain('| auc | 0.741 (0.731 to 0.751) |');
    expect(text).toContain('| origin = XNA | 900 | not enough data |');
    expect(text).not.toContain('<script');
    expect(text).not.toMatch(/[^\\]\[x\]/);
    expect(text.split('\n').filter((line) => line.includes('alert(1)')).length).toBe(2);
  });

  it('says plainly what nobody has recorded', async () => {
    const card = JSON.parse((await get(path('bare', '1'))).text) as Card;
    expect(card).toMatchObject({ data: null, features: null, run: null, evaluation: null, approvals: [] });
    const said = card.limits.join('\n');
    for (const word of ['Intended use', 'Risk', 'Training data', 'Evaluation: none', 'Gate: no verdict']) {
      expect(said).toContain(word);
    }
    const { text } = await get(`${path('bare', '1')}?format=markdown`);
    expect(text).toContain('Never deployed.');
  });

  it.each([
    ['an unknown model', path('none', '1'), 404],
    ['an unknown version', path('full', '7'), 404],
    ['an unknown alias', path('full', '@champion'), 404],
    ['a version that is none', path('full', 'x..y'), 400],
    ['a path trick', path('..%2f..', '1'), 400],
    ['another format', `${path('full', '1')}?format=pdf`, 400],
  ])('answers %s in the error form', async (_name, target, status) => {
    const reply = await get(target);
    expect(reply.status).toBe(status);
    expect(JSON.parse(reply.text).error).toMatchObject({
      code: expect.any(String),
      next: expect.any(String),
    });
  });

  it('is not for programs that only ask for predictions', async () => {
    expect((await get(path('full', '1'), service)).status).toBe(403);
  });
});
