import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text as readText } from 'node:stream/consumers';

/** An error reply of the server: its code, sentence and next step. `status` 0 means that nobody answered. */
export class HoustonReplyError extends Error {
  readonly status: number;
  readonly code: string;
  readonly next: string;
  readonly details: Record<string, unknown> | undefined;

  constructor(
    status: number,
    body: { code: string; message: string; next?: string; details?: Record<string, unknown> },
  ) {
    super(body.message);
    this.name = 'HoustonReplyError';
    this.status = status;
    this.code = body.code;
    this.next = body.next ?? '';
    this.details = body.details;
  }
}

export type ClientOptions = {
  /** Default: `HOUSTON_URL`, else http://127.0.0.1:1969. */
  url?: string;
  /** Bearer token; default `HOUSTON_TOKEN`. */
  token?: string;
  timeoutMs?: number;
};

export type Query = Record<string, string | number | boolean | undefined>;
export type Body = Record<string, unknown> | readonly unknown[] | Uint8Array;

/** Talks JSON with a Houston server over kept-alive connections. */
export type HoustonClient = {
  readonly url: string;
  get<T>(path: string, query?: Query): Promise<T>;
  post<T>(path: string, body?: Body, options?: SendOptions): Promise<T>;
  put<T>(path: string, body?: Body, options?: SendOptions): Promise<T>;
  delete<T>(path: string): Promise<T>;
  /** Raw bytes of a reply, for downloads. */
  download(path: string): Promise<Buffer>;
  /** The same server as another user. */
  as(token: string): HoustonClient;
  close(): void;
};

export type SendOptions = { query?: Query; contentType?: string };

const defaultUrl = 'http://127.0.0.1:1969';

export function createClient(options: ClientOptions = {}): HoustonClient {
  const url = (options.url ?? process.env.HOUSTON_URL ?? defaultUrl).replace(/\/+$/, '');
  const token = options.token ?? process.env.HOUSTON_TOKEN;
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const timeout = options.timeoutMs ?? 120_000;

  const send = async (method: string, path: string, body?: Body, sending: SendOptions = {}) => {
    const target = addressOf(url, path);
    for (const [key, value] of Object.entries(sending.query ?? {})) {
      if (value !== undefined) target.searchParams.set(key, String(value));
    }
    const bytes =
      body === undefined ? undefined : body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
    const headers: Record<string, string> = { accept: 'application/json' };
    if (bytes) {
      headers['content-type'] = sending.contentType ?? 'application/json';
      headers['content-length'] = String(bytes.byteLength);
    }
    if (token) headers.authorization = `Bearer ${token}`;
    const reply = await exchange(target, { method, headers, timeout, agent }, bytes);
    if ((reply.statusCode ?? 0) >= 400) throw await toError(reply);
    return reply;
  };
  const json = async <T>(reply: IncomingMessage): Promise<T> => {
    const text = await readText(reply);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };

  return {
    url,
    get: async (path, query) => json(await send('GET', path, undefined, { query })),
    post: async (path, body, sending) => json(await send('POST', path, body, sending)),
    put: async (path, body, sending) => json(await send('PUT', path, body, sending)),
    delete: async (path) => json(await send('DELETE', path)),
    async download(path) {
      const chunks: Buffer[] = [];
      for await (const chunk of await send('GET', path)) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    },
    as: (other) => createClient({ ...options, url, token: other }),
    close: () => agent.destroy(),
  };
}

function addressOf(url: string, path: string): URL {
  if (/^https?:\/\//.test(url) && URL.canParse(url + path)) return new URL(url + path);
  throw new HoustonReplyError(0, {
    code: 'client.server.address_invalid',
    message: `"${url}" is no address of a server.`,
    next: 'Write it as http://HOST:PORT, with --url or HOUSTON_URL.',
  });
}

type Exchange = { method: string; headers: Record<string, string>; timeout: number; agent: Agent };

function exchange(url: URL, options: Exchange, body: Uint8Array | undefined): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:';
  const { agent, ...rest } = options;
  return new Promise((resolve, reject) => {
    const unreachable = (error: Error) =>
      reject(
        new HoustonReplyError(0, {
          code: 'client.server.unreachable',
          message: `No Houston answers at ${url.origin}: ${error.message || (error as NodeJS.ErrnoException).code}.`,
          next: 'Start one with "npx houston serve", or name its address with --url or HOUSTON_URL.',
        }),
      );
    const request = secure ? httpsRequest(url, rest, resolve) : httpRequest(url, { ...rest, agent }, resolve);
    request.on('error', unreachable);
    request.on('timeout', () => request.destroy(new Error('no reply in time')));
    request.end(body);
  });
}

async function toError(reply: IncomingMessage): Promise<HoustonReplyError> {
  const text = await readText(reply);
  const status = reply.statusCode ?? 0;
  try {
    const { error } = JSON.parse(text) as { error: string | { code: string; message: string; next: string } };
    if (typeof error === 'string')
      return new HoustonReplyError(status, { code: 'inference', message: error });
    return new HoustonReplyError(status, error);
  } catch {
    return new HoustonReplyError(status, {
      code: 'client.reply.unreadable',
      message: `The server replied ${status}.`,
    });
  }
}
