import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type HoustonClient } from '../src/client/client.ts';
import { startTestHouston } from './houston.ts';
import { pythonOf } from './python.ts';
import { kill } from './separate-server.ts';

const python = pythonOf('main');
const hasLibraries = python.has('lightgbm', 'skops', 'skl2onnx', 'onnxmltools', 'onnxruntime');
const root = join(import.meta.dirname, '..');
const packages = mkdtempSync(join(tmpdir(), 'houston-packages-'));
beforeAll(async () => {
  const program = join(root, 'src', 'domains', 'registry', 'conversion', 'testing', 'packages.py');
  if (hasLibraries) await python.run(program, packages);
}, 600_000);
afterAll(() => rmSync(packages, { recursive: true, force: true }));

type Conversion = { state: string; error: { message: string } | null };
type Version = { servable: boolean; conversion: Conversion | null };

async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (let turn = 0; turn < 6000; turn++) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('It did not happen.');
}

/** Uploads a package and registers it, as clients of model registries do; gives the version's status message. */
async function register(url: string, name: string, token?: string): Promise<string> {
  const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }) };
  const send = async (method: string, path: string, body: string | Buffer) => {
    const type = typeof body === 'string' ? 'application/json' : 'application/octet-stream';
    const init = { method, headers: { ...headers, 'content-type': type }, body: body as string };
    const reply = await fetch(url + path, init);
    expect([path, reply.status]).toEqual([path, 200]);
    return (await reply.json()) as { model_version: { status_message: string } };
  };
  for (const file of readdirSync(join(packages, name))) {
    const bytes = readFileSync(join(packages, name, file));
    await send('PUT', `/api/2.0/mlflow-artifacts/artifacts/models/${name}/${file}`, bytes);
  }
  await send('POST', '/api/2.0/mlflow/registered-models/create', JSON.stringify({ name }));
  const source = `mlflow-artifacts:/models/${name}`;
  const created = await send(
    'POST',
    '/api/2.0/mlflow/model-versions/create',
    JSON.stringify({ name, source }),
  );
  return created.model_version.status_message;
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

describe.skipIf(!hasLibraries)('conversion in a whole server', () => {
  it('goes on when the server is killed, and runs the model once', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'houston-killed-'));
    const port = await freePort();
    const client: HoustonClient = createClient({ url: `http://127.0.0.1:${port}` });
    const serve = async (): Promise<ChildProcess> => {
      const flags = [
        '--port',
        String(port),
        '--grpc-port',
        'off',
        '--data-dir',
        dataDir,
        '--python',
        python.path,
      ];
      const main = join(root, 'src', 'cli', 'main.ts');
      const child = spawn(process.execPath, [main, 'serve', ...flags], { stdio: 'ignore' });
      await until(() => client.get('/api/registry/models').catch(() => undefined));
      return child;
    };
    let child = await serve();
    try {
      await register(client.url, 'slow');
      const version = '/api/registry/models/slow/versions/1';
      await client.post(`${version}/convert`, {});
      const journal = join(packages, 'journal');
      await until(async () => existsSync(journal));
      await kill(child);
      child = await serve();
      const { conversion } = await until(async () => {
        const found = await client.get<Version>(version);
        return ['converted', 'failed'].includes(found.conversion!.state) && found;
      });
      expect(conversion).toMatchObject({ state: 'converted', error: null });
      expect(readFileSync(journal, 'utf8')).toBe('begun\n');
    } finally {
      client.close();
      await kill(child);
      rmSync(dataDir, { recursive: true, force: true });
    }
  }, 600_000);

  it('happens at registration where that is switched on, within what the registrar may do', async () => {
    const houston = await startTestHouston({ conversion: 'auto', python: python.path, auth: true });
    const admin = createClient({ url: houston.url, token: houston.firstToken! });
    try {
      await admin.post('/api/auth/users', { id: 'dev', roles: ['developer'] });
      const { token } = await admin.post<{ token: string }>('/api/auth/users/dev/tokens', {});
      await register(houston.url, 'skops', token);
      const twin = await until(async () => {
        const found = await admin.get<Version>('/api/registry/models/skops/versions/1');
        return found.conversion?.state === 'converted' && found;
      });
      expect(twin.servable).toBe(true);
      expect(await register(houston.url, 'pickle', token)).toContain('pipelines.code');
      expect(await admin.get('/api/registry/models/pickle/versions/1')).toMatchObject({
        servable: false,
        conversion: null,
      });
      const deploy = admin.post('/api/serving/deployments/pickle/deploy', { model: 'pickle' });
      await expect(deploy).rejects.toThrow(/convert it to ONNX first/);
    } finally {
      admin.close();
      await houston.end();
    }
  }, 600_000);
});
