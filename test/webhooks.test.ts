import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';

async function startServer(dataDir: string): Promise<{ child: ChildProcess; url: string }> {
  const program = join(import.meta.dirname, '../bin/houston.mjs');
  const flags = ['--port', '0', '--grpc-port', 'off', '--webhook-hosts', 'http://localhost:*', '--json'];
  const child = spawn(process.execPath, [program, 'serve', ...flags, '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
  return { child, url: (JSON.parse(line) as { url: string }).url };
}

it('a killed server delivers after its restart what it owed, with the same ids and in order', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-test-'));
  const seen: { id: string; name: string; answered: boolean }[] = [];
  let answers = false;
  const receiver = createServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { data } = JSON.parse(Buffer.concat(chunks).toString()) as { data: { name: string } };
      seen.push({
        id: String(request.headers['x-mlflow-delivery-id']),
        name: data.name,
        answered: answers,
      });
      if (answers) reply.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const hook = `http://localhost:${(receiver.address() as AddressInfo).port}/`;
  const post = async (url: string, path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const reply = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(reply.ok, await reply.clone().text()).toBe(true);
    return (await reply.json()) as { id: string };
  };
  let server = await startServer(dataDir);
  try {
    const events = ['registered_model.created'];
    const made = { name: 'hook', url: hook, events, secret: 'not a real secret' };
    const { id } = await post(server.url, '/api/registry/webhooks', made);
    for (const name of ['first', 'second', 'third']) {
      await post(server.url, '/api/2.0/mlflow/registered-models/create', { name });
    }
    await expect.poll(() => seen.length).toBe(1);
    server.child.kill('SIGKILL');
    await once(server.child, 'exit');
    answers = true;
    server = await startServer(dataDir);
    await expect.poll(() => seen.filter(({ answered }) => answered).length).toBe(3);
    expect(seen.map(({ name }) => name)).toEqual(['first', 'first', 'second', 'third']);
    expect(seen[1]!.id).toBe(seen[0]!.id);
    expect(new Set(seen.map((one) => one.id)).size).toBe(3);
    const log = await fetch(`${server.url}/api/registry/webhooks/${id}/deliveries`);
    const text = await log.text();
    expect(text).not.toContain('not a real secret');
    const { items } = JSON.parse(text) as { items: { id: string; state: string; attempts: number }[] };
    await expect
      .poll(async () => {
        const reply = await fetch(`${server.url}/api/registry/webhooks/${id}/deliveries`);
        return ((await reply.json()) as { items: { state: string }[] }).items.map(({ state }) => state);
      })
      .toEqual(['delivered', 'delivered', 'delivered']);
    await post(server.url, `/api/registry/webhooks/${id}/deliveries/${items[0]!.id}/replay`, {});
    await expect.poll(() => seen.length).toBe(5);
    expect(seen[4]!.id).toBe(items[0]!.id);
  } finally {
    server.child.kill('SIGKILL');
    receiver.closeAllConnections();
    receiver.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}, 600_000);
