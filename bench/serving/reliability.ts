/**
 * Reliability: steady load on healthy deployments from another process, while versions are promoted and rolled back,
 * limits and workers changed, processes killed, the database stopped, the disk of the prediction log filled, and models
 * that hang, leak, die and give no numbers deployed beside. Prints what failed (nothing may), each fault with its
 * incident, and the memory of the server. See README.md.
 *
 *   node bench/serving/reliability.ts [--minutes 10] [--rate 40]
 */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openCluster } from '../../test/private-cluster.ts';
import { freePort } from '../../test/separate-server.ts';
import { deployHealthy, faults, healthy } from '../../test/serving/reliability/faults.ts';
import { type Incident, mountSmallDisk, talkTo } from '../../test/serving/reliability/server.ts';
import type { LoadReport } from '../../test/serving/reliability/steady-load.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, rate: { type: 'string', default: '40' } },
});
const minutes = Number(values.minutes);
const perSecond = Number(values.rate);
const say = (text: string) =>
  console.log(`${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}`);
const began = Date.now();

const dataDir = mkdtempSync('/tmp/houston-reliability-');
const logs = join(dataDir, 'predictions');
mkdirSync(logs);
const disk = mountSmallDisk(logs, 256);
const cluster = await openCluster();
if (typeof disk === 'string') say(`skipped: the full disk (${disk})`);
if (typeof cluster === 'string') say(`skipped: the stopped database (${cluster}); SQLite serves`);
const port = await freePort();
const output = openSync(join(dataDir, 'server.log'), 'a');
const child = spawn(
  process.execPath,
  [
    // As people start it: the launcher also says how memory is given back.
    fileURLToPath(new URL('../../bin/houston.mjs', import.meta.url)),
    ...['serve', '--port', String(port), '--grpc-port', 'off', '--data-dir', dataDir, '--log', 'info'],
    ...(typeof cluster === 'string' ? [] : ['--database', cluster.url]),
  ],
  { stdio: ['ignore', output, output] },
);
const url = `http://127.0.0.1:${port}`;
const server = talkTo(url, child);
let problems = 0;
try {
  if (!(await server.until(async () => (await fetch(`${url}/health`)).ok)))
    throw new Error(`the server does not start; see ${dataDir}/server.log`);

  await deployHealthy(server);
  const load = fork(fileURLToPath(new URL('../../test/serving/reliability/steady-load.ts', import.meta.url)));
  load.send({
    routes: healthy.map(({ name }) => ({ url: `${url}/v2/models/${name}/infer`, width: 1, perSecond })),
  });
  await wait(5000);
  // What is being let go comes and goes; what stays is the least of each round.
  const leastOfRounds = [server.residentMb()];
  let least = Number.POSITIVE_INFINITY;
  const sampling = setInterval(() => {
    least = Math.min(least, server.residentMb());
  }, 500);
  say(
    `load runs: ${healthy.length} × ${perSecond} requests a second; the server holds ${leastOfRounds[0]} MB`,
  );

  const end = began + minutes * 60_000;
  const ends = () => Date.now() > end;
  const context = { server, cluster, disk, logs, outageSeconds: 20 };
  const outcomes: { name: string; ok: boolean; text: string }[] = [];
  let round = 0;
  do {
    round++;
    for (const fault of faults) {
      if (round > 1 && ends()) break;
      const outcome = await fault.run(context).catch((error: Error) => ({ ok: false, text: error.message }));
      if (outcome === 'skipped') continue;
      outcomes.push({ name: fault.name, ...outcome });
      say(`${outcome.ok ? 'ok  ' : 'FAIL'} ${fault.name}: ${outcome.text}`);
    }
    leastOfRounds.push(least);
    say(`round ${round}: the server holds ${least} MB at least`);
    least = Number.POSITIVE_INFINITY;
  } while (!ends());

  // Quiet faults heal after half a minute.
  await server.until(async () => (await server.incidents()).every(({ state }) => state === 'resolved'));
  await wait(2000);
  clearInterval(sampling);
  const after = server.residentMb();
  const processes = server.modelProcesses().length;
  load.send('stop');
  const [report] = (await once(load, 'message')) as [LoadReport];
  const incidents = await server.incidents();
  console.log(`\nincidents (${incidents.length})`);
  for (const one of incidents.reverse()) console.log(`  ${lineOf(one)}`);
  const open = incidents.filter(({ state }) => state !== 'resolved');
  for (const failure of report.failures) console.log('  failed:', JSON.stringify(failure));
  const failedFaults = outcomes.filter(({ ok }) => !ok);
  problems = report.failed + open.length + failedFaults.length;
  console.log(`machine load ${loadavg()[0].toFixed(2)}`);
  console.log(
    JSON.stringify({
      seconds: Math.round((Date.now() - began) / 1000),
      requests: report.requests,
      failed: report.failed,
      unrecorded: report.unrecorded,
      p50Ms: Number(report.p50.toFixed(2)),
      p99Ms: Number(report.p99.toFixed(2)),
      slowestMs: Math.round(report.slowest),
      faults: outcomes.length,
      faultsUnseen: failedFaults.length,
      incidents: incidents.length,
      incidentsOpen: open.length,
      leastMb: leastOfRounds,
      residentMb: after,
      processes,
    }),
  );
} finally {
  child.kill('SIGTERM');
  await Promise.race([once(child, 'exit'), wait(20_000)]);
  child.kill('SIGKILL');
  if (typeof disk !== 'string') disk.unmount();
  if (typeof cluster !== 'string') cluster.remove();
  if (problems === 0) rmSync(dataDir, { recursive: true, force: true });
  else console.log(`the server's log: ${dataDir}/server.log`);
}
process.exit(problems === 0 ? 0 : 1);

function lineOf({ rule, deployment, severity, state, openedAt, resolvedAt, reason }: Incident): string {
  const seconds = resolvedAt ? Math.round((Date.parse(resolvedAt) - Date.parse(openedAt)) / 1000) : null;
  const time = seconds === null ? `still ${state}` : `closed after ${seconds} s`;
  return `${rule.padEnd(16)} ${(deployment ?? 'the server').padEnd(12)} ${severity.padEnd(6)} ${time.padEnd(20)} ${reason.slice(0, 110)}`;
}
