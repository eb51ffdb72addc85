import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { TraceHeaders } from '../tracing/trace-context.ts';
import { largeBody, release, roomFor } from './large-bodies.ts';
import { type RequestHead, readPlainHead, takeTraceHeaders } from './request-head.ts';

/** Sends the answer to the request at hand; `headers` are further header lines, each with its line end. */
export type LaneReply = (status: number, type: string, body: string | Buffer, headers?: string) => void;

/** Answers requests with one head. */
export type LaneHandler = {
  answer(body: Buffer, reply: LaneReply, caller: string | undefined, trace: TraceHeaders | undefined): void;
  /** Tells a caller who is not admitted. */
  refuse(error: unknown, reply: LaneReply): void;
  /** Who sends such requests, checked for every one of them; undefined where nobody needs to be known. */
  admit: (() => Promise<string> | string) | undefined;
};

/** Says how requests with this head are answered, or undefined to leave them to the HTTP server. */
export type LaneRoute = (head: RequestHead) => LaneHandler | undefined;

export type FastLane = {
  add(prefix: string, route: LaneRoute): void;
  /** Ends all connections of the lane: idle ones now, the others after their answer. */
  close(): void;
};

const headEnd = Buffer.from('\r\n\r\n');
const nothing = Buffer.alloc(0);
const mostHeadBytes = 8 * 1024;
/** Larger bodies go to the HTTP server; beside their cost its own is nothing. */
const mostBodyBytes = 16 * 1024 * 1024;
const mostWaitingBytes = 256 * 1024;
/** Heads that are remembered; callers repeat theirs, but for the length of the body. */
const mostHeads = 1024;
const patienceMs = 60_000;
const tickMs = 1000;

type Connection = { sweep(): void; close(): void };

/** What the connections of a lane have in common. */
type Lane = {
  readonly keepAliveMs: number;
  readonly connections: Set<Connection>;
  isClosing: boolean;
  /** The present, to the second: a clock that is looked at for every request would cost more than it tells. */
  now: number;
  date: string;
  /** How requests with this head are answered; undefined for those that are not the lane's. */
  open(head: string): Opened | undefined;
  /** Whether a request that begins like this may turn out to be one of the lane's. */
  mayBeOurs(bytes: Buffer): boolean;
  toHttp(socket: Socket): void;
};

type Opened = { length: number; handler: LaneHandler; trace?: TraceHeaders };
type Admission = Promise<string> | string | undefined;

/** A large body on its way: its pieces go where it will be read. Of a caller who is not admitted nothing is kept. */
type Coming = { opened: Opened; admitted: Admission; room: Buffer | undefined; got: number };

/**
 * A short way for the most frequent requests of all. Node's HTTP server and the framework on it cost more than a small
 * model; this lane reads plain requests (see `readPlainHead`) for its routes straight from the socket and writes
 * their answers straight back, in order. The first request on a connection that is not one of them goes, with the
 * connection and every byte unread, to the HTTP server, for good: there is one place where the rest of HTTP is
 * understood, and it is not here.
 */
export function installFastLane(server: Server, keepAliveMs: number): FastLane {
  const [toHttp, ...others] = server.listeners('connection') as ((socket: Socket) => void)[];
  if (!toHttp || others.length > 0) throw new Error('The HTTP server has not one listener for connections.');
  const routes: { prefix: string; bytes: Buffer; route: LaneRoute }[] = [];
  const heads = new Map<string, Opened>();
  const connections = new Set<Connection>();

  const lane: Lane = {
    keepAliveMs,
    connections,
    isClosing: false,
    now: 0,
    date: '',
    toHttp: (socket) => toHttp.call(server, socket),
    open(text) {
      const known = heads.get(text);
      if (known) return known;
      // Headers of traces differ from request to request: heads are remembered without them.
      const taken = takeTraceHeaders(text);
      if (taken) {
        const opened = lane.open(taken.rest);
        return opened && { ...opened, trace: taken.trace };
      }
      const head = readPlainHead(text);
      if (!head || head.length > mostBodyBytes) return undefined;
      const handler = routes.find(({ prefix }) => head.path.startsWith(prefix))?.route(head);
      if (!handler) return undefined;
      if (heads.size >= mostHeads) heads.clear();
      const opened = { length: head.length, handler };
      heads.set(text, opened);
      return opened;
    },
    mayBeOurs: (bytes) =>
      routes.some(({ bytes: start }) => {
        const length = Math.min(start.length, bytes.length);
        return bytes.compare(start, 0, length, 0, length) === 0;
      }),
  };
  const tick = () => {
    lane.now = Date.now();
    lane.date = new Date(lane.now).toUTCString();
    for (const connection of connections) connection.sweep();
  };
  tick();
  const timer = setInterval(tick, tickMs).unref();
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (routes.length === 0) lane.toHttp(socket);
    else attend(lane, socket);
  });
  return {
    add: (prefix, route) => void routes.push({ prefix, bytes: Buffer.from(`POST ${prefix}`), route }),
    close() {
      lane.isClosing = true;
      clearInterval(timer);
      for (const connection of connections) connection.close();
    },
  };
}

