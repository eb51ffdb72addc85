import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { type Reply, send } from './send.ts';

let own: TestHouston;
beforeAll(async () => {
  own = await startTestHouston();
});
afterAll(() => own?.end());

const rest = async (path: string, body: object) =>
  (await send(own.url, 'POST', `/api/2.0/mlflow/${path}`, JSON.stringify(body))).json;
const ask = (query: string, variables: object = {}): Promise<Reply> =>
  send(own.url, 'POST', '/graphql', JSON.stringify({ query, variables }));

describe('GraphQL for pages of tracking servers', () => {
  it('answers the queries that pages send', async () => {
    const { experiment_id: experimentId } = await rest('experiments/create', { name: 'queries' });
    const { run } = (await rest('runs/create', { experiment_id: experimentId, start_time: 5 })) as {
      run: { info: { run_id: string } };
    };
    const runId = run.info.run_id;
    for (const [step, value] of [0.5, 'NaN'].entries()) {
      await rest('runs/log-metric', { run_id: runId, key: 'loss', value, timestamp: 1, step });
    }
    await rest('registered-models/create', { name: 'm' });
    await rest('model-versions/create', { name: 'm', source: 'https://example.com/m', run_id: runId });
    const one = await ask(
      `query GetRun($data: MlflowGetRunInput!) @component(name: "X") {
        mlflowGetRun(input: $data) {
          apiError { code }
          run { info { runId startTime status } experiment { name } modelVersions { name version status } }
        }
        mlflowGetMetricHistoryBulkInterval(input: { runIds: ["${runId}"], metricKey: "loss" }) {
          metrics { step value runId }
        }
        mlflowListArtifacts(input: { runId: "${runId}" }) { rootUri files { path } }
        mlflowSearchModelVersions(input: { filter: "name='m'", maxResults: 5 }) { modelVersions { name } }
      }`,
      { data: { runId } },
    );
    expect(one.status).toBe(200);
    expect(one.json).toMatchObject({
      data: {
        mlflowGetRun: {
          apiError: null,
          run: {
            info: { runId, startTime: '5', status: 'RUNNING' },
            experiment: { name: 'queries' },
            modelVersions: [{ name: 'm', version: '1', status: 'READY' }],
          },
        },
        mlflowGetMetricHistoryBulkInterval: {
          metrics: [
            { step: '0', value: 0.5, runId },
            { step: '1', value: null, runId },
          ],
        },
        mlflowSearchModelVersions: { modelVersions: [{ name: 'm' }] },
      },
    });
    const searched = await ask(
      `mutation { mlflowSearchRuns(input: { experimentIds: ["${experimentId}"] }) { runs { info { runId } } }
        mlflowSearchDatasets(input: { experimentIds: ["${experimentId}"] }) { datasetSummaries { name } } }`,
    );
    expect(searched.json).toEqual({
      data: {
        mlflowSearchRuns: { runs: [{ info: { runId } }] },
        mlflowSearchDatasets: { datasetSummaries: [] },
      },
    });
    const query = `{mlflowGetExperiment(input:{experimentId:"${experimentId}"}){experiment{name tags{key}}}}`;
    const got = await send(own.url, 'GET', `/graphql?query=${encodeURIComponent(query)}`);
    expect(got.json).toEqual({
      data: { mlflowGetExperiment: { experiment: { name: 'queries', tags: [] } } },
    });
  });

  it('tells what a caller did wrong without a 5xx', async () => {
    const unknown = await ask('{ mlflowGetRun(input: { runId: "nope" }) { run { info { runId } } } }');
    expect(unknown.status).toBe(200);
    expect(unknown.json).toMatchObject({ errors: [{ extensions: { code: 'RESOURCE_DOES_NOT_EXIST' } }] });
    for (const query of ['{', '{ nothing }', '{ mlflowGetRun { run { secret } } }', 7, undefined]) {
      const reply = await send(own.url, 'POST', '/graphql', JSON.stringify({ query }));
      expect(reply.status, String(query)).toBe(400);
    }
    expect((await send(own.url, 'POST', '/graphql', '{"query":"{__typename}","variables":[1]}')).status).toBe(
      400,
    );
  });

  const field = 'mlflowGetExperiment(input: { experimentId: "0" }) { experiment { name } }';
  const list = (n: number, make: (i: number) => string) =>
    Array.from({ length: n }, (_, i) => make(i)).join(' ');
  it.each([
    ['aliases', `{ ${list(11, (i) => `a${i}: ${field}`)} }`],
    [
      'aliases in fragments',
      `{ ...A ...B } fragment A on Query { ${list(6, (i) => `a${i}: ${field}`)} } fragment B on Query { ${list(6, (i) => `b${i}: ${field}`)} }`,
    ],
    ['root fields', `{ ${list(11, () => field)} }`],
    ['depth', `{ ${'a { '.repeat(11)} b ${'} '.repeat(11)} }`],
    ['fields', `{ mlflowGetRun { ${list(1001, () => 'run { info { runId } }')} } }`],
    ['tokens', `{ ${'a '.repeat(5000)} }`],
    [
      'doubling fragments',
      `{ ...F0 } ${list(30, (i) => `fragment F${i} on Query { a { ...F${i + 1} } b { ...F${i + 1} } }`)}`,
    ],
    ['fragments in a circle', '{ ...A } fragment A on Query { mlflowGetRun { ...A } }'],
    [
      'depth of introspection',
      `{ __schema { types { fields { type { ${'ofType { '.repeat(9)} name ${'} '.repeat(9)} } } } } }`,
    ],
  ])('refuses too many %s', async (_what, query) => {
    const before = process.cpuUsage();
    const reply = await ask(query);
    expect(reply.status).toBe(400);
    expect(reply.body).toContain('refused');
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(2000);
  });

  it('refuses a large body', async () => {
    const reply = await ask(
      `{ mlflowGetRun(input: { runId: "${'x'.repeat(200_000)}" }) { run { info { runId } } } }`,
    );
    expect(reply.status).toBe(400);
  });
});

describe('GraphQL with login', () => {
  it('answers nobody, not even what it could', async () => {
    const guarded = await startTestHouston({ auth: true });
    try {
      const body = JSON.stringify({ query: '{ __schema { queryType { name } } }' });
      expect((await send(guarded.url, 'POST', '/graphql', body)).status).toBe(401);
      const headers = { authorization: `Bearer ${guarded.firstToken}` };
      expect((await send(guarded.url, 'POST', '/graphql', body, headers)).status).toBe(200);
    } finally {
      await guarded.end();
    }
  });
});
