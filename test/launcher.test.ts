import { execFile } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stampOf } from '../bin/stamp.mjs';

const run = promisify(execFile);

describe('what the launcher runs', () => {
  let root: string;
  const inputs = ['src/cli/main.ts', 'src/other.ts'];
  const at = (path: string) => join(root, path);
  const launched = async () => (await run(process.execPath, [at('bin/houston.mjs')])).stdout.trim();

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'houston-launcher-'));
    cpSync(join(import.meta.dirname, '..', 'bin'), at('bin'), { recursive: true });
    for (const folder of ['src/cli', 'dist/server']) mkdirSync(at(folder), { recursive: true });
    writeFileSync(at('src/cli/main.ts'), "const from: string = 'sources';\nconsole.log(from);\n");
    writeFileSync(at('src/other.ts'), 'export const one = 1;\n');
    writeFileSync(at('dist/server/main.cjs'), "console.log('bundle');\n");
    const stamps = Object.fromEntries(inputs.map((path) => [path, stampOf(at(path))]));
    writeFileSync(at('dist/server/inputs.json'), JSON.stringify(stamps));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('is the bundle while its sources are as they were', async () => {
    expect(await launched()).toBe('bundle');
  });

  it('is the sources where there is no bundle', async () => {
    rmSync(at('dist'), { recursive: true });
    expect(await launched()).toBe('sources');
  });

  it('is the sources where building the bundle was broken off', async () => {
    rmSync(at('dist/server/inputs.json'));
    expect(await launched()).toBe('sources');
    writeFileSync(at('dist/server/inputs.json'), '{"src/cli');
    expect(await launched()).toBe('sources');
  });

  it.each([
    ['has grown', (path: string) => appendFileSync(path, '// more\n')],
    ['was written again, newer', (path: string) => utimesSync(path, 2e9, 2e9)],
    ['was written again, older', (path: string) => utimesSync(path, 1e9, 1e9)],
    ['is gone', (path: string) => rmSync(path)],
  ])('is the sources when one of them %s', async (_name, change) => {
    change(at('src/other.ts'));
    expect(await launched()).toBe('sources');
  });
});
