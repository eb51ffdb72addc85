import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../../test/databases.ts';
import { pythonOf } from '../../../../test/python.ts';
import { startTestServer, type TestServer } from '../../../../test/server.ts';
import { createClient, type HoustonClient } from '../../../client/client.ts';
import { createLocalEngine } from '../../../platform/engines/local-engine.ts';
import { canonicalJson } from '../../../platform/json.ts';
import { listEvents } from '../../../platform/ledger/index.ts';
import type { Platform } from '../../../platform/platform.ts';
import { type Scope, transact } from '../../../platform/scope.ts';
import { createExperimentsDomain } from '../../experiments/index.ts';
import { renameModel } from '../catalog/models.service.ts';
import { getVersion as getCatalogVersion } from '../catalog/versions.service.ts';
import { createRegistryDomain } from '../index.ts';
import { getVersion, registerVersion } from '../registry.service.ts';
import { registryMigrations } from '../registry.tables.ts';
import { conversionJob } from './conversion-job.ts';
import { getConversion, requestConversion, wireConversion } from './conversions.service.ts';
import { findPython, inspectPython, requirementsText } from './python-environment.ts';

const python = pythonOf('main');
const hasLibraries = python.has('lightgbm', 'skops', 'skl2onnx', 'onnxmltools', 'onnxruntime');
const packages = mkdtempSync(join(tmpdir(), 'houston-packages-'));
beforeAll(async () => {
  if (hasLibraries) await python.run(join(import.meta.dirname, 'testing', 'packages.py'), packages);
}, 600_000);
afterAll(() => rmSync(packages, { recursive: true, force: true }));

/** Registers a package of `packages.py`, as the catalog does with a logged model. */
async function register(scope: Scope, model: string, name: string, flavor = 'sklearn'): Promise<number> {
  const files: Record<string, string> = {};
  for (const file of readdirSync(join(packages, name))) {
    const { digest } = await scope.platform.blobs.put(readFileSync(join(packages, name, file)));
    files[file] = digest;
  }
  const manifest = canonicalJson({ source: name, flavors: [flavor], files });
  const { digest } = await scope.platform.blobs.put(Buffer.from(manifest));
  const signature = { inputs: [], outputs: [], features: null };
  const format = { irVersion: 0, producer: 'mlflow', opsets: [], nodes: 0, operators: {} };
  return transact(scope, async (tx) => {
    const { version } = await registerVersion(tx, { model, digest, flavor, signature, format });
    return version;
  });
}