/** Reads and answers the requests of one connection, one after the other, until another kind of request comes. */
function attend(lane: Lane, socket: Socket): void {
  let waiting: Buffer | undefined;
  let coming: Coming | undefined;
  let isBusy = false;
  let isReading = false;
  let hasEnded = false;
  /** When the connection began to wait for what it waits for now. */
  let since = lane.now;

  const reply: LaneReply = (status, type, body, headers = '') => {
    if (!isBusy) return;
    isBusy = false;
    since = lane.now;
    if (socket.destroyed) return;
    const isLast = lane.isClosing || (hasEnded && !waiting);
    const flows = writeAnswer(lane, socket, isLast, { status, type, body, headers });
    if (isLast) socket.destroySoon();
    else if (waiting && flows) read();
    else if (waiting) socket.once('drain', read);
  };
  /** Serves what has arrived, one request at a time; a handler that replies at once does not come back in here. */
  const read = () => {
    if (isReading) return;
    isReading = true;
    while (waiting && !isBusy && readNext(waiting));
    isReading = false;
    if (hasEnded && !isBusy) socket.destroySoon();
  };
  /** False when more must arrive first, or the connection is not the lane's any more. */
  const readNext = (bytes: Buffer): boolean => {
    const at = bytes.indexOf(headEnd);
    if (at < 0) {
      if (bytes.length > mostHeadBytes || !lane.mayBeOurs(bytes)) handOver(bytes);
      return false;
    }
    const opened = at <= mostHeadBytes ? lane.open(bytes.toString('latin1', 0, at)) : undefined;
    if (!opened) {
      handOver(bytes);
      return false;
    }
    const end = at + headEnd.length + opened.length;
    if (bytes.length < end) {
      if (opened.length >= largeBody) awaitBody(opened, bytes.subarray(at + headEnd.length));
      return false;
    }
    waiting = bytes.length === end ? undefined : bytes.subarray(end);
    isBusy = true;
    if (socket.isPaused()) socket.resume();
    serve(opened, admission(opened), bytes.subarray(at + headEnd.length, end), reply);
    return true;
  };
  const awaitBody = (opened: Opened, first: Buffer) => {
    waiting = undefined;
    if (socket.isPaused()) socket.resume();
    const one: Coming = { opened, admitted: admission(opened), room: roomFor(opened.length), got: 0 };
    coming = one;
    if (typeof one.admitted === 'object') one.admitted.catch(() => letGo(one));
    receive(one, first);
  };
  const receive = (one: Coming, piece: Buffer) => {
    since = lane.now;
    const { length } = one.opened;
    const end = Math.min(piece.length, length - one.got);
    if (one.room) piece.copy(one.room, one.got, 0, end);
    one.got += end;
    if (end === piece.length) release(piece);
    if (one.got < length) return;
    coming = undefined;
    waiting = end < piece.length ? piece.subarray(end) : undefined;
    isBusy = true;
    serve(one.opened, one.admitted, one.room ?? nothing, reply);
  };
  const onData = (chunk: Buffer) => {
    if (coming) return receive(coming, chunk);
    if (!waiting) since = lane.now;
    waiting = waiting ? Buffer.concat([waiting, chunk]) : chunk;
    if (!isBusy) read();
    else if (waiting.length > mostWaitingBytes) socket.pause();
  };
  const onEnd = () => {
    hasEnded = true;
    if (!isBusy) socket.destroySoon();
  };
  const onError = () => void socket.destroy();
  const onClose = () => {
    lane.connections.delete(connection);
    if (coming) letGo(coming);
  };
  const handOver = (unread: Buffer) => {
    waiting = undefined;
    lane.connections.delete(connection);
    socket.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
    socket.pause();
    socket.unshift(unread);
    lane.toHttp(socket);
    socket.resume();
  };
  const connection: Connection = {
    sweep() {
      if (!isBusy && lane.now - since > (waiting || coming ? patienceMs : lane.keepAliveMs)) socket.destroy();
    },
    close() {
      if (!isBusy && !coming) socket.destroy();
    },
  };
  lane.connections.add(connection);
  socket.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
}

type Answer = { status: number; type: string; body: string | Buffer; headers: string };

/** False when the caller does not keep up with reading. */
function writeAnswer(
  { date, keepAliveMs }: Lane,
  socket: Socket,
  isLast: boolean,
  { status, type, body, headers }: Answer,
): boolean {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const persistence = isLast
    ? 'connection: close'
    : `connection: keep-alive\r\nkeep-alive: timeout=${keepAliveMs / 1000}`;
  const head =
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\nx-content-type-options: nosniff\r\ncontent-type: ${type}\r\n` +
    `content-length: ${length}\r\n${headers}date: ${date}\r\n${persistence}\r\n\r\n`;
  if (typeof body === 'string') return socket.write(head + body, length === body.length ? 'latin1' : 'utf8');
  socket.cork();
  socket.write(head, 'latin1');
  const flows = socket.write(body);
  socket.uncork();
  return flows;
}

/** Gives the memory of a body back that nobody will read. */
function letGo(coming: Coming): void {
  if (coming.room) release(coming.room);
  coming.room = undefined;
}

/** Who sends the request; rejected for those who may not. */
function admission({ handler }: Opened): Admission {
  try {
    return handler.admit?.();
  } catch (error) {
    return Promise.reject(error);
  }
}

function serve({ handler, trace }: Opened, admitted: Admission, body: Buffer, reply: LaneReply): void {
  const { answer, refuse } = handler;
  if (typeof admitted !== 'object') {
    answer(body, reply, admitted, trace);
    return;
  }
  admitted.then(
    (caller) => answer(body, reply, caller, trace),
    (error: unknown) => refuse(error, reply),
  );
}
