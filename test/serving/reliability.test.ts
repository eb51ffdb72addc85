import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { openCluster } from '../private-cluster.ts';
import { freePort, kill, serve } from '../separate-server.ts';
import { type Context, deployHealthy, faults, healthy } from './reliability/faults.ts';
import { talkTo } from './reliability/server.ts';
import type { LoadReport } from './reliability/steady-load.ts';

// The short form of bench/serving/reliability.ts: one round, on a busy machine, with what is possible here.
const noDisk = 'the folder is not a disk of its own';
const perSecond = 15;

/** Steady load on healthy deployments while `work` does its worst; what the callers of the healthy ones saw. */
async function underLoad(
  options: string[],
  work: (context: Omit<Context, 'cluster' | 'disk'>) => Promise<void>,
): Promise<LoadReport> {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-reliability-'));
  const port = await freePort();
  let child: ChildProcess | undefined;
  try {
    child = await serve(dataDir, port, ['--grpc-port', 'off', ...options]);
    const url = `http://127.0.0.1:${port}`;
    const server = talkTo(url, child);
    await deployHealthy(server);
    const load = fork(fileURLToPath(new URL('./reliability/steady-load.ts', import.meta.url)), {
      execArgv: [],
    });
    load.send({
      routes: healthy.map(({ name }) => ({ url: `${url}/v2/models/${name}/infer`, width: 1, perSecond })),
    });
    await wait(1000);
    await work({ server, logs: join(dataDir, 'predictions'), outageSeconds: 6 });
    load.send('stop');
    const [report] = (await once(load, 'message')) as [LoadReport];
    return report;
  } finally {
    if (child) await kill(child);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const chosen = [
  'versions promoted and rolled back',
  'limits and workers changed',
  'processes of a healthy model killed',
  'a model that hangs',
  'a model that takes all memory',
  'a model whose process dies',
  'a challenger that hangs',
];

test.skipIf(process.platform !== 'linux')(
  'what goes wrong beside them fails no request of healthy deployments, and is an incident that closes',
  async () => {
    const report = await underLoad([], async (rest) => {
      const context: Context = { ...rest, cluster: 'SQLite serves', disk: noDisk };
      for (const name of chosen) {
        const fault = faults.find((one) => one.name === name);
        const outcome = await fault?.run(context);
        expect(outcome, `${name}: ${JSON.stringify(outcome)}`).toMatchObject({ ok: true });
      }
      const { server } = rest;
      const isQuiet = async () => (await server.incidents()).every(({ state }) => state === 'resolved');
      expect(await server.until(isQuiet)).toBe(true);
    });
    expect(report.failures).toEqual([]);
    expect(report.requests).toBeGreaterThan(500);
  },
  1_200_000,
);

const cluster = await openCluster();
afterAll(() => {
  if (typeof cluster !== 'string') cluster.remove();
});
if (typeof cluster === 'string') process.stderr.write(`Skipped the outage of the database: ${cluster}.\n`);

test.skipIf(typeof cluster === 'string' || process.platform !== 'linux')(
  'without the database requests are answered; when it is back everything goes on and the outage is an incident',
  async () => {
    if (typeof cluster === 'string') return;
    const report = await underLoad(['--database', cluster.url], async (rest) => {
      const fault = faults.find(({ name }) => name === 'the database stopped');
      expect(await fault?.run({ ...rest, cluster, disk: noDisk })).toMatchObject({ ok: true });
    });
    expect(report.failures).toEqual([]);
    expect(report.requests).toBeGreaterThan(200);
  },
  600_000,
);
