import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawLoans, registerModels } from '../examples/graphs/models.ts';
import { startTestHouston, type TestHouston } from './houston.ts';
import { pythonOf } from './python.ts';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'bin', 'houston.mjs');
const declaration = join(root, 'examples/graphs/houston.yaml');
type Reply = { id: string; model_version: string; outputs: { name: string; data: (number | string)[] }[] };

/** What a person does who puts three models together. */
describe('the example of a graph', () => {
  let houston: TestHouston;
  const folder = mkdtempSync(join(tmpdir(), 'houston-graph-file-'));
  beforeAll(async () => {
    houston = await startTestHouston({ grpcPort: 0 });
    await registerModels(houston.client);
  });
  afterAll(async () => {
    await houston.end();
    rmSync(folder, { recursive: true });
  });

  const cli = async <T>(...args: string[]): Promise<T> => {
    const env = { ...process.env, HOUSTON_URL: houston.url };
    const { stdout } = await promisify(execFile)(process.execPath, [bin, ...args, '--json'], { env });
    return JSON.parse(stdout) as T;
  };
  const { loans, labels } = drawLoans(400, 7);
  const ask = (rows: number[][], id: string) =>
    houston.client.post<Reply>('/v2/models/loans/infer', {
      id,
      inputs: [
        { name: 'channel', datatype: 'BYTES', shape: [rows.length], data: rows.map(() => 'branch') },
        { name: 'features', datatype: 'FP32', shape: [rows.length, 4], data: rows.flat() },
      ],
    });
  const of = (reply: Reply, name: string) => reply.outputs.find((output) => output.name === name)?.data ?? [];

  it('is planned, applied and deployed', async () => {
    const { changes } = await cli<{ changes: object[] }>('plan', declaration);
    expect(changes).toHaveLength(1);
    await cli('apply', declaration);
    await expect.poll(async () => (await fetch(`${houston.url}/v2/models/loans/ready`)).status).toBe(200);
  });

  it('knows who pays late, better than by chance', async () => {
    const late = of(await ask(loans, 'all'), 'late') as number[];
    let wins = 0;
    let pairs = 0;
    for (let i = 0; i < labels.length; i++)
      for (let j = 0; j < labels.length; j++) {
        if (labels[i] !== 1 || labels[j] !== 0) continue;
        pairs++;
        if (late[i] > late[j]) wins++;
      }
    expect(wins / pairs).toBeGreaterThan(0.65);
    const reply = await ask([[30, 39, 24, 25]], 'one');
    expect(of(reply, 'action')).toEqual(['refuse']);
  });

  it('shows the way of a row, its features by their names, and why', async () => {
    const at = loans.findIndex(([, , months]) => months < 6);
    const one = await houston.client.get<{ path: string; features: object }>(
      `/api/serving/predictions/all:${at}`,
    );
    expect(one.path).toBe('risk=fresh.probabilities[1]');
    expect(Object.keys(one.features)).toEqual(['income', 'debt', 'months', 'amount']);
    const { graph } = await cli<{ graph: { nodes: { event: { subject: string } }[] } }>(
      'why',
      `prediction:all:${at}`,
    );
    const subjects = graph.nodes.map(({ event }) => event.subject);
    expect(subjects).toEqual(
      expect.arrayContaining(['model:loans-new/1', 'model:loans-linear/1', 'model:loans-trees/1']),
    );
    expect(subjects).toContain('project:loans');
  });

  it('takes the next graph from a file, through a rollout', async () => {
    const file = join(folder, 'graph.yaml');
    const answer =
      '{ late: score.late, points: { of: score.points, datatype: INT64 }, action: words.action }';
    writeFileSync(
      file,
      `inputs: { channel: string }
nodes:
  linear: { model: loans-linear@champion }
  score: { transform: { late: 'linear.probabilities[1]', points: { round: 'late * 1000' } }, inputs: { late: 'linear.probabilities[1]' } }
  words: { transform: { action: "case when channel = 'web' then 'look at it' else 'pay out' end" } }
outputs: ${answer}
`,
    );
    const rollout = await cli<{ id: string; state: string; challenger: { version: number } }>(
      'deploy',
      '--graph',
      file,
      '--to',
      'loans',
    );
    expect(rollout).toMatchObject({ state: 'shadow', challenger: { version: 2 } });
    const state = async () => {
      for (let i = 0; i < 40; i++) await ask([loans[i]], '');
      return (await houston.client.get<{ state: string }>(`/api/serving/rollouts/${rollout.id}`)).state;
    };
    await expect.poll(state).toBe('promoted');
    expect((await ask([loans[0]], '')).model_version).toBe('2');
  });

  it('puts each model of it into the inventory and onto its card', async () => {
    const card = await houston.client.get<{ deployments: { deployment: string; serves: boolean }[] }>(
      '/api/governance/models/loans-linear/versions/1/card',
    );
    expect(card.deployments).toEqual([
      expect.objectContaining({ deployment: 'loans', serves: false }),
      expect.objectContaining({ deployment: 'loans', serves: true }),
    ]);
  });

  const python = pythonOf('mlserver');
  it.skipIf(!python.has('tritonclient.http', 'tritonclient.grpc'))(
    'answers the unmodified Triton client over HTTP and gRPC',
    async () => {
      const program = join(import.meta.dirname, 'serving', 'triton_graph.py');
      const doors = [
        ['http', houston.url.replace('http://', '')],
        ['grpc', houston.grpc ?? ''],
      ];
      for (const [protocol, url] of doors)
        expect((await python.run(program, protocol, url)).trim()).toBe('fine');
    },
  );
});
