/**
 * Child of one-row.ts: sends one-row requests over kept-alive connections, closed loop (the next request of a
 * connection follows its answer) or open loop (a fixed rate, latency from the moment a request was due). It speaks
 * HTTP by hand, since a generator that costs more than the server it measures would measure itself.
 */
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

export type LoadOrder = {
  url: string;
  bodies: (string | Uint8Array)[];
  /** Header lines of every request, each with its line end; default: JSON. */
  headers?: string;
  connections: number;
  seconds: number;
  /** Closed loop: ends after so many requests, even when the seconds are not over. */
  most?: number;
  rate: number | null;
};
export type LoadResult = {
  requests: number;
  seconds: number;
  failed: number;
  p50: number;
  p99: number;
  cpuMicros: number;
  /** Answers by status, and the latencies of those with 200. */
  statuses: Record<string, number>;
  answered: number;
  answeredP50: number;
  answeredP99: number;
};

type Line = { socket: Socket; busy: boolean; due: number; expected: number; got: number; ok: boolean };

function requestsOf({ url, bodies, headers = 'content-type: application/json\r\n' }: LoadOrder): Buffer[] {
  const { host, pathname } = new URL(url);
  return bodies.map((body) => {
    const bytes = Buffer.from(body as Uint8Array);
    const head = `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\n${headers}content-length: ${bytes.length}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head), bytes]);
  });
}

/** Length of the whole answer that begins in `chunk`. */
function answerLength(chunk: Buffer): number {
  const head = chunk.indexOf('\r\n\r\n');
  const at = chunk.indexOf('ontent-length: ');
  if (head < 0 || at < 0 || at > head)
    throw new Error(`An answer without its length: ${chunk.toString().slice(0, 300)}`);
  return head + 4 + Number.parseInt(chunk.toString('latin1', at + 15, at + 25), 10);
}

async function run(order: LoadOrder): Promise<LoadResult> {
  const requests = requestsOf(order);
  const { hostname, port } = new URL(order.url);
  const latencies: number[] = [];
  const answered: number[] = [];
  const statuses: Record<string, number> = {};
  const most = order.most ?? Number.POSITIVE_INFINITY;
  let failed = 0;
  let next = 0;
  let isOver = false;
  let onFree: (line: Line) => void = () => {};

  const send = (line: Line, due: number) => {
    line.busy = true;
    line.due = due;
    line.expected = 0;
    line.got = 0;
    line.socket.write(requests[next++ % requests.length]);
  };
  const open = () =>
    new Promise<Line>((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      const line: Line = { socket, busy: false, due: 0, expected: 0, got: 0, ok: true };
      socket.on('connect', () => resolve(line)).on('error', reject);
      socket.on('data', (chunk) => {
        if (line.expected === 0) {
          line.expected = answerLength(chunk);
          line.ok = chunk[9] === 0x32;
          if (!line.ok) failed++;
          const status = chunk.toString('latin1', 9, 12);
          statuses[status] = (statuses[status] ?? 0) + 1;
        }
        line.got += chunk.length;
        if (line.got < line.expected) return;
        const latency = performance.now() - line.due;
        latencies.push(latency);
        if (line.ok) answered.push(latency);
        line.busy = false;
        onFree(line);
      });
    });
  const lines = await Promise.all(Array.from({ length: order.connections }, open));
  const cpu = process.cpuUsage();
  const start = performance.now();
  const end = start + order.seconds * 1000;

  await new Promise<void>((resolve) => {
    if (order.rate === null) {
      let finished = 0;
      onFree = (line) => {
        const now = performance.now();
        if (now < end && next < most) send(line, now);
        else if (++finished === lines.length) resolve();
      };
      for (const line of lines) send(line, performance.now());
      return;
    }
    const free = [...lines];
    const gap = 1000 / order.rate;
    let due = start;
    onFree = (line) => void free.push(line);
    const tick = () => {
      const now = performance.now();
      for (; due <= now && due < end && free.length > 0; due += gap) send(free.pop() as Line, due);
      isOver = due >= end && free.length === lines.length;
      if (isOver) resolve();
      // At a low rate the generator sleeps, so that the server has the machine.
      else if (gap > 1.5) setTimeout(tick, 1);
      else setImmediate(tick);
    };
    tick();
  });

  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  for (const { socket } of lines) socket.destroy();
  for (const list of [latencies, answered]) list.sort((a, b) => a - b);
  const quantile = (q: number, of = latencies) => of[Math.min(of.length - 1, Math.floor(q * of.length))];
  const count = latencies.length;
  return {
    requests: count,
    seconds,
    failed,
    p50: quantile(0.5),
    p99: quantile(0.99),
    cpuMicros: (user + system) / count,
    statuses,
    answered: answered.length,
    answeredP50: quantile(0.5, answered),
    answeredP99: quantile(0.99, answered),
  };
}

process.on('message', (order: LoadOrder) => void run(order).then((result) => process.send?.(result)));
process.on('disconnect', () => process.exit(0));
