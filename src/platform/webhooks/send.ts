import { createHmac } from 'node:crypto';
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { HoustonError } from '../errors.ts';
import { checkAddress, checkUrl } from './hosts.model.ts';

export type Message = {
  /** The same at each attempt, so that a receiver can tell a repetition. */
  id: string;
  body: string;
};

export type SendOptions = {
  url: string;
  secret: string | null;
  /** Hosts that may be called, as configured. */
  hosts: readonly string[];
  /** Headers are PREFIX-Delivery-Id, PREFIX-Timestamp and PREFIX-Signature. */
  headerPrefix: string;
  signal?: AbortSignal;
  timeoutMs?: number;
  /** Resolves names; only tests set it. */
  lookup?: typeof systemLookup;
};

export type Outcome = {
  status: number | null;
  /** What went wrong, in words of this server: nothing of the reply's body. */
  error: string | null;
  retry: boolean;
  /** Milliseconds that the receiver asks to wait. */
  waitMs: number | null;
};

/** `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`. */
export function signature(secret: string, { id, body }: Message, timestamp: string): string {
  return `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

const mostReplyBytes = 64 * 1024;

/**
 * Posts one message. The host is checked against the list, and the connection goes to exactly the network addresses
 * that were checked. Redirects are not followed, proxies not asked, the reply's body thrown away. Never raises for
 * what the receiver does.
 */
export async function send(message: Message, options: SendOptions): Promise<Outcome> {
  try {
    return await post(message, options);
  } catch (error) {
    if (error instanceof HoustonError)
      return { status: null, error: error.message, retry: false, waitMs: null };
    const code = (error as NodeJS.ErrnoException).code ?? (error as Error).name;
    const words =
      code === 'ABORT_ERR' || code === 'AbortError' ? 'no reply in time' : `no connection (${code})`;
    return { status: null, error: words, retry: true, waitMs: null };
  }
}

function post(message: Message, options: SendOptions): Promise<Outcome> {
  const { url, reach } = checkUrl(options.url, options.hosts);
  const timestamp = String(Math.floor(Date.now() / 1000));
  const { headerPrefix: prefix, secret } = options;
  const body = Buffer.from(message.body);
  const late = AbortSignal.timeout(options.timeoutMs ?? 15_000);
  const request = url.protocol === 'https:' ? tlsRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method: 'POST',
      agent: false,
      signal: options.signal ? AbortSignal.any([options.signal, late]) : late,
      lookup: pinned(reach, options.lookup ?? systemLookup),
      headers: {
        'content-type': 'application/json',
        'content-length': body.length,
        'user-agent': 'Houston',
        [`${prefix}-Delivery-Id`]: message.id,
        [`${prefix}-Timestamp`]: timestamp,
        ...(secret !== null && { [`${prefix}-Signature`]: signature(secret, message, timestamp) }),
      },
    });
    sent.on('error', reject);
    sent.on('response', (reply) => {
      const outcome = judge(reply.statusCode ?? 0, reply.headers['retry-after']);
      let size = 0;
      reply.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > mostReplyBytes) reply.destroy();
      });
      reply.on('error', () => resolve(outcome));
      reply.on('close', () => resolve(outcome));
    });
    sent.end(body);
  });
}

/** Resolves once and checks every answer; the socket connects to these answers and asks nobody again. */
function pinned(reach: Parameters<typeof checkAddress>[1], lookup: typeof systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, []);
      try {
        for (const { address } of addresses) checkAddress(address, reach);
      } catch (refused) {
        return callback(refused as NodeJS.ErrnoException, []);
      }
      if (options.all) callback(null, addresses);
      else callback(null, addresses[0]!.address, addresses[0]!.family);
    });
  };
}

function judge(status: number, retryAfter: string | undefined): Outcome {
  if (status >= 200 && status < 300) return { status, error: null, retry: false, waitMs: null };
  const seconds = /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) : null;
  const retry = status === 408 || status === 425 || status === 429 || status >= 500;
  const words = status >= 300 && status < 400 ? ' (redirects are not followed)' : '';
  return {
    status,
    error: `The receiver answered ${status}${words}.`,
    retry,
    waitMs: seconds && seconds * 1000,
  };
}
