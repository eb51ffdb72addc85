/**
 * The table of runs and the charts over HTTP: 100,000 runs that each carry 100 metrics, 80 params and 20 tags, and one
 * metric of 1,000,000 points. Prints milliseconds and bytes of each answer, first cold, then again.
 *
 *   node bench/tracking/runs-table.ts [runs] [points]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '../../src/client/client.ts';
import { startHouston } from '../../src/main.ts';
import { readConfig } from '../../src/platform/config.ts';
import { createLogger } from '../../src/platform/log.ts';
import { seedPoints, seedRuns } from './seed-runs.ts';

const runs = Number(process.argv[2] ?? 100_000);
const points = Number(process.argv[3] ?? 1_000_000);
const dataDir = mkdtempSync(join(tmpdir(), 'houston-bench-'));
const houston = await startHouston(readConfig({ port: 0, dataDir }, {}), { log: createLogger('error') });
const client = createClient({ url: houston.url });
const { id: long } = await client.post<{ id: string }>('/api/experiments/runs', { experiment: 'long' });
await client.post('/api/experiments/runs', { experiment: 'wide' });
const { items } = await client.get<{ items: { id: number; name: string }[] }>('/api/experiments');
const experimentId = items.find(({ name }) => name === 'wide')!.id;
await seedPoints(houston.platform.db, long, 'loss', points);
await seedRuns(houston.platform.db, { experimentId, runs, metrics: 100, params: 80, tags: 20 });

async function ask(what: string, path: string, body?: Record<string, unknown>): Promise<string> {
  const started = performance.now();
  const reply = await fetch(houston.url + path, {
    ...(body && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  const text = await reply.text();
  const took = `${(performance.now() - started).toFixed(0)} ms`;
  console.log(what.padEnd(44), String(reply.status), took.padStart(9), `${text.length} B`.padStart(11));
  return text;
}

const named = (kind: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${kind}s.${kind}_${String(at + 1).padStart(3, '0')}`);
const columns = named('metric', 20);
const all = [...named('metric', 100), ...named('param', 80), ...named('tag', 20)];
const window = '/api/experiments/wide/runs/window';
const order = 'metrics.metric_007 DESC';
for (const round of ['cold', 'again']) {
  console.log(`\n${round}: ${runs} runs × ${all.length} columns`);
  await ask('first hundred rows, 20 columns', window, { columns });
  await ask('first hundred rows, 200 columns', window, { columns: all });
  const sorted = await ask('by a metric', window, { columns, order });
  const { snapshot } = JSON.parse(sorted) as { snapshot: string };
  await ask('by a metric, jump to the middle', window, { columns, order, snapshot, offset: runs / 2 });
  await ask('by a metric, next window', window, { columns, order, snapshot, offset: runs / 2 + 100 });
  await ask('by a param', window, { columns, order: 'params.param_007 ASC' });
  await ask('filter by a metric and a param', window, {
    columns,
    filter: "metrics.metric_001 > 0.9 AND params.param_002 = '3'",
  });
  await ask('children below their parents', window, { columns, nested: true });
  await ask('groups by a param, two metrics', '/api/experiments/wide/runs/groups', {
    by: 'params.param_003',
    metrics: ['metric_001', 'metric_002'],
  });
  await ask(`a metric of ${points} points`, '/api/experiments/metrics/curves', { runs: [long], key: 'loss' });
  await ask('keys of the columns (counted so far)', '/api/experiments/wide/columns');
}
client.close();
await houston.close();
rmSync(dataDir, { recursive: true, force: true });