async function ended(scope: Scope, model: string) {
  for (let look = 0; look < 4800; look++) {
    const row = await getConversion(scope, model, 1);
    if (row.ended_at !== null) return wireConversion(row);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('The conversion did not end.');
}

function build(platform: Platform) {
  const experiments = createExperimentsDomain(platform);
  return { experiments, registry: createRegistryDomain(platform, { experiments }) };
}
type Conversion = ReturnType<typeof wireConversion>;

const as = (scope: Scope, actor: string, ...permissions: string[]): Scope => ({
  ...scope,
  actor,
  permissions: new Set(permissions),
});

describe.skipIf(!hasLibraries)('conversion', () => {
  describeOnEachDatabase('conversion', (open) => {
    let platform: Platform;
    let scope: Scope;
    let engine: ReturnType<typeof createLocalEngine>;
    beforeAll(async () => {
      platform = await open(registryMigrations);
      Object.assign(platform, { config: { ...platform.config, python: python.path } });
      scope = platform.systemScope('user:test');
      engine = createLocalEngine({ folder: join(platform.config.dataDir, 'conversions') });
      platform.jobs.define(conversionJob(() => engine));
      await platform.jobs.start();
    });
    afterAll(() => platform.jobs.stop());

    it('binds a twin to the same version, once, and says how far they are apart', async () => {
      await register(scope, 'booster', 'booster', 'lightgbm');
      const before = await getVersion(scope, 'booster', 1);
      expect(before).toMatchObject({ servable: false, packaged: null });
      const developer = as(scope, 'user:dev', 'registry.write');
      const [first, second] = await Promise.all([
        requestConversion(developer, 'booster', 1),
        requestConversion(developer, 'booster', 'latest'),
      ]);
      expect(second.id).toBe(first.id);
      const found = await ended(scope, 'booster');
      expect(found).toMatchObject({ state: 'converted', error: null, mayRunCode: false });
      expect(found.parity!.maxRelative).toBeLessThan(found.parity!.tolerance);
      expect(found.parity).toMatchObject({ rows: { drawn: 256 }, labelMismatches: 0, form: 'matrix' });
      expect(found.parity!.versions.lightgbm).toMatch(/^4\./);
      const after = await getVersion(scope, 'booster', 1);
      expect(after).toMatchObject({
        version: 1,
        flavor: 'lightgbm',
        servable: true,
        packaged: { digest: before.digest, size: before.size },
        signature: {
          inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 2] }],
          features: ['a', 'b'],
        },
      });
      expect(after.digest).not.toBe(before.digest);
      expect((await getCatalogVersion(scope, 'booster', 1)).statusMessage).toMatch(/twin/);
      expect((await requestConversion(developer, 'booster', 1)).id).toBe(first.id);

      const events = await listEvents(scope, { subject: 'model:booster/1' });
      const [converted, requested] = events.filter(({ type }) => type !== 'registry.version.registered');
      expect(requested).toMatchObject({ type: 'registry.conversion.requested', actor: 'user:dev' });
      expect(converted).toMatchObject({
        type: 'registry.version.converted',
        cause: requested!.id,
        data: { digest: after.digest, packaged: before.digest },
      });
      await renameModel(scope, 'booster', 'renamed');
      expect((await getConversion(scope, 'renamed', 1)).id).toBe(first.id);
    }, 600_000);

    it('keeps a version as it was when no twin says the same', async () => {
      for (const name of ['older', 'climbing']) {
        await register(scope, name, name);
        await requestConversion(scope, name, 1);
        expect((await ended(scope, name)).state).toBe('failed');
        expect(await getVersion(scope, name, 1)).toMatchObject({ servable: false, packaged: null });
      }
      const older = wireConversion(await getConversion(scope, 'older', 1));
      expect(older.error).toMatchObject({ code: 'mismatch' });
      expect(older.error!.message).toContain('0.24.2');
      expect((await getCatalogVersion(scope, 'older', 1)).statusMessage).toMatch(/Recorded only.*0\.24\.2/);
      const [event] = await listEvents(scope, {
        types: ['registry.conversion.failed'],
        subject: 'model:older/1',
      });
      expect(event).toMatchObject({ data: { reason: older.error!.message } });
      const again = await requestConversion(scope, 'older', 1);
      expect(again.id).not.toBe(older.id);
      await ended(scope, 'older');
    }, 600_000);
  });

  describe('over HTTP', () => {
    let server: TestServer<ReturnType<typeof build>>;
    let scope: Scope;
    const clients: Record<string, HoustonClient> = {};
    beforeAll(async () => {
      server = await startTestServer(build, { python: python.path });
      scope = server.platform.systemScope('user:test');
      for (const roles of [['viewer'], ['developer'], ['developer', 'code-runner']]) {
        const id = roles.join('-');
        await server.client.post('/api/auth/users', { id, roles });
        const { token } = await server.client.post<{ token: string }>(`/api/auth/users/${id}/tokens`, {});
        clients[id] = createClient({ url: server.url, token });
      }
    });
    afterAll(async () => {
      for (const client of Object.values(clients)) client.close();
      await server.close();
    });
    const ask = (name: string, who: string) =>
      clients[who]!.post<Conversion>(`/api/registry/models/${name}/versions/1/convert`, {});
    const result = async (name: string, who = 'developer-code-runner') => {
      await register(scope, name, name);
      expect(await ask(name, who)).toMatchObject({
        state: 'queued',
        flavor: 'sklearn',
        actor: `user:${who}`,
      });
      await ended(scope, name);
      return clients.viewer!.get<Conversion & { log: string }>(
        `/api/registry/models/${name}/versions/1/conversion`,
      );
    };

    it('asks for the permission to run code, and needs none for data', async () => {
      await register(scope, 'pickle', 'pickle');
      for (const who of ['viewer', 'developer']) {
        await expect(ask('pickle', who)).rejects.toMatchObject({ code: 'platform.auth.forbidden' });
      }
      expect((await result('skops', 'developer')).state).toBe('converted');
      // A function inside is code that skops names: not for those who may not run any.
      expect((await result('foreign', 'developer')).error).toMatchObject({ code: 'code' });
      await ask('pickle', 'developer-code-runner');
      expect(await ended(scope, 'pickle')).toMatchObject({ state: 'converted', parity: { ranCode: true } });
    }, 600_000);

    it('shows it no secret and caps its memory', async () => {
      process.env.HOUSTON_SECRET_OF_TEST = 'hunter2';
      const { log } = await result('talker').finally(() => delete process.env.HOUSTON_SECRET_OF_TEST);
      expect(log).toContain('HOUSTON_STEP_MANIFEST');
      expect(log).not.toMatch(/hunter2|HOUSTON_DATABASE|TOKEN/);
      expect(log).toContain(`(${8 * 1024 ** 3}, ${8 * 1024 ** 3})`);
      expect((await result('glutton')).error!.message).toMatch(/memory/);
    }, 600_000);

    it('survives its crash and believes no forged result', async () => {
      expect((await result('crasher')).error!.message).toMatch(/SIGABRT/);
      const forged = await result('forger');
      expect(forged).toMatchObject({ state: 'failed', parity: null });
      expect(forged.error!.message).toMatch(/no valid result/);
    }, 600_000);

    it('says what cannot be converted, and where to look', async () => {
      const { digest } = await scope.platform.blobs.put(Buffer.from('{"files":{}}'));
      const signature = { inputs: [], outputs: [], features: null };
      const format = { irVersion: 0, producer: 'mlflow', opsets: [], nodes: 0, operators: {} };
      for (const flavor of ['sklearn', 'prophet']) {
        const input = { model: flavor, digest, flavor, signature, format };
        await transact(scope, (tx) => registerVersion(tx, input));
        await expect(ask(flavor, 'developer')).rejects.toMatchObject({
          code: 'registry.conversion.unsupported',
        });
      }
      await expect(ask('nobody', 'developer')).rejects.toMatchObject({ code: 'registry.model.not_found' });
      await expect(
        clients.viewer!.get('/api/registry/models/prophet/versions/1/conversion'),
      ).rejects.toMatchObject({ code: 'registry.conversion.not_found' });
      const environment = await clients.viewer!.get('/api/registry/conversion');
      expect(environment).toMatchObject({ mode: 'ask', ready: true, requirements: requirementsText() });
    });
  });

  it.each([
    ['off', { conversion: 'off' as const }, 'registry.conversion.off'],
    ['no Python', { python: '/nowhere/python' }, 'registry.conversion.no_python'],
  ])('is refused with %s', async (_name, options, code) => {
    const server = await startTestServer(build, options);
    try {
      await register(server.platform.systemScope('user:test'), 'skops', 'skops');
      const path = '/api/registry/models/skops/versions/1/convert';
      await expect(server.client.post(path, {})).rejects.toMatchObject({ code });
      expect(await server.client.get('/api/registry/conversion')).toMatchObject({ ready: false });
    } finally {
      await server.close();
    }
  });

  it('names the packages that its Python lacks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'houston-bare-python-'));
    await python.run('-m', 'venv', '--without-pip', folder);
    const server = await startTestServer(build, { python: join(folder, 'bin', 'python') });
    const scope = server.platform.systemScope('user:test');
    try {
      await register(scope, 'skops', 'skops');
      await server.client.post('/api/registry/models/skops/versions/1/convert', {});
      const { error } = await ended(scope, 'skops');
      expect(error).toMatchObject({ code: 'missing' });
      expect(error!.message).toMatch(/lacks numpy.*skops/);
      expect(error!.next).toContain('houston models convert --requirements');
    } finally {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 600_000);
});

describe('the Python of conversions', () => {
  it('is the named one, else python3 of the search path', () => {
    expect(findPython({ python: process.execPath })).toBe(process.execPath);
    expect(findPython({ python: '/nowhere/python' })).toBeNull();
    expect(findPython({ python: 'no-such-python' })).toBeNull();
    expect(findPython({ python: null }, { PATH: 'relative' })).toBeNull();
  });

  it('is asked what it has, and may be anything', async () => {
    const pins = requirementsText().match(/^[a-z].*==/gm)!.length;
    for (const wrong of [process.execPath, '/nowhere/python']) {
      const { python: version, packages: found } = await inspectPython({ python: wrong });
      expect(version).toBeNull();
      expect(found).toHaveLength(pins);
    }
  });

  it.skipIf(!hasLibraries)('is locked to what the tests of this project run with', async () => {
    const { packages: found } = await inspectPython({ python: python.path });
    for (const one of found) expect(one).toMatchObject({ found: one.wanted });
  });
});
