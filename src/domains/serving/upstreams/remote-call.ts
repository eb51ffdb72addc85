import { servingError } from '../serving.errors.ts';

/** A refusal of the remote server that is about the request, not about the server: it does not open the circuit. */
export class RemoteRefusal extends Error {}

const mostReplyBytes = 64 * 1024 * 1024;

/**
 * Asks a remote server and reads its reply as JSON. No redirects are followed, the reply's size is bounded, and
 * nothing of it but the status goes into an error.
 * @throws RemoteRefusal for 4xx; Error for everything that is the server's own fault, time-outs included
 */
export async function callRemote(
  url: string,
  timeoutMs: number,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
): Promise<unknown> {
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
    ...(body !== undefined && {
      method: 'POST',
      body: JSON.stringify(body, (_key, value) => (typeof value === 'bigint' ? Number(value) : value)),
      headers: { ...headers, 'content-type': 'application/json' },
    }),
  }).catch((error: Error) => {
    throw new Error(
      error.name === 'TimeoutError'
        ? `The upstream did not answer within ${timeoutMs} ms.`
        : 'The upstream cannot be reached.',
    );
  });
  const text = await readText(response);
  const isRefusal = response.status >= 400 && response.status < 500 && response.status !== 429;
  if (isRefusal) throw new RemoteRefusal(`The upstream refused the request with status ${response.status}.`);
  if (!response.ok) throw new Error(`The upstream answered with status ${response.status}.`);
  try {
    return text.trim() === '' ? null : JSON.parse(text);
  } catch {
    throw new Error('The upstream answered with something that is not JSON.');
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > mostReplyBytes) throw new Error('The answer of the upstream is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Checks that the operator has allowed the origin of an upstream. @throws serving.upstream.not_allowed */
export function checkOrigin(url: string, allowed: readonly string[]): void {
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username !== '' || parsed.search !== '') {
    throw servingError('serving.upstream.not_allowed', 'This is not the address of an upstream.');
  }
  if (allowed.includes(parsed.origin)) return;
  throw servingError(
    'serving.upstream.not_allowed',
    `This server may not call ${parsed.origin}; it calls only what its operator names.`,
  );
}
