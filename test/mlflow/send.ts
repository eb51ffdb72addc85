import { request } from 'node:http';

export type Reply = { status: number; body: string; json: Record<string, unknown>; type: string };

/** Sends exactly this path: `fetch` would tidy up the dots that these tests are about. */
export function send(
  url: string,
  method: string,
  path: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const type = { 'content-type': 'application/json', ...headers };
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = request({ hostname, port, method, path, headers: { ...type, ...length } }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        let json = {};
        try {
          json = JSON.parse(text);
        } catch {}
        resolve({
          status: reply.statusCode!,
          body: text,
          json,
          type: reply.headers['content-type'] ?? '',
        });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
