/** Child of reliability.ts: one-row requests at a steady rate to each route, and what became of them. */
import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';

export type LoadReport = {
  requests: number;
  failed: number;
  /** Replies whose record the disk refused; the answers themselves are good. */
  unrecorded: number;
  p50: number;
  p99: number;
  slowest: number;
  /** The first failures, with the second in which they came. */
  failures: { at: number; route: string; status: number; text: string }[];
};

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const latencies: number[] = [];
const report: LoadReport = {
  requests: 0,
  failed: 0,
  unrecorded: 0,
  p50: 0,
  p99: 0,
  slowest: 0,
  failures: [],
};
const began = performance.now();
let underWay = 0;

function send(url: string, width: number): void {
  const data = Array.from({ length: width }, () => Math.random());
  const body = JSON.stringify({
    inputs: [{ name: 'features', datatype: 'FP32', shape: [1, width], data }],
  });
  const start = performance.now();
  underWay++;
  const done = (status: number, text: string) => {
    underWay--;
    report.requests++;
    latencies.push(performance.now() - start);
    if (/"recorded":\s*false/.test(text)) report.unrecorded++;
    if (status === 200) return;
    report.failed++;
    if (report.failures.length < 20)
      report.failures.push({
        at: Math.round((performance.now() - began) / 1000),
        route: url.split('/').at(-2) ?? url,
        status,
        text: text.slice(0, 300),
      });
  };
  const message = request(
    url,
    { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
    (reply) => {
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (chunk: string) => {
        text += chunk;
      });
      reply.on('end', () => done(reply.statusCode ?? 0, text));
      reply.on('error', (error) => done(0, error.message));
    },
  );
  message.on('error', (error) => done(0, error.message));
  message.end(body);
}

type Order = { routes: { url: string; width: number; perSecond: number }[] } | 'stop';
const timers: NodeJS.Timeout[] = [];
process.on('message', async (order: Order) => {
  if (order !== 'stop') {
    for (const { url, width, perSecond } of order.routes)
      timers.push(setInterval(() => send(url, width), 1000 / perSecond));
    return;
  }
  for (const timer of timers) clearInterval(timer);
  const deadline = performance.now() + 20_000;
  while (underWay > 0 && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 50));
  latencies.sort((a, b) => a - b);
  const quantile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
  process.send?.({ ...report, p50: quantile(0.5), p99: quantile(0.99), slowest: latencies.at(-1) ?? 0 }, () =>
    process.exit(0),
  );
});
process.on('disconnect', () => process.exit(0));
