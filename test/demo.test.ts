import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OwnServer, startOwnServer } from '../examples/flights/own-server.ts';
import type { DemoResult } from '../examples/flights/summary.ts';
import { createClient, type HoustonClient } from '../src/client/client.ts';
import { hasPython, runPython } from './python.ts';
import { freePort } from './separate-server.ts';

const bin = join(import.meta.dirname, '..', 'bin', 'houston.mjs');

type File = { digest: string };
type Run = { id: string; state: string; steps: { key: string; outputs: Record<string, unknown> }[] };

describe('the flights demo, one month long', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-demo-'));
  let result: DemoResult;
  let output = '';
  let demo: ChildProcess | undefined;
  let server: OwnServer;
  let client: HoustonClient;

  beforeAll(async () => {
    const port = await freePort();
    const flags = ['demo', '--months', '1', '--share', '5', '--exit', '--json'];
    const child = spawn(process.execPath, [bin, ...flags, '--port', String(port), '--data-dir', dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    demo = child;
    const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    output = printed;
    expect(code, output).toBe(0);
    result = JSON.parse(output.trim().split('\n').at(-1) ?? '') as DemoResult;
    server = await startOwnServer({ port, dataDir, keep: true });
    client = createClient({ url: server.url });
  }, 1_800_000);
  afterAll(async () => {
    client?.close();
    demo?.kill();
    await server?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('serves every request', () => {
    expect(result.requests).toBeGreaterThan(10_000);
    expect(result.failed_requests).toBe(0);
  });

  it('refuses the spoiled batch, the model of shuffled labels and the slow model', () => {
    expect(result.batches_refused).toBe(1);
    expect(result.gate_refusals).toBe(1);
    expect(result.rollbacks).toBe(1);
  });

  it('notices the storms of February and heals', () => {
    expect(result.drift_events).toBeGreaterThan(0);
    expect(result.incidents_opened).toBeGreaterThan(0);
    expect(result.retrainings).toBeGreaterThan(0);
    expect(result.versions_registered).toBeGreaterThanOrEqual(4);
    expect(result.promotions).toBeGreaterThanOrEqual(1);
  });

  it('leaves a ledger that verifies and explains', async () => {
    expect(result.ledger_verified).toBe(true);
    const graph = await client.get<{ nodes: { event: { type: string } }[] }>('/api/ledger/why', {
      subject: 'deployment:flights-delay',
      limit: 500,
    });
    const types = new Set(graph.nodes.map((node) => node.event.type));
    for (const type of ['registry.gate.passed', 'governance.approval.granted', 'data.version.created']) {
      expect(types).toContain(type);
    }
    const { items } = await client.get<{ items: { id: string }[] }>(
      '/api/serving/deployments/flights-delay/predictions',
      { limit: 1 },
    );
    const one = await client.get<{ graph: { nodes: unknown[] } }>(
      `/api/serving/predictions/${encodeURIComponent(items[0].id)}/why`,
    );
    expect(one.graph.nodes.length).toBeGreaterThan(5);
  });

  it.skipIf(!hasPython('pandas', 'pyarrow', 'sklearn'))(
    'trains trees within 0.005 AUC of scikit-learn on the same split',
    async () => {
      const { items } = await client.get<{ items: { id: string }[] }>('/api/pipelines/runs', {
        pipeline: 'flights-training',
        limit: 100,
      });
      const run = await client.get<Run>(`/api/pipelines/runs/${items.at(-1)?.id}`);
      const outputs = Object.fromEntries(run.steps.map((step) => [step.key, step.outputs]));
      const path = ({ digest }: File) => join(dataDir, 'blobs', digest.slice(7, 9), digest.slice(7));
      const { train, test } = outputs.split as { train: File; test: File };
      const reference = JSON.parse(
        await runPython(join(import.meta.dirname, 'sklearn_auc.py'), path(train), path(test), '120'),
      ) as { auc: number; rows: number };
      const { auc } = (outputs.evaluate as { metrics: { auc: number } }).metrics;
      expect(reference.rows).toBeGreaterThan(100_000);
      expect(auc).toBeGreaterThan(reference.auc - 0.005);
      expect(auc).toBeLessThan(reference.auc + 0.005);
    },
    600_000,
  );
});
