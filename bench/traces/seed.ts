/** Fills a database with traces as exporters would, and tells how fast; then searches it. `node bench/traces/seed.ts [traces] [postgres-url]` */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { NewSpan } from '../../src/domains/experiments/index.ts';
import { startHouston } from '../../src/main.ts';
import { readConfig } from '../../src/platform/config.ts';
import { createLogger } from '../../src/platform/log.ts';

const total = Number(process.argv[2] ?? 100_000);
const database = process.argv[3];
const spansPerTrace = 10;
const dataDir = mkdtempSync(join(tmpdir(), 'houston-bench-traces-'));
const houston = await startHouston(readConfig({ port: 0, dataDir, ...(database && { database }) }, {}), {
  log: createLogger('error'),
});
const scope = houston.platform.systemScope('system:bench');
const { tracking } = houston.domains.experiments;
const words = 'agent answers question about refund policy shipping delay invoice customer order'.split(' ');
const hex = (number: number, size: number) => number.toString(16).padStart(size, '0');

function spansOf(number: number): NewSpan[] {
  const startNs = 1_700_000_000_000_000_000n + BigInt(number) * 1_000_000_000n;
  return Array.from({ length: spansPerTrace }, (_, i): NewSpan => {
    const text = Array.from(
      { length: 40 },
      (_, w) => words[(number * 7 + i * 3 + w * w) % words.length],
    ).join(' ');
    return {
      traceId: `tr-${hex(number + 1, 32)}`,
      id: hex(number * spansPerTrace + i + 1, 16),
      parentId: i === 0 ? null : hex(number * spansPerTrace + 1, 16),
      name: i === 0 ? 'request' : number % 5000 === 7 && i === 3 ? `rare-${number % 7}` : `step ${i}`,
      startNs: startNs + BigInt(i) * 1000n,
      endNs: startNs + BigInt(i + 1 + (number % 500)) * 1_000_000n,
      status: number % 50 === 0 && i === 2 ? 'ERROR' : 'OK',
      statusMessage: '',
      attributes: {
        'mlflow.spanType': i === 0 ? 'AGENT' : i % 3 === 0 ? 'LLM' : 'TOOL',
        'mlflow.spanInputs': {
          question: number % 20_000 === 111 && i === 4 ? `${text} needle ${number}` : text,
        },
        'mlflow.spanOutputs': text.toUpperCase(),
        'gen_ai.request.model': `model-${number % 5}`,
        ...(i % 3 === 0 && { 'gen_ai.usage.input_tokens': 100n, 'gen_ai.usage.output_tokens': 20n }),
      },
      events: [],
      links: [],
      resource: { 'service.name': 'bench' },
    };
  });
}

const here = await tracking.createExperiment(scope, { name: 'bench' });
const elsewhere = await tracking.createExperiment(scope, { name: 'elsewhere' });
const started = performance.now();
const perBatch = 50;
for (let from = 0; from < total; from += perBatch) {
  const batch = Array.from({ length: Math.min(perBatch, total - from) }, (_, i) => spansOf(from + i)).flat();
  await tracking.recordSpans(scope, batch, { experimentId: from % (perBatch * 10) === 0 ? elsewhere : here });
}
const seconds = (performance.now() - started) / 1000;
console.log(
  `${total * spansPerTrace} spans in ${seconds.toFixed(1)} s: ${Math.round((total * spansPerTrace) / seconds)} spans/s`,
);
if (database) await houston.platform.db.executeQuery({ sql: 'analyze', parameters: [] } as never);

const searches: [string, object][] = [
  ['newest 100', {}],
  ['status = ERROR (none)', { filter: "status = 'ERROR'" }],
  ['span.name rare', { filter: "span.name = 'rare-3'" }],
  ['span.name common', { filter: "span.name = 'step 3'" }],
  ['span.name none', { filter: "span.name = 'nobody'" }],
  ['span.status = ERROR', { filter: "span.status = 'ERROR'" }],
  ['common name and rare status', { filter: "span.name = 'step 2' AND span.status = 'ERROR'" }],
  ['span.name LIKE none', { filter: "span.name LIKE '%nobody%'" }],
  ['text common', { filter: "trace.text LIKE '%refund%'" }],
  ['text rare', { filter: "trace.text LIKE '%needle%'" }],
  ['text none', { filter: "trace.text LIKE '%nowhere to be found%'" }],
  [
    'text rare, small experiment',
    { filter: "trace.text LIKE '%nowhere to be found%'", experimentIds: [elsewhere] },
  ],
  ['attribute', { filter: "span.attributes.`gen_ai.request.model` = 'model-3'" }],
  ['attribute none', { filter: "span.attributes.`gen_ai.request.model` = 'none'" }],
  ['tag none', { filter: "tags.nothing = 'x'" }],
  ['feedback none', { filter: "feedback.good = 'x'" }],
  ['by duration', { orderBy: ['execution_time_ms DESC'] }],
];
for (const [name, search] of searches) {
  const times: number[] = [];
  let rows = 0;
  let stall = 0;
  for (let i = 0; i < 3; i++) {
    let tick = performance.now();
    const beat = setInterval(() => {
      const now = performance.now();
      stall = Math.max(stall, now - tick);
      tick = now;
    }, 1);
    const from = performance.now();
    const page = await tracking.searchTraces(scope, { experimentIds: [here], maxResults: 100, ...search });
    times.push(performance.now() - from);
    rows = page.traces.length;
    await new Promise((resolve) => setTimeout(resolve, 5));
    clearInterval(beat);
  }
  const median = times.sort((a, b) => a - b)[1]!;
  console.log(
    `${name.padEnd(32)} ${median.toFixed(1).padStart(9)} ms  ${String(rows).padStart(4)} rows  longest stall ${stall.toFixed(0)} ms`,
  );
}
const from = performance.now();
let deep: string | undefined;
let pages = 0;
do {
  const page = await tracking.searchTraces(scope, {
    experimentIds: [here],
    maxResults: 500,
    pageToken: deep,
  });
  deep = page.next;
  pages++;
} while (deep && pages < 100);
console.log(`${pages} pages of 500: ${((performance.now() - from) / pages).toFixed(1)} ms each`);
const figures: [string, Parameters<typeof tracking.queryFigures>[1]][] = [
  [
    'latency percentiles',
    {
      view: 'TRACES',
      metric: 'latency',
      aggregations: [{ type: 'PERCENTILE', percentile: 95 }],
      dimensions: [],
      filters: [],
      experimentIds: [here],
      maxResults: 1000,
    },
  ],
  [
    'spans by type',
    {
      view: 'SPANS',
      metric: 'span_count',
      aggregations: [{ type: 'COUNT' }],
      dimensions: ['span_type'],
      filters: [],
      experimentIds: [here],
      maxResults: 1000,
    },
  ],
];
for (const [name, request] of figures) {
  const at = performance.now();
  await tracking.queryFigures(scope, request);
  console.log(`figures, ${name}: ${(performance.now() - at).toFixed(0)} ms`);
}
console.log(`memory: ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`);
await houston.close();
rmSync(dataDir, { recursive: true, force: true });
