/**
 * Child of grpc.ts: sends ModelInfer calls over kept-alive HTTP/2 connections, one call at a time on each, in a closed
 * loop or at a fixed rate. It writes and reads frames by hand, since a gRPC library costs more than the servers that it
 * would measure; a call is good when it has a message and ends with its stream.
 */
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { LoadResult } from './load.ts';

export type GrpcOrder = {
  /** HOST:PORT */
  address: string;
  /** Encoded ModelInferRequest messages. */
  messages: Uint8Array[];
  connections: number;
  seconds: number;
  rate: number | null;
};

const frame = { data: 0, headers: 1, settings: 4, ping: 6, goaway: 7, windowUpdate: 8 };
const endStream = 1;
const headBytes = 9;
/** As much as one may announce: replies are then never held up. */
const window = 0x7fff_ffff;

function frameOf(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(headBytes + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, headBytes);
  return bytes;
}

/** Header fields without any table: each a literal with its name and value as plain texts. */
function headerBlock(fields: Record<string, string>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(fields)) {
    parts.push(Buffer.from([0, name.length]), Buffer.from(name));
    parts.push(Buffer.from([value.length]), Buffer.from(value));
  }
  return Buffer.concat(parts);
}

function opening(): Buffer {
  const settings = Buffer.alloc(12);
  settings.writeUInt16BE(4, 0);
  settings.writeUInt32BE(window, 2);
  // No table, so that whatever the server writes needs none.
  settings.writeUInt16BE(1, 6);
  const more = Buffer.alloc(4);
  more.writeUInt32BE(window - 65_535);
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frameOf(frame.settings, 0, 0, settings),
    frameOf(frame.windowUpdate, 0, 0, more),
  ]);
}

type Line = { socket: Socket; stream: number; due: number; hasMessage: boolean };

async function run(order: GrpcOrder): Promise<LoadResult> {
  const [host, port] = order.address.split(':');
  const head = headerBlock({
    ':method': 'POST',
    ':scheme': 'http',
    ':path': '/inference.GRPCInferenceService/ModelInfer',
    ':authority': order.address,
    te: 'trailers',
    'content-type': 'application/grpc',
    'user-agent': 'bench',
  });
  const calls = order.messages.map((message) => {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    return Buffer.concat([
      frameOf(frame.headers, 4, 0, head),
      frameOf(frame.data, endStream, 0, Buffer.concat([prefix, message])),
    ]);
  });
  const dataAt = headBytes + head.length;
  const latencies: number[] = [];
  let failed = 0;
  let next = 0;
  let onFree: (line: Line) => void = () => {};

  const send = (line: Line, due: number) => {
    line.due = due;
    line.stream += 2;
    line.hasMessage = false;
    const bytes = Buffer.from(calls[next++ % calls.length]);
    bytes.writeUInt32BE(line.stream, 5);
    bytes.writeUInt32BE(line.stream, dataAt + 5);
    line.socket.write(bytes);
  };
  const take = (line: Line, type: number, flags: number, stream: number, payload: Buffer) => {
    if (type === frame.settings && (flags & 1) === 0) {
      line.socket.write(frameOf(frame.settings, 1, 0, Buffer.alloc(0)));
    } else if (type === frame.ping && (flags & 1) === 0) {
      line.socket.write(frameOf(frame.ping, 1, 0, payload));
    } else if (type === frame.goaway)
      throw new Error(`The server has gone away: ${payload.toString('latin1')}`);
    if (stream === 0 || stream !== line.stream) return;
    if (type === frame.data && payload.length > 0) line.hasMessage = true;
    if ((type !== frame.data && type !== frame.headers) || (flags & endStream) === 0) return;
    latencies.push(performance.now() - line.due);
    if (!line.hasMessage) failed++;
    onFree(line);
  };
  const open = () =>
    new Promise<Line>((resolve, reject) => {
      const socket = connect({ host, port: Number(port), noDelay: true });
      const line: Line = { socket, stream: -1, due: 0, hasMessage: false };
      let rest: Buffer | undefined;
      socket.on('error', reject).on('connect', () => {
        socket.write(opening());
        resolve(line);
      });
      socket.on('data', (chunk) => {
        const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
        let at = 0;
        while (bytes.length - at >= headBytes) {
          const end = at + headBytes + bytes.readUIntBE(at, 3);
          if (end > bytes.length) break;
          take(
            line,
            bytes[at + 3],
            bytes[at + 4],
            bytes.readUInt32BE(at + 5),
            bytes.subarray(at + headBytes, end),
          );
          at = end;
        }
        rest = at === bytes.length ? undefined : bytes.subarray(at);
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
        if (now < end) send(line, now);
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
      if (due >= end && free.length === lines.length) resolve();
      else setTimeout(tick, 1);
    };
    tick();
  });
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  for (const { socket } of lines) socket.destroy();
  latencies.sort((a, b) => a - b);
  const count = latencies.length;
  const quantile = (q: number) => latencies[Math.min(count - 1, Math.floor(q * count))];
  const [p50, p99] = [quantile(0.5), quantile(0.99)];
  const answered = count - failed;
  return {
    requests: count,
    seconds,
    failed,
    p50,
    p99,
    cpuMicros: (user + system) / count,
    statuses: { OK: answered },
    answered,
    answeredP50: p50,
    answeredP99: p99,
  };
}

process.on('message', (order: GrpcOrder) => void run(order).then((result) => process.send?.(result)));
process.on('disconnect', () => process.exit(0));
