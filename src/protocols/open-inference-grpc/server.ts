import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { HoustonError } from '../../platform/errors.ts';
import { createCall, type GrpcCall } from './call.ts';
import type { Message } from './message-reader.ts';
import { type Failure, status } from './status.ts';

/** Answers the calls of one method. */
export type Handler = (call: GrpcCall) => void;

export type Listener = { readonly port: number; close(): Promise<void> };

/** Messages up to this size, as REST bodies. */
const mostBytes = 64 * 1024 * 1024;
/** Calls under way on one connection; further ones wait at the client. */
const mostStreams = 1000;
/** What a client may send of one call, and of all calls of a connection, before it hears that it was read. */
const streamWindow = 1024 * 1024;
const connectionWindow = 8 * 1024 * 1024;
/** Megabytes that one connection may hold; beyond them its new calls are refused. */
const mostSessionMemory = 128;
const keepAliveMs = 60_000;
const graceMs = 2000;

/**
 * A gRPC server on Node's HTTP/2: framing, status, deadlines and compression of the calls are in `createCall`. A
 * library for all of gRPC costs as much again for every call as HTTP/2 itself. `methods` are by their full path.
 * @throws platform.port.in_use
 */
export async function listenGrpc(
  methods: ReadonlyMap<string, Handler>,
  host: string,
  port: number,
): Promise<Listener> {
  const server = createServer({
    maxSessionMemory: mostSessionMemory,
    settings: { maxConcurrentStreams: mostStreams, initialWindowSize: streamWindow, enablePush: false },
  });
  const sessions = new Set<ServerHttp2Session>();
  server.on('connection', (socket: Socket) => {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.setLocalWindowSize(connectionWindow);
    session.on('close', () => sessions.delete(session));
    // What is no HTTP/2, or a client that goes away: the session is closed, and that is all.
    session.on('error', () => session.destroy());
  });
  server.on('stream', (stream, headers) => {
    if (headers[':method'] !== 'POST' || !isGrpc(headers['content-type'])) {
      stream.on('error', () => {});
      stream.respond({ ':status': 415 }, { endStream: true });
      stream.resume();
      return;
    }
    const call = createCall(stream, headers, mostBytes);
    const handler = methods.get(headers[':path'] ?? '');
    if (handler) handler(call);
    else call.fail({ code: status.UNIMPLEMENTED, details: 'This server does not have this method.' });
  });
  await bind(server, host, port);
  return { port: (server.address() as AddressInfo).port, close: () => close(server, sessions) };
}

/** Answers calls of one message with one message; what `answer` throws becomes the status that `fail` makes of it. */
export function unary(
  answer: (message: Buffer, call: GrpcCall) => Promise<Buffer>,
  fail: (error: unknown) => Failure,
): Handler {
  return (call) => {
    let only: Message | undefined;
    let count = 0;
    const failed = (error: unknown) => call.fail(fail(error));
    const run = (bytes: Buffer) => {
      try {
        answer(bytes, call).then(call.answer, failed);
      } catch (error) {
        failed(error);
      }
    };
    const onMessage = (message: Message) => {
      only = message;
      count++;
    };
    call.read(onMessage, () => {
      if (!only || count > 1) {
        call.fail({ code: status.INVALID_ARGUMENT, details: 'A call of this method has one message.' });
        return;
      }
      if (only.isCompressed) call.unpack(only).then(run, failed);
      else run(only.bytes);
    });
  };
}

const isGrpc = (type: string | undefined) => type !== undefined && /^application\/grpc(?:[+;]|$)/.test(type);

function bind(server: Http2Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') reject(error);
      else {
        reject(
          new HoustonError('platform.port.in_use', `Another program listens on port ${port} of ${host}.`, {
            status: 409,
            next: 'Stop it, or choose another port for gRPC with --grpc-port (off: no gRPC).',
          }),
        );
      }
    });
    server.listen(port, host, resolve);
  });
}

/** Lets the calls under way end, for a moment. */
function close(server: Http2Server, sessions: ReadonlySet<ServerHttp2Session>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      for (const session of sessions) session.destroy();
    }, graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    for (const session of sessions) session.close();
  });
}
